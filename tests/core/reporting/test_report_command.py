from pathlib import Path

import pypdfium2
import pytest

from core.__main__ import main
from core.editing.annotation import Annotation
from core.editing.record import prompts_json
from core.imaging.writing import write_mask
from core.segmentation.prompt import Box
from tests.core.imaging.dicom_files import PATIENT_ID
from tests.core.reporting.export.dicom import Written, written

PHANTOM = ("sample:phantom", "sample:phantom")
PATIENT = ("Hofmann", "Wilhelmine", PATIENT_ID, "19310412")


@pytest.fixture
def made(tmp_path: Path) -> Written:
    case = written(tmp_path / "Hofmann", "oblique", SeriesDescription="Hofmann Wilhelmine")
    write_mask(case.segmented.mask, case.volume, tmp_path / "Wilhelmine.nii.gz")
    return case


def run(*arguments: object) -> int:
    return main(["report", *(str(argument) for argument in arguments)])


def test_a_case_becomes_a_page_that_names_nobody(
    made: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask, out = tmp_path / "Wilhelmine.nii.gz", tmp_path / "report.html"

    assert run(made.folder, mask, "--reference", mask, "--title", "Case 7", "-o", out) == 0

    page = out.read_text(encoding="utf-8")
    assert "<h1>Case 7</h1>" in page
    assert "Agreement with the given labels" in page
    assert page.count("sha256 ") == 3
    assert not [word for word in PATIENT if word.casefold() in page.split("</head>")[1].casefold()]
    assert PATIENT_ID not in capsys.readouterr().out


def test_the_record_of_prompts_goes_into_the_report(made: Written, tmp_path: Path) -> None:
    annotation = Annotation(made.volume.grid)
    annotation.add(3, made.segmented.mask.voxels[3] == 2, 2, box=Box(2, 3, 8, 9))
    (tmp_path / "prompts.json").write_text(prompts_json(annotation, made.volume), encoding="utf-8")
    inputs = (made.folder, tmp_path / "Wilhelmine.nii.gz", "--prompts", tmp_path / "prompts.json")

    assert run(*inputs, "-o", tmp_path / "report.html") == 0

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No record of prompts" not in page
    assert "Boxes drawn" in page


def test_a_case_becomes_a_pdf_in_chinese(tmp_path: Path) -> None:
    assert run(*PHANTOM, "--language", "zh", "-o", tmp_path / "report.pdf") == 0

    document = pypdfium2.PdfDocument(tmp_path / "report.pdf")
    text = document[0].get_textpage()
    assert "分割报告" in text.get_text_range().replace(" ", "")
    text.close()
    document.close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*PHANTOM, "-o", "report.doc"), "ends in .html or .pdf, not as in report.doc"),
        ((*PHANTOM, "-o", "missing/report.html"), "missing does not exist"),
        ((*PHANTOM, "--reference", "none.nii.gz", "-o", "report.html"), "none.nii.gz does not exist"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(*arguments) == 2

    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
