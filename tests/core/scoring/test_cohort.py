import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.cohort import compare, summaries, summarise, three_dice
from core.scoring.scorecard import Scorecard, score
from tests.core.scoring.shapes import SPACING, drawn


def card(case: str, predicted: str, reference: str) -> Scorecard:
    ours, theirs = drawn(predicted), drawn(reference)
    grid = Grid.from_geometry(ours.shape, SPACING)  # type: ignore[arg-type]
    return score(Mask(ours, grid), Mask(theirs, grid), labels={1: "tumour"}, case=case)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


CASES = [
    card("a", "xxxx.....", "xxxx....."),  # Dice 1
    card("b", "xx.......", "xxxxxx..."),  # Dice 1/2
    card("c", ".........", "......xx."),  # missed: Dice 0, distances infinite
    card("d", ".........", "........."),  # nothing to find
]


def test_nothing_is_dropped_in_silence() -> None:
    defined, penalised = summaries(CASES, 1, "hd_mm", rng())
    assert (defined.n, defined.infinite, defined.undefined) == (2, 1, 1)
    assert (penalised.n, penalised.infinite, penalised.undefined) == (3, 0, 1)
    diagonal = math.hypot(5, 3, 18)
    assert penalised.mean == pytest.approx((2 * defined.mean + diagonal) / 3)
    assert penalised.mean > defined.mean


def test_a_miss_counts_as_zero_in_both_dice() -> None:
    defined, penalised = summaries(CASES, 1, "dice", rng())
    assert defined == penalised
    assert (defined.n, defined.undefined) == (3, 1)
    assert defined.mean == pytest.approx(1.5 / 3)
    assert (defined.first_quartile, defined.median, defined.third_quartile) == (0.25, 0.5, 0.75)
    assert 0 <= defined.low < defined.mean < defined.high <= 1


def test_three_dice_by_hand() -> None:
    """6 voxels shared of 6 predicted and 12 in the references; cases 1, 1/2, 0; lesions the same three."""
    found = three_dice(CASES, 1)
    assert found.pooled == pytest.approx(2 * 6 / (6 + 12))
    assert found.per_case == pytest.approx(0.5)
    assert found.per_lesion == pytest.approx(0.5)
    assert (found.n, found.undefined, found.lesions) == (3, 1, 3)


def test_a_case_that_holds_no_label_is_counted_beside_the_mean_dice() -> None:
    found = three_dice([CASES[0], replace(CASES[1], labels=())], 1)
    assert (found.per_case, found.n, found.undefined, found.lesions) == (1, 1, 1, 1)


def test_small_lesions_rule_the_mean_per_lesion() -> None:
    cards = [card("a", "xxxxxx.......", "xxxxxx.x.x.x."), card("b", "xxxx.........", "xxxx.........")]
    found = three_dice(cards, 1)
    assert found.pooled == pytest.approx(2 * 10 / (10 + 13))
    assert found.per_case == pytest.approx((2 * 6 / 15 + 1) / 2)
    assert found.per_lesion == pytest.approx((1 + 0 + 0 + 0 + 1) / 5)


def test_the_interval_narrows_with_more_cases_and_is_the_same_for_one_seed() -> None:
    values = np.random.default_rng(3).normal(0.7, 0.1, 100)
    few, many, again = summarise(values[:10], rng()), summarise(values, rng()), summarise(values, rng())
    assert many == again
    assert many.high - many.low < few.high - few.low
    spread = 1.96 * values.std(ddof=1) / 10
    assert many.low == pytest.approx(values.mean() - spread, abs=0.005)
    assert many.high == pytest.approx(values.mean() + spread, abs=0.005)


figures = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


@settings(max_examples=60, deadline=None)
@given(st.lists(figures, max_size=12))
def test_every_case_is_counted_once(values: list[float]) -> None:
    found = summarise(values, rng())
    assert found.n + found.infinite + found.undefined == len(values)
    if found.n:
        used = [value for value in values if math.isfinite(value)]
        assert min(used) - 1e-6 <= found.mean <= max(used) + 1e-6
        assert min(used) <= found.first_quartile <= found.median <= found.third_quartile <= max(used)
    if found.n > 1:
        assert found.low <= found.high


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([("xx..", "xx.."), ("x...", "xx.."), ("....", ".xx."), (".x..", "...."), ("....",) * 2]))
)
def test_every_case_of_a_cohort_is_counted_in_both_summaries(masks: list[tuple[str, str]]) -> None:
    cards = [card(str(k), *pair) for k, pair in enumerate(masks)]
    for key in ("dice", "recall", "hd_mm"):
        for summary in summaries(cards, 1, key, rng()):
            assert summary.n + summary.infinite + summary.undefined == len(masks)
    defined, penalised = summaries(cards, 1, "hd_mm", rng())
    assert penalised.infinite == 0
    assert penalised.n == defined.n + defined.infinite


def test_one_case_has_a_mean_but_no_interval() -> None:
    found = summarise([0.5], rng())
    assert found.mean == found.median == 0.5
    assert math.isnan(found.low)
    assert summarise([math.nan, math.inf], rng()).n == 0


def test_two_predictions_are_compared_case_by_case() -> None:
    length = 30
    first = [card(str(k), "x" * (20 + k) + "." * (10 - k), "x" * length) for k in range(10)]
    second = [card(str(k), "x" * (15 + k // 2) + "." * (15 - k // 2), "x" * length) for k in range(9, -1, -1)]
    found = compare(first, second, 1, "dice", rng())
    apart = [2 * (20 + k) / (50 + k) - 2 * (15 + k // 2) / (45 + k // 2) for k in range(10)]
    assert (found.n, found.left_out) == (10, 0)
    assert found.mean == pytest.approx(np.mean(apart))
    assert found.low < found.mean < found.high
    assert found.p == pytest.approx(stats.wilcoxon(apart).pvalue)
    assert found.p == pytest.approx(2 / 2**10)  # all ten in one direction


def test_equal_predictions_do_not_differ() -> None:
    found = compare(CASES, CASES, 1, "hd95_mm", rng())
    assert (found.n, found.left_out, found.mean, found.p) == (3, 1, 0, 1)


def test_without_a_shared_case_nothing_is_compared() -> None:
    found = compare(CASES, [], 1, "dice", rng())
    assert (found.n, found.left_out) == (0, 0)
    assert math.isnan(found.p)
