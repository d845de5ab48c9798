import math

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.batch import Row
from core.scoring.ranking import figure_of, label_of, matching, worst_first
from core.scoring.scorecard import score
from tests.core.scoring.shapes import SPACING, drawn


def row(case: str, predicted: str, reference: str) -> Row:
    ours, theirs = drawn(predicted), drawn(reference)
    grid = Grid.from_geometry(ours.shape, SPACING)  # type: ignore[arg-type]
    return Row(case, score(Mask(ours, grid), Mask(theirs, grid), labels={1: "tumour"}, case=case))


ROWS = [
    row("Good", "xxxx.....", "xxxx....."),  # Dice 1, volume right
    row("empty", ".........", "........."),  # nothing to find
    row("half", "xx.......", "xxxxxx..."),  # Dice 1/2, 4 voxels too few
    row("missed", ".........", "......xx."),  # Dice 0, 2 too few; infinite distance
    Row("broken", None, "broken.nii is no NIfTI file."),
    row("much", "xxxxxxx..", "xx......."),  # Dice 4/9, 5 too many
]


def names(rows: list[Row]) -> list[str]:
    return [row.case for row in rows]


def test_the_worst_case_stands_first_and_a_failed_one_before_it() -> None:
    assert names(worst_first(ROWS, 1, "dice")) == ["broken", "missed", "much", "half", "Good", "empty"]


def test_an_infinite_distance_is_the_worst() -> None:
    assert names(worst_first(ROWS, 1, "hd_mm")) == ["broken", "missed", "much", "half", "Good", "empty"]


def test_a_signed_difference_is_worst_far_from_zero() -> None:
    found = names(worst_first(ROWS, 1, "volume_difference_ml"))
    assert found == ["broken", "much", "half", "missed", "Good", "empty"]


def test_a_limit_keeps_what_is_worse_and_never_hides_a_failed_case() -> None:
    assert names(matching(ROWS, 1, "dice", limit=0.5)) == ["missed", "broken", "much"]
    assert names(matching(ROWS, 1, "hd_mm", limit=7.0)) == ["half", "missed", "broken", "much"]


def test_names_are_found_in_small_and_large_letters() -> None:
    assert names(matching(ROWS, 1, "dice", name=" go")) == ["Good"]
    assert names(matching(ROWS, 1, "dice", name="O", limit=0.5)) == ["broken"]
    assert names(matching(ROWS, 1, "dice")) == names(ROWS)


def test_a_case_without_the_label_has_no_figure() -> None:
    assert label_of(ROWS[0], 2) is None
    assert label_of(ROWS[4], 1) is None
    assert math.isnan(figure_of(ROWS[4], 1, "dice"))
    assert figure_of(ROWS[2], 1, "dice") == 0.5
