"""Which files are taken for one case, in folders and in zips as people have them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ReadError
from core.scoring.batch import pairs, score_all, unpacked
from core.scoring.folders import LeftOut, left_out, left_out_words
from tests.core.imaging.dicom_files import write_series
from tests.core.scoring.files import write_labels


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def picture(path: Path, value: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.zeros((9, 13), np.uint8)
    labels[2:5, 3:7] = value
    Image.fromarray(labels).save(path)
    return path


def packed(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w") as pack:
        for file in sorted(folder.rglob("*")):
            pack.write(file, file.relative_to(folder))
    return path


def test_names_match_whatever_their_endings_in_natural_order(tmp_path: Path) -> None:
    ours = touch(tmp_path / "p", "case10.nii.gz", "case2.seg.nrrd", "case1.dcm", "notes.txt", ".hidden.nii")
    theirs = touch(tmp_path / "r", "case1.mha", "case10.nii", "case2.png", "Thumbs.db")
    found = pairs(ours, theirs)
    assert [pair.case for pair in found] == ["case1", "case2", "case10"]
    assert [(pair.predicted.name, pair.reference.name) for pair in found if pair.predicted and pair.reference] == [
        ("case1.dcm", "case1.mha"), ("case2.seg.nrrd", "case2.png"), ("case10.nii.gz", "case10.nii"),
    ]  # fmt: skip


def test_what_only_one_folder_holds_is_a_pair_with_a_gap(tmp_path: Path) -> None:
    found = pairs(touch(tmp_path / "p", "a.nii", "b.nii"), touch(tmp_path / "r", "b.nii", "c.nii"))
    assert [(pair.case, pair.predicted is None, pair.reference is None) for pair in found] == [
        ("a", False, True), ("b", False, False), ("c", True, False),
    ]  # fmt: skip


def test_a_folder_of_pictures_is_one_case_and_a_folder_of_notes_is_none(tmp_path: Path) -> None:
    for slice_name in ("s1.png", "s2.png"):
        picture(tmp_path / "p" / "anna" / slice_name)
    touch(tmp_path / "p", "notes/readme.txt")
    write_labels(tmp_path / "r" / "anna.nii.gz")
    (pair,) = pairs(tmp_path / "p", tmp_path / "r")
    assert (pair.case, pair.predicted, pair.reference) == (
        "anna", tmp_path / "p" / "anna", tmp_path / "r" / "anna.nii.gz",
    )  # fmt: skip


def test_a_folder_of_dicom_slices_is_one_mask(tmp_path: Path) -> None:
    for name in ("p", "r"):
        write_series(tmp_path / name, np.zeros((3, 7, 9), np.int16))
    (pair,) = pairs(tmp_path / "p", tmp_path / "r")
    assert (pair.predicted, pair.reference) == (tmp_path / "p", tmp_path / "r")


def test_a_dicom_segmentation_is_a_case_of_its_own(tmp_path: Path) -> None:
    for name in ("p", "r"):
        (tmp_path / name).mkdir()
        for case in ("a.dcm", "b.dcm"):
            uid = b"1.2.840.10008.5.1.4.1.1.66.4\0"
            (tmp_path / name / case).write_bytes(bytes(128) + b"DICM\x02\0\x02\0UI" + bytes([len(uid), 0]) + uid)
    assert [pair.case for pair in pairs(tmp_path / "p", tmp_path / "r")] == ["a", "b"]


def test_a_zip_of_masks_becomes_a_folder_of_them(tmp_path: Path) -> None:
    for name in ("inner/a.nii.gz", "inner/b.nrrd", "inner/c/1.nii"):
        write_labels(tmp_path / "made" / name)
    touch(tmp_path / "made", "inner/readme.txt", "__MACOSX/inner/._a.nii.gz")
    pack = packed(tmp_path / "labels.zip", tmp_path / "made")
    (tmp_path / "work").mkdir()
    folder = unpacked(pack, tmp_path / "work")
    assert folder.name == "labels"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "a.nii.gz", "b.nrrd", "c/1.nii", "readme.txt",
    }  # fmt: skip
    assert (folder / "a.nii.gz").read_bytes() == (tmp_path / "made" / "inner" / "a.nii.gz").read_bytes()
    again = unpacked(pack, tmp_path / "work")
    assert [pair.case for pair in pairs(folder, again)] == ["a", "b", "c"]


def test_a_zip_of_one_mask_stays_packed(tmp_path: Path) -> None:
    write_labels(tmp_path / "one" / "a.nii.gz")
    touch(tmp_path / "one", "readme.txt")
    write_series(tmp_path / "many", np.zeros((3, 7, 9), np.int16))
    (tmp_path / "work").mkdir()
    for name in ("one", "many"):
        pack = packed(tmp_path / f"{name}.zip", tmp_path / name)
        assert unpacked(pack, tmp_path / "work") == pack
    assert not list((tmp_path / "work").iterdir())


def test_what_is_no_zip_is_left_alone(tmp_path: Path) -> None:
    mask = write_labels(tmp_path / "a.nii.gz")
    for source in (mask, tmp_path, tmp_path / "nothing.zip"):
        assert unpacked(source, tmp_path) == source


def test_a_zip_that_leads_outside_or_repeats_a_name_is_refused(tmp_path: Path) -> None:
    mask = write_labels(tmp_path / "a.nii")
    for names, words in ((("a.nii", "../b.nii"), "leads outside"), (("x\\a.nii", "x/a.nii", "b.nii"), "two files")):
        pack = tmp_path / "labels.zip"
        with zipfile.ZipFile(pack, "w") as file:
            for name in names:
                file.write(mask, name)
        with pytest.raises(ReadError, match=words):
            unpacked(pack, tmp_path)
    assert not (tmp_path.parent / "b.nii").exists()
    assert [path.name for path in tmp_path.glob("*.nii")] == ["a.nii"]


def test_a_mask_and_a_cohort_do_not_match(tmp_path: Path) -> None:
    mask = write_labels(tmp_path / "p" / "a.nii")
    with pytest.raises(ReadError, match="a file and the other a folder"):
        pairs(mask, tmp_path / "p")
    with pytest.raises(ReadError, match="No file in p has the name of one in r"):
        pairs(tmp_path / "p", touch(tmp_path / "r", "other.nii"))
    with pytest.raises(ReadError, match=r"r holds two files of case a: a.mha and a.nrrd"):
        pairs(tmp_path / "p", touch(tmp_path / "r", "a.nrrd", "a.mha"))


def test_a_header_is_read_with_the_voxels_beside_it(tmp_path: Path) -> None:
    for side in ("mine", "truth"):
        write_labels(tmp_path / side / "case1.mhd", (2, slice(3, 6)))
    found = pairs(tmp_path / "mine", tmp_path / "truth")
    assert [pair.case for pair in found] == ["case1"]
    assert [row.problem for row in score_all(found)] == [""]


def test_what_is_left_out_of_a_folder_is_named_in_natural_order(tmp_path: Path) -> None:
    folder = touch(tmp_path / "p", "a.nii", "x10.jpg", "x2.jpg", "readme.txt", ".DS_Store", "notes/plan.txt")
    write_labels(folder / "b.mhd")  # its voxels lie in b.raw, or b.zraw
    touch(folder, "alone.raw")
    assert [file.name for file in left_out(folder)] == ["alone.raw", "notes", "readme.txt", "x2.jpg", "x10.jpg"]


def test_nothing_is_left_out_of_one_mask(tmp_path: Path) -> None:
    write_series(tmp_path / "p", np.zeros((3, 7, 9), np.int16))
    assert left_out(tmp_path / "p") == ()
    assert left_out(write_labels(tmp_path / "a.nii")) == ()


def test_it_is_said_why_pictures_are_left_out(tmp_path: Path) -> None:
    assert left_out_words([]) == ""
    assert left_out_words([LeftOut("readme.txt")]) == "1 file left out: readme.txt."
    blurred = left_out_words([LeftOut("x.JPG", "prediction"), LeftOut("readme.txt", "reference")])
    assert blurred.startswith("2 files left out: x.JPG (prediction), readme.txt (reference).")
    assert blurred.endswith(
        "A mask cannot be read exactly from a JPEG, which blurs its borders: save it as PNG or NIfTI."
    )
    assert left_out_words([LeftOut("y.tif")]).endswith("Pictures are read from PNG only: save masks as PNG or NIfTI.")
    assert "x11.txt, x12.txt and 3 more." in left_out_words([LeftOut(f"x{k}.txt") for k in range(1, 16)])


def test_folders_that_do_not_match_say_what_was_left_out(tmp_path: Path) -> None:
    ours, theirs = touch(tmp_path / "p", "a.jpg"), touch(tmp_path / "r", "a.nii")
    with pytest.raises(
        ReadError, match=r"as in case1\.nii\. 1 file left out: a\.jpg \(prediction\)\. A mask cannot be read exactly"
    ):
        pairs(ours, theirs)
