"""Uploads that outlast a run of the page."""

import io
import zipfile
from typing import Any

import pytest

from core.errors import ReadError
from core.scoring.folders import pairs
from pages.ui.keeping import Folder
from pages.ui.stored import Stored, store, store_each
from tests.pages.test_uploads import Upload

NIFTI = b"\x5c\x01\0\0" + b"\0" * 340 + b"n+1\0"


def stored(*files: Upload) -> Stored:
    given: Any = files
    return store(given, "prediction")


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as pack:
        for name in names:
            pack.writestr(name, NIFTI)
    return packed.getvalue()


def entries(kept: Stored) -> list[str]:
    return sorted(path.name for path in kept.source.iterdir())


def test_the_files_of_a_zip_are_cases() -> None:
    assert entries(stored(Upload("masks.zip", zipped("masks/a.nii", "masks/b.nii")))) == ["a.nii", "b.nii"]


def test_folders_in_an_uploaded_folder_are_cases() -> None:
    kept = stored(Upload("masks/one/seg.nii", NIFTI), Upload("masks/two/seg.nii", NIFTI))
    assert entries(kept) == ["one", "two"]
    other = stored(Upload("truth/one/mask.nii", NIFTI), Upload("truth/two/mask.nii", NIFTI))
    assert [pair.case for pair in pairs(kept.source, other.source)] == ["one", "two"]


def test_names_from_the_browser_lead_nowhere_else() -> None:
    kept = stored(Upload("masks/../../up.nii", NIFTI), Upload("/etc/down.nii", NIFTI))
    inside = [path for path in kept.folder.path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in inside) == ["down.nii", "up.nii"]
    assert not (kept.folder.path.parent / "up.nii").exists()


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(ReadError, match=r"Two files of the prediction are called a\.nii"):
        stored(Upload("a.nii", NIFTI), Upload("a.nii", NIFTI))


def test_what_was_not_used_is_counted() -> None:
    kept = stored(Upload("a.nii", NIFTI), Upload("b.nii", NIFTI), Upload("notes.txt", b"x"))
    assert kept.count == 3
    assert kept.unused({kept.source / "a.nii", kept.source / "b.nii", None}) == 1


def test_readers_may_send_files_of_one_name() -> None:
    kept, given = Folder(), [Upload("mask.nii", b"p"), Upload("mask.nii", b"q")]
    files: Any = given
    paths = store_each(files, kept, "labels")
    assert [path.name for path in paths] == ["mask.nii", "mask.nii"]
    assert [path.read_bytes() for path in paths] == [b"p", b"q"]
