"""``export`` and ``report`` of cases that are kept, without their files."""

import contextlib
import csv
import io
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from core.__main__ import main
from core.imaging.reading import read_mask
from core.workspace.kept import Window
from core.workspace.library import Library
from tests.core.imaging.dicom_files import PATIENT_ID
from tests.core.reporting.export.dicom import Written, written


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """A series of which a reader has outlined the tumour, and another one two voxels."""
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path / "home"))
    case = written(tmp_path / "Hofmann", "oblique", reverse=True)
    for reader, masks in (("", _tumour(case)), ("AB", {3: _two_voxels(case)})):
        with contextlib.closing(Library().open(case.volume, Window(reader))) as kept:
            kept.annotation.draw(masks, "paint", label=2)
            if kept.saving is not None:
                kept.saving.result()
    return case


def _tumour(case: Written) -> dict[int, np.ndarray]:
    return {z: mask for z, mask in enumerate(case.segmented.mask.voxels == 2) if mask.any()}


def _two_voxels(case: Written) -> np.ndarray:
    mask = np.zeros(case.volume.grid.shape[1:], bool)
    mask[4, 5:7] = True
    return mask


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def voxels(table: Path) -> list[int]:
    return [int(line["voxels"]) for line in csv.DictReader(io.StringIO(table.read_text("utf-8-sig"))) if line["lesion"]]


def test_what_each_reader_has_drawn_is_exported_by_the_key_of_the_case(made: Written, tmp_path: Path) -> None:
    key, out = made.volume.key[:9], tmp_path / "table.csv"
    assert run("export", key, "--to", "csv", "-o", out) == 0
    assert sum(voxels(out)) == sum(int(mask.sum()) for mask in _tumour(made).values())
    assert run("export", key, "--reader", "AB", "--to", "csv", "-o", out) == 0
    assert voxels(out) == [2]


def test_the_series_given_again_makes_a_dicom_segmentation(
    made: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, out = made.volume.key[:9], tmp_path / "seg.dcm"
    assert run("export", key, "--to", "dicomseg", "-o", out) == 2
    assert "Give the folder that the CT was opened from (--source)" in capsys.readouterr().err
    assert run("export", key, "--to", "dicomseg", "--source", made.folder, "-o", out) == 0
    assert dcmread(out).PatientID == PATIENT_ID
    back = read_mask(out, made.volume).voxels > 0
    assert np.array_equal(back, made.segmented.mask.voxels == 2)


def test_a_report_says_how_the_case_was_made_and_names_nobody(made: Written, tmp_path: Path) -> None:
    assert run("report", made.volume.key[:9], "-o", tmp_path / "report.html") == 0
    page = (tmp_path / "report.html").read_text("utf-8").split("</head>")[1]
    assert "No record of prompts" not in page
    assert made.volume.key in page
    assert not [word for word in ("Hofmann", "Wilhelmine", PATIENT_ID) if word in page]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ffff"], "no case is called “ffff”"),
        (["KEY", "--reader", "XY"], "This reader has drawn nothing on the case; without initials, AB did"),
        (["KEY", "--prompts", "record.json"], "A case has its own record"),
        (["KEY", "--label", "liver"], "does not hold liver"),
        (["FOLDER"], "is a CT. Give the mask that was drawn on it too"),
    ],
)
def test_what_is_no_case_of_that_reader_is_said(
    made: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    known = {"KEY": made.volume.key[:9], "FOLDER": made.folder}
    given = [known.get(argument, argument) for argument in arguments]
    assert run("export", *given, "--to", "nifti", "-o", tmp_path / "out.nii.gz") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out.nii.gz").exists()
