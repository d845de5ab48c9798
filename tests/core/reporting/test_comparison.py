"""What a report says of a second prediction."""

from dataclasses import replace

from core.reporting.scores import Comparison, report
from core.scoring.batch import FileUsed, Row
from core.scoring.cohort import Difference
from core.scoring.contrast import Contrast
from tests.core.reporting.page import Page
from tests.core.reporting.rows import CREATED, cohort, row


def test_a_comparison_is_told_in_words() -> None:
    contrast = Contrast("dice", Difference(8, 0, 0.05, 0.02, 0.08, 0.008), (("a", 0.05),))
    compared = Comparison("U-Net", "V-<i>Net</i>", (("tumour", contrast),))
    page = Page(report(cohort(), title="x", created=CREATED, comparison=compared))
    assert page.table("Label", "What it says") == [["tumour", contrast.sentence]]
    assert "B: V-<i>Net</i>" in page.text


def test_the_files_and_failures_of_the_second_prediction_are_listed_too() -> None:
    scored = replace(row("perfect", "xx", "xx"), files=(
        FileUsed("prediction", "perfect-b.nii", "d" * 64), FileUsed("reference", "perfect.nrrd", "b" * 64),
        FileUsed("reference", "other.nrrd", "9" * 64),
    ))  # fmt: skip
    assert scored.card is not None
    noted = replace(scored, card=replace(scored.card, notes=("It was turned.",)))
    failed = Row("missed", None, "b.nii is <b>empty</b>.", (FileUsed("prediction", "b.nii", "e" * 64),))
    compared = Comparison("U-Net", "V-Net", (), second_rows=(noted, failed))
    page = Page(report(cohort(), title="x", created=CREATED, comparison=compared))
    files = page.table("Case", "Used as")
    assert ["perfect", "prediction B", "perfect-b.nii", "d" * 64] in files
    assert ["missed", "prediction B", "b.nii", "e" * 64] in files
    assert [line[2] for line in files].count("perfect.nrrd") == 1, "A and B share this reference"
    assert ["perfect", "reference of B", "other.nrrd", "9" * 64] in files
    assert "Not scored in B: 1 of 2" in page.text
    assert page.table("Case", "Why B has no figures") == [["missed", "b.nii is <b>empty</b>."]]
    assert "perfect, B : It was turned." in page.text
