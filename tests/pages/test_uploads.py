"""Uploaded files on the disk, for as long as they are read."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import ReadError
from pages.ui import uploads
from pages.ui.uploads import read_uploads


class Upload:
    """A file as the browser sends it."""

    def __init__(self, name: str, content: bytes = b"x") -> None:
        self.name, self.content = name, content

    def getbuffer(self) -> memoryview:
        return memoryview(self.content)


def read(*files: Upload) -> dict[str, bytes]:
    stored: Any = files
    return read_uploads(stored, lambda paths: {f"{k} {path.name}": path.read_bytes() for k, path in enumerate(paths)})


def test_files_of_one_name_do_not_overwrite_each_other() -> None:
    found = read(
        Upload("a/1", b"p"), Upload("a/2", b"q"), Upload("b/1", b"r"), Upload("b/2", b"s"), Upload("1/2", b"t")
    )
    assert found == {"0 1": b"p", "1 2": b"q", "2 1": b"r", "3 2": b"s", "4 2": b"t"}


def test_a_file_may_be_called_as_a_folder_beside_it() -> None:
    assert read(Upload("study"), Upload("study/1.dcm")) == {"0 study": b"x", "1 1.dcm": b"x"}


def test_a_very_long_name_keeps_its_ending() -> None:
    (name,) = read(Upload("肝臓" * 200 + ".nii.gz"))
    assert name.endswith(".nii.gz")


@pytest.mark.parametrize("name", ["../../escape.nii", "/etc/passwd", "C:\\\\scans\\ct.nii", "..", "a\x00b.nii", ""])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    stored: Any = [Upload(name)]
    roots = read_uploads(stored, lambda paths: [path.resolve().parents[1].name for path in paths])
    assert roots[0].startswith("lobule-upload-")


def test_the_copies_are_gone_afterwards() -> None:
    stored: Any = [Upload("ct.nii")]
    (path,) = read_uploads(stored, lambda paths: paths)
    assert not path.exists()


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads.Path, "write_bytes", full)
    with pytest.raises(ReadError, match=r"No space left on device.*Free some space"):
        read(Upload("ct.nii"))
