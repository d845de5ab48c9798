"""A prediction on another grid: refused with a hint, and laid on the reference's grid where that is asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core import __main__ as cli
from tests.core.scoring.files import SHAPE, Write

FINE = (5.0, 1.0, 2.0)


@pytest.fixture
def finer(write: Write, tmp_path: Path) -> tuple[str, str]:
    """Case `a` lies on the reference's grid; in `b` the prediction has three rows for each of it."""
    write("p/a.nii.gz", (2, slice(2, 8)))
    labels = np.zeros((SHAPE[0], 3 * SHAPE[1], SHAPE[2]), np.uint8)
    labels[1:4, 6:13, 3:9] = 2
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing(FINE[::-1])
    image.SetOrigin((0.0, -1.0, 0.0))  # the outer edges of both images agree
    SimpleITK.WriteImage(image, str(tmp_path / "p" / "b.nii.gz"))
    for case in "ab":
        write(f"r/{case}.nrrd", (2, slice(2, 8)))
    return str(tmp_path / "p"), str(tmp_path / "r")


def test_a_case_on_another_grid_is_told_how_it_could_be_scored(
    finer: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["score", *finer]) == 1
    printed = capsys.readouterr().out
    assert "b: FAILED: The prediction lies on another grid than the reference." in printed
    assert "Or add --resample, and Lobule does so.\n" in printed
    alone = [f"{finer[0]}/b.nii.gz", f"{finer[1]}/b.nrrd"]
    assert cli.main(["score", *alone]) == 2
    assert capsys.readouterr().err.endswith("Or add --resample, and Lobule does so.\n")


def test_a_case_on_another_grid_is_resampled_and_says_so(
    finer: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thin rows 6 to 12 hold the middles of rows 2 and 3, which lie at 7 and 10, and not of row 4, at 13."""
    out, page = tmp_path / "scores.json", tmp_path / "scores.html"
    assert cli.main(["score", *finer, "--resample", "--json", str(out), "--html", str(page)]) == 0
    assert "2 of 2 cases scored" in capsys.readouterr().out
    same, moved = json.loads(out.read_text("utf-8"))["cases"]
    assert same["resampled"] is None
    (volume,) = moved["resampled"]
    assert volume["label"] == 2
    assert volume["before_ml"] == pytest.approx(3 * 7 * 6 * 0.01)
    assert volume["after_ml"] == pytest.approx(3 * 2 * 6 * 0.03)
    assert moved["labels"][0]["figures"]["dice"] == pytest.approx(2 * 2 / (2 + 6))
    assert any("was resampled onto the voxels of the reference (nearest neighbour)" in note for note in moved["notes"])
    text = page.read_text("utf-8")
    assert "1 prediction was resampled" in text
    assert '<td>tumour</td><td class="n">1.26</td>' in text


def test_places_that_do_not_overlap_stay_a_failure(
    finer: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = SimpleITK.ReadImage(str(tmp_path / "p" / "a.nii.gz"))
    image.SetOrigin((900.0, 0.0, 0.0))
    SimpleITK.WriteImage(image, str(tmp_path / "p" / "a.nii.gz"))
    assert cli.main(["score", *finer, "--resample"]) == 1
    assert "a: FAILED: The prediction cannot be resampled onto the reference." in capsys.readouterr().out
    assert cli.main(["score", *finer]) == 2
    assert "--resample" not in capsys.readouterr().out.split("b: FAILED")[0]


def test_a_ct_and_resampling_do_not_go_together(finer: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    alone = [f"{finer[0]}/b.nii.gz", f"{finer[1]}/b.nrrd"]
    assert cli.main(["score", *alone, "--resample", "--ct", alone[1]]) == 2
    assert capsys.readouterr().err.endswith("Leave one out.\n")
