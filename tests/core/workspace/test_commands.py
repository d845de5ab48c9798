"""``propagate`` and ``batch`` from arguments to files, on a CT whose object is bright."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from core import __main__ as cli
from core.segmentation import weights
from core.workspace import objects
from tests.core.segmentation.bright import SPACING, Bright, block, bright_volume

BODY, SECOND = block(10, 12, 18, 24), block(20, 30, 26, 36)
BOX = ("6", "8", "10", "20", "26")  # slice 6, rows 8–19, columns 10–25


@pytest.fixture(autouse=True)
def bright(monkeypatch: pytest.MonkeyPatch) -> Bright:
    model = Bright()
    monkeypatch.setattr(weights, "load", lambda *_: model)
    objects._loaded.cache_clear()
    yield model
    objects._loaded.cache_clear()


def ct(path: Path) -> Path:
    """The object on slices 4 to 8 (from 1), and another on slices 5 and 6."""
    slices = {z: BODY | SECOND if z in (4, 5) else BODY for z in range(3, 8)}
    hu = bright_volume(slices, 12).hu.copy()
    hu[:, 29] = -7 * np.arange(40)  # else so few values would be taken for labels
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing(SPACING[::-1])
    SimpleITK.WriteImage(image, str(path))
    return path


def voxels(path: Path) -> npt.NDArray[np.uint8]:
    return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))


def prompts(folder: Path, *lines: str) -> str:
    path = folder / "boxes.csv"
    path.write_text("\n".join(("case,slice,y0,x0,y1,x1,label,object", *lines)) + "\n")
    return str(path)


def run(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> tuple[str, str]:
    assert cli.main(arguments) == code
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_one_box_becomes_an_object_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = ct(tmp_path / "ct.nii.gz"), tmp_path / "mask.nii.gz"
    said, _ = run(capsys, 0, "propagate", str(path), "--box", *BOX, "-o", str(out))
    assert "ended before slice 3: nothing of the object is left" in said
    assert "ended before slice 9: nothing of the object is left" in said
    # 5 slices of 96 voxels of 3 × 0.7 × 0.9 mm
    assert "slices 4–8: tumour, 0.91 ml, 480 voxels, lowest score 0.90" in said
    found = voxels(out)
    assert [int((found[z] == 2).sum()) for z in range(12)] == [0, 0, 0, 96, 96, 96, 96, 96, 0, 0, 0, 0]


def test_first_and_last_slice_are_kept_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = ct(tmp_path / "ct.nii.gz"), tmp_path / "mask.nrrd"
    limits = ("--first", "5", "--last", "7", "--label", "liver")
    said, _ = run(capsys, 0, "propagate", str(path), "--box", *BOX, *limits, "-o", str(out))
    assert "ended" not in said
    assert "slices 5–7: liver" in said
    assert np.flatnonzero(voxels(out).any(axis=(1, 2))).tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--box", "6", "1", "1", "5", "5"), "There are two boxes on slice 6"),
        (("--first", "0"), "There is no slice 0: this CT has slices 1 to 12. Change --first."),
        (("--last", "13"), "Change --last."),
        (("--last", "5"), "slice 6 lies outside the slices 1 to 5"),
        (("--box", "8", "1", "1", "5", "5"), "Nothing was found on slice 8"),
    ],
)
def test_a_mistake_is_one_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: tuple[str, ...], words: str
) -> None:
    path, out = ct(tmp_path / "ct.nii.gz"), tmp_path / "mask.nii.gz"
    said, error = run(capsys, 2, "propagate", str(path), "--box", *BOX, *extra, "-o", str(out))
    assert (said, error.count("\n")) == ("", 1)
    assert words in error
    assert not out.exists()


def test_ctrl_c_saves_what_was_found_until_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bright: Bright, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = bright.predict

    def interrupted(embedding, prompt):  # type: ignore[no-untyped-def]
        if len(bright.asked) == 3:
            raise KeyboardInterrupt
        return plain(embedding, prompt)

    monkeypatch.setattr(bright, "predict", interrupted)
    path, out = ct(tmp_path / "ct.nii.gz"), tmp_path / "mask.nii.gz"
    said, error = run(capsys, 130, "propagate", str(path), "--box", *BOX, "-o", str(out))
    assert "What was found until now is saved" in error
    assert "slices 5–7" in said
    assert np.flatnonzero(voxels(out).any(axis=(1, 2))).tolist() == [4, 5, 6]


def folder_of(tmp_path: Path) -> Path:
    folder = tmp_path / "cts"
    folder.mkdir()
    ct(folder / "one.nii.gz")
    ct(folder / "two.nrrd")
    (folder / "broken.nii.gz").write_bytes(b"no CT")
    return folder


def test_a_batch_segments_every_box_and_no_other_slice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = folder_of(tmp_path), tmp_path / "masks"
    table = prompts(tmp_path, "one,6,8,10,20,26,,", "one,6,19,29,28,38,liver,", "two.nrrd,4,8,10,20,26,7,")
    said, error = run(capsys, 0, "batch", str(folder), "--prompts", table, "-o", str(out))
    assert error == ""
    assert "one: 2 objects, saved" in said
    assert "2 cases saved" in said
    one, two = voxels(out / "one.nii.gz"), voxels(out / "two.nii.gz")
    assert {z: np.unique(one[z]).tolist() for z in range(12) if one[z].any()} == {5: [0, 1, 2]}
    assert (one[5] == 1).sum() == 36
    assert {z: np.unique(two[z]).tolist() for z in range(12) if two[z].any()} == {3: [0, 7]}
    assert not (out / "broken.nii.gz").exists()


def test_a_batch_carries_objects_on_and_its_prompts_do_the_same_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out, again = folder_of(tmp_path), tmp_path / "masks", tmp_path / "again"
    table = prompts(tmp_path, "one,6,8,10,20,26,,k", "one,4,8,10,20,26,,k", "one,5,19,29,28,38,liver,")
    run(capsys, 0, "batch", str(folder), "--prompts", table, "--propagate", "-o", str(out))
    found = voxels(out / "one.nii.gz")
    assert np.flatnonzero((found == 2).any(axis=(1, 2))).tolist() == [3, 4, 5, 6, 7]
    assert np.flatnonzero((found == 1).any(axis=(1, 2))).tolist() == [4, 5]
    record = out / "one.json"
    boxes = [[part["slice"] for part in o["slices"] if part["box"]] for o in json.loads(record.read_text())["objects"]]
    assert boxes == [[4, 6], [5]]
    (folder / "broken.nii.gz").unlink()
    (folder / "two.nrrd").unlink()
    run(capsys, 0, "batch", str(folder), "--prompts", str(record), "--propagate", "-o", str(again))
    assert np.array_equal(voxels(again / "one.nii.gz"), found)


def test_a_case_that_fails_does_not_stop_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = folder_of(tmp_path), tmp_path / "masks"
    rows = ("broken,6,8,10,20,26,,", "one,99,8,10,20,26,,", "one,6,8,10,20,26,,", "gone,1,8,10,20,26,,")
    said, error = run(capsys, 1, "batch", str(folder), "--prompts", prompts(tmp_path, *rows), "-o", str(out))
    assert "one: 1 object, saved" in said
    assert "1 case saved" in said
    assert "2 failed" in said
    assert "broken: " in error
    assert "one: There is no slice 99: this CT has slices 1 to 12" in error
    assert "gone: The folder holds no such CT." in error


def test_cases_are_shared_out_to_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "cts"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.nii.gz").write_bytes(b"no CT")
    table = prompts(tmp_path, *(f"{name},6,8,10,20,26,," for name in ("a", "b", "c")))
    said, error = run(capsys, 2, "batch", str(folder), "--prompts", table, "--jobs", "2", "-o", str(tmp_path / "masks"))
    assert [line[0] for line in error.splitlines()] == ["a", "b", "c"]
    assert "0 cases saved" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folder": "one.nii.gz"}, "is no folder. Give the folder of the CTs"),
        ({"out": "cts"}, "is the folder of the CTs, which must not be replaced"),
        ({"out": "nowhere/masks"}, "does not exist"),
        ({"out": "boxes.csv"}, "is a file"),
    ],
)
def test_a_mistake_in_a_batch_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], words: str
) -> None:
    folder_of(tmp_path)
    ct(tmp_path / "one.nii.gz")
    table = prompts(tmp_path, "one,6,8,10,20,26,,")
    source, out = (str(tmp_path / change.get(key, name)) for key, name in (("folder", "cts"), ("out", "masks")))
    said, error = run(capsys, 2, "batch", source, "--prompts", table, "-o", out)
    assert (said, error.count("\n")) == ("", 1)
    assert words in error
