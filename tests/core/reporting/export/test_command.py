import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from pydicom import dcmread

from core.__main__ import main
from core.editing.annotation import Annotation
from core.editing.record import prompts_json
from core.imaging.reading import read_mask, read_volume
from core.imaging.writing import write_mask
from tests.core.imaging.dicom_files import PATIENT_ID
from tests.core.reporting.export.dicom import Written, written

PHANTOM = ("sample:phantom", "sample:phantom")


@pytest.fixture
def made(tmp_path: Path) -> Written:
    case = written(tmp_path / "ct", "oblique")
    write_mask(case.segmented.mask, case.volume, tmp_path / "mask.nii.gz")
    return case


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_a_mask_becomes_a_dicom_segmentation_of_its_series(
    made: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "seg.dcm"

    assert run("export", made.folder, tmp_path / "mask.nii.gz", "--to", "dicomseg", "-o", out) == 0

    assert dcmread(out).PatientID == PATIENT_ID
    assert (read_mask(out, read_volume(made.folder)).voxels > 0).sum() == (made.segmented.mask.voxels > 0).sum()
    told = capsys.readouterr().out
    assert "note: this file names the patient" in told
    assert PATIENT_ID not in told


def test_one_label_becomes_a_surface(tmp_path: Path) -> None:
    out = tmp_path / "tumour.stl"

    assert run("export", *PHANTOM, "--to", "stl", "--label", "tumour", "-o", out) == 0

    assert trimesh.load(out).volume / 1000 == pytest.approx(62.2, rel=0.02)  # 10,372 voxels of 6 mm³


def test_several_formats_go_into_one_zip(made: Written, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"

    assert run("export", made.folder, tmp_path / "mask.nii.gz", "--to", "csv", "rtstruct", "-o", out) == 0

    with zipfile.ZipFile(out) as pack:
        assert {name.split("-")[-1] for name in pack.namelist()} == {"README.txt", "quantities.csv", "rtstruct.dcm"}


def test_all_is_what_does_not_name_the_patient(made: Written, tmp_path: Path) -> None:
    assert run("export", made.folder, tmp_path / "mask.nii.gz", "--to", "all", "-o", tmp_path / "case.zip") == 0

    with zipfile.ZipFile(tmp_path / "case.zip") as pack:
        assert len(pack.namelist()) > 10
        assert not [name for name in pack.namelist() if name.endswith(".dcm")]


def test_the_record_of_prompts_tells_who_drew(made: Written, tmp_path: Path) -> None:
    annotation = Annotation(made.volume.grid)
    annotation.add(3, made.segmented.mask.voxels[3] == 2, 2)
    (tmp_path / "prompts.json").write_text(prompts_json(annotation, made.volume), encoding="utf-8")
    inputs = (made.folder, tmp_path / "mask.nii.gz", "--prompts", tmp_path / "prompts.json")

    assert run("export", *inputs, "--to", "dicomseg", "-o", tmp_path / "seg.dcm") == 0

    assert dcmread(tmp_path / "seg.dcm").SegmentSequence[0].SegmentAlgorithmType == "MANUAL"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*PHANTOM, "--to", "stl", "-o", "out.stl"), "holds one label, and the mask holds 2. Choose one with --label"),
        ((*PHANTOM, "--to", "stl", "-o", "out.obj"), "ends in .stl, not as in out.obj"),
        ((*PHANTOM, "--to", "stl", "obj", "-o", "out.stl"), "Several formats go into one .zip"),
        ((*PHANTOM, "--to", "csv", "-o", "missing/out.csv"), "missing does not exist"),
        ((*PHANTOM, "--to", "csv", "--label", "9", "-o", "out.csv"), "does not hold label 9"),
        ((*PHANTOM, "--to", "dicomseg", "-o", "out.dcm"), "opened from sample"),
        ((*PHANTOM, "--to", "csv", "--prompts", "none.json", "-o", "out.csv"), "none.json cannot be read"),
        ((*PHANTOM, "--to", "csv", "--prompts", "other.json", "-o", "out.csv"), "not a record of prompts"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_written(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.json").write_text(json.dumps({"format": "something else"}))

    assert run("export", *arguments) == 2

    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def test_an_input_is_never_overwritten(made: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = tmp_path / "mask.nii.gz"
    before = mask.read_bytes()

    assert run("export", made.folder, mask, "--to", "nifti", "-o", mask) == 2

    assert "one of the files to read" in capsys.readouterr().err
    assert mask.read_bytes() == before


def test_a_record_of_another_ct_is_refused(made: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = written(tmp_path / "other")
    (tmp_path / "prompts.json").write_text(prompts_json(Annotation(other.volume.grid), other.volume), encoding="utf-8")
    inputs = (made.folder, tmp_path / "mask.nii.gz", "--prompts", tmp_path / "prompts.json")

    assert run("export", *inputs, "--to", "csv", "-o", tmp_path / "out.csv") == 2

    assert "the fingerprints differ" in capsys.readouterr().err


def test_what_a_zip_lacks_is_said_with_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", *PHANTOM, "--to", "csv", "dicomseg", "-o", tmp_path / "case.zip") == 1

    assert "left out: dicomseg: This CT was opened from sample" in capsys.readouterr().out
    assert np.size(zipfile.ZipFile(tmp_path / "case.zip").namelist()) == 2
