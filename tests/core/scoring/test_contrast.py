import math

import numpy as np
import pytest
from scipy import stats

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.contrast import Contrast, contrast
from core.scoring.scorecard import Scorecard, score
from tests.core.scoring.shapes import SPACING, drawn

TRUTH = "xxxxxxxxxx"


def card(case: str, predicted: str, reference: str = TRUTH) -> Scorecard:
    ours, theirs = drawn(predicted), drawn(reference)
    grid = Grid.from_geometry(ours.shape, SPACING)  # type: ignore[arg-type]
    return score(Mask(ours, grid), Mask(theirs, grid), labels={1: "tumour"}, case=case)


def cards(*found: int) -> list[Scorecard]:
    """Score cases a, b, ... in which so many of ten voxels were found."""
    return [card("abcdefgh"[k], "x" * n + "." * (10 - n)) for k, n in enumerate(found)]


def compared(first: list[Scorecard], second: list[Scorecard], key: str = "recall") -> Contrast:
    return contrast(first, second, 1, key, np.random.default_rng(3))


def test_each_case_has_its_difference_and_the_sentence_the_whole() -> None:
    found = compared(cards(2, 3, 4, 5, 6, 7), cards(5, 5, 7, 7, 9, 9))
    apart = [0.3, 0.2, 0.3, 0.2, 0.3, 0.2]
    assert [case for case, _ in found.cases] == list("abcdef")
    np.testing.assert_allclose([by for _, by in found.cases], apart)
    assert found.difference.mean == pytest.approx(0.25)
    p = stats.wilcoxon(apart).pvalue
    low, high = found.difference.low, found.difference.high
    assert 0.2 <= low < 0.25 < high <= 0.3
    assert found.is_clear
    assert found.sentence == (f"B is better by 0.250 Recall (sensitivity) [{low:.3f}, {high:.3f}], p = {p:.3f}, n = 6.")


def test_a_greater_distance_is_worse() -> None:
    found = compared(cards(9, 9, 9, 9, 9, 9, 9), cards(5, 4, 5, 4, 5, 4, 3), "hd_mm")
    assert found.difference.mean == pytest.approx((4 + 5 + 4 + 5 + 4 + 5 + 6) / 7 * 2, rel=0.03), "voxels of 2 mm"
    assert found.sentence.startswith(f"B is worse by {found.difference.mean:.2f} mm Hausdorff distance [")


def test_a_volume_is_neither_better_nor_worse() -> None:
    found = compared(cards(2, 2, 2, 2, 2, 2), cards(4, 4, 5, 4, 4, 5), "volume_predicted_ml")
    assert found.sentence.startswith("B is larger by 0.07 ml Volume, prediction")


def test_few_cases_and_mixed_ones_prove_nothing() -> None:
    few = compared(cards(2, 3, 4), cards(5, 5, 7))
    assert not few.is_clear
    assert few.sentence.startswith("No clear difference: B is better by 0.267 Recall")
    assert "n = 3; fewer than 6 cases cannot show one." in few.sentence
    mixed = compared(cards(2, 3, 4, 5, 6, 7, 8), cards(3, 2, 5, 4, 7, 6, 9))
    assert mixed.sentence.endswith("n = 7; this may be chance.")
    assert "[−0." in mixed.sentence


def test_one_case_equal_cases_and_none() -> None:
    assert compared(cards(2), cards(5)).sentence == (
        "B is better by 0.300 Recall (sensitivity) in the one case that both have. One case proves nothing."
    )
    assert compared(cards(2, 3), cards(2, 3)).sentence.startswith("A and B are equal: Recall (sensitivity)")
    assert "No case has a figure" in compared(cards(2), []).sentence


def test_a_miss_counts_as_the_diagonal_and_an_undefined_case_is_left_out() -> None:
    first = [card("a", "xx......", "xx......"), card("b", "........", "........")]
    second = [card("a", "........", "xx......"), card("b", "........", "........")]
    found = compared(first, second, "hd_mm")
    assert found.cases == (("a", pytest.approx(math.hypot(5, 3, 16))),)
    assert (found.difference.n, found.difference.left_out) == (1, 1)


def test_the_sentence_counts_the_cases_that_lack_a_figure_or_were_scored_in_one_prediction_only() -> None:
    first = [*cards(2, 3, 4), card("healthy", "........", "........"), card("only a", "xx......", "xx......")]
    second = [*cards(5, 5, 7), card("healthy", "........", "........"), card("only b", "xx......", "xx......")]
    found = compared(first, second)
    assert found.left_out == 3
    assert "n = 3;" in found.sentence
    assert found.sentence.endswith(" Left out: 3 cases without this figure in A or in B.")
    assert compared(cards(2), [*cards(5), *second[-1:]]).sentence.endswith(
        " Left out: 1 case without this figure in A or in B."
    )
