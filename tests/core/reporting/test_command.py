"""The score command as a user meets it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core import __main__ as cli
from core.imaging.samples import phantom

SHAPE = (5, 12, 14)
SPACING = (5.0, 3.0, 2.0)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str, *blocks: tuple[int, slice], spacing: tuple[float, ...] = SPACING, turned: bool = False) -> Path:
        labels = np.zeros(SHAPE, np.uint8)
        for value, rows in blocks:
            labels[1:4, rows, 3:9] = value
        image = SimpleITK.GetImageFromArray(labels[:, ::-1, ::-1] if turned else labels)
        image.SetSpacing(spacing[::-1])
        if turned:
            image.SetOrigin((SPACING[2] * 13, SPACING[1] * 11, 0))
            image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        SimpleITK.WriteImage(image, str(path))
        return path

    return to


def mistake(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["score", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_pair_is_scored_label_by_label(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tumour rows 2 to 5 against 2 to 7: Dice 2 × 4 / (4 + 6). The files run in opposite directions."""
    predicted = write("p.nii.gz", (2, slice(2, 6)), turned=True)
    reference = write("r.nrrd", (2, slice(2, 8)), (1, slice(9, 11)))
    out = tmp_path / "scores.json"
    assert cli.main(["score", str(predicted), str(reference), "--nsd-mm", "1", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "tumour (label 2)" in printed
    assert "surface Dice at 1 mm" in printed
    assert "HD95                              undefined (if it must count:" in printed
    assert "missed: slice 3, 1.08 ml" in printed  # 36 voxels of 0.03 ml
    (case,) = json.loads(out.read_text())["cases"]
    liver, tumour = case["labels"]
    assert tumour["figures"]["dice"] == pytest.approx(0.8)
    assert tumour["figures"]["chaos_mssd_mm"] == pytest.approx(6)
    assert [s["slice"] for s in tumour["slices"]] == [2, 3, 4]
    assert liver["figures"]["hd_mm"] is None
    assert "hd_mm" in liver["infinite"]
    assert "precision" in liver["undefined"]


def test_one_label_gets_the_name_it_is_given(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write("m.nii.gz", (2, slice(2, 6)), (7, slice(7, 9)))
    assert cli.main(["score", str(mask), str(mask), "--label", "7=cyst"]) == 0
    printed = capsys.readouterr().out
    assert "cyst (label 7)" in printed
    assert "tumour" not in printed


def test_folders_are_matched_by_name_and_a_failed_case_is_a_row(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for case, rows in (("a", slice(2, 6)), ("b", slice(2, 8)), ("c", slice(2, 8))):
        write(f"p/{case}.nii.gz", (2, rows), spacing=(6.0, 3.0, 2.0) if case == "c" else SPACING)
        write(f"r/{case}.nrrd", (2, slice(2, 8)))
    write("r/d.nrrd", (2, slice(2, 8)))
    (tmp_path / "p" / "e.nii").write_text("no image")
    write("r/e.nrrd", (2, slice(2, 8)))
    table, everything = tmp_path / "scores.csv", tmp_path / "scores.json"
    folders = [str(tmp_path / "p"), str(tmp_path / "r")]
    assert cli.main(["score", *folders, "--csv", str(table), "--json", str(everything)]) == 1
    printed = capsys.readouterr().out
    assert "2 of 5 cases scored" in printed
    assert "c: FAILED: The prediction lies on another grid than the reference. Its voxels measure 6 ×" in printed
    assert "d: FAILED: d has a reference and no prediction" in printed
    with table.open() as file:
        lines = {line["case"]: line for line in csv.DictReader(file)}
    assert list(lines) == ["a", "b", "c", "d", "e"]
    assert float(lines["a"]["dice"]) == pytest.approx(0.8)
    assert lines["b"]["hd95_mm"] == "0.0"
    assert "e.nii" in lines["e"]["problem"]
    found = json.loads(everything.read_text())
    assert [case["case"] for case in found["failed"]] == ["c", "d", "e"]
    (tumour,) = found["cohort"]
    assert tumour["figures"]["dice"]["defined"]["mean"] == pytest.approx(0.9)
    assert tumour["three_dice"]["pooled"] == pytest.approx(2 * 10 / (10 + 12))
    assert found["definitions"]["hd95_mm"]["unit"] == "mm"


def test_labels_are_laid_on_a_ct(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume, mask = phantom()
    for name, array in (("ct", volume.hu), ("labels", mask.voxels)):
        image = SimpleITK.GetImageFromArray(array)
        image.SetSpacing(volume.grid.spacing[::-1])
        SimpleITK.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    labels = str(tmp_path / "labels.nii.gz")
    assert cli.main(["score", labels, labels, "--ct", str(tmp_path / "ct.nii.gz"), "--label", "tumour"]) == 0
    assert "Dice (F1)                         1\n" in capsys.readouterr().out


def test_two_masks_on_different_grids_are_one_sentence(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = write("p.nii.gz", (2, slice(2, 6))), write("r.nii.gz", spacing=(5.0, 3.0, 2.5))
    words = "prediction lies on another grid than the reference. Its voxels measure 5 × 3 × 2 mm, those of the ref"
    assert words in mistake(capsys, ours, theirs)


def test_every_other_mistake_is_one_sentence(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write("p/m.nii.gz", (2, slice(2, 6)))
    write("r/other.nii.gz")
    write("twice/m.nii.gz")
    write("twice/m.nrrd")
    assert "does not exist" in mistake(capsys, tmp_path / "nothing.nii", mask)
    assert "a file and the other a folder" in mistake(capsys, mask, tmp_path)
    assert "Name both alike" in mistake(capsys, tmp_path / "p", tmp_path / "r")
    assert "two files of case m" in mistake(capsys, tmp_path / "twice", tmp_path / "p")
    assert "single pair" in mistake(capsys, tmp_path / "p", tmp_path / "p", "--ct", mask)
    assert "does not exist. Create it" in mistake(capsys, mask, mask, "--json", tmp_path / "no" / "x.json")


def test_a_table_that_cannot_be_written_is_one_sentence(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = str(write("m.nii.gz", (2, slice(2, 6))))
    for option in ("--csv", "--json"):
        assert cli.main(["score", mask, mask, option, str(tmp_path)]) == 2
        assert "cannot be written (Is a directory)" in capsys.readouterr().err


@pytest.mark.parametrize("extra", [("--nsd-mm", "-1"), ("--nsd-mm", "two"), ("--label", "0"), ("--label", "spleen=3")])
def test_what_no_option_can_mean_is_refused(
    write: Write, capsys: pytest.CaptureFixture[str], extra: tuple[str, str]
) -> None:
    mask = str(write("m.nii.gz"))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["score", mask, mask, *extra])
    assert stopped.value.code == 2
    assert "error: argument" in capsys.readouterr().err
