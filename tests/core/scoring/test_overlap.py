import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.scoring.overlap import Confusion, confusion, dice, iou, per_slice
from tests.core.scoring.shapes import blobs, drawn


def row(text: str) -> np.ndarray:
    return np.array([[c == "x" for c in text]])


@pytest.mark.parametrize(
    ("predicted", "reference", "expected_dice", "expected_iou"),
    [
        ("xxx...", "xxx...", 1, 1),
        ("xxx...", "...xxx", 0, 0),
        ("xxxx..", ".xxx.x", 2 * 3 / (4 + 4), 3 / 5),
        ("x.....", "xxxxx.", 2 * 1 / (1 + 5), 1 / 5),
        ("......", "..x...", 0, 0),
        ("..x...", "......", 0, 0),
    ],
)
def test_by_hand(predicted: str, reference: str, expected_dice: float, expected_iou: float) -> None:
    assert dice(row(predicted), row(reference)) == pytest.approx(expected_dice)
    assert iou(row(predicted), row(reference)) == pytest.approx(expected_iou)


def test_two_empty_masks_have_no_overlap_to_speak_of() -> None:
    assert math.isnan(dice(row("..."), row("...")))
    assert math.isnan(iou(row("..."), row("...")))


def test_counts_beyond_a_byte_do_not_wrap_round() -> None:
    whole = np.ones((7, 30, 40), dtype=bool)
    half = whole.copy()
    half[:, :15] = False
    assert dice(half, whole) == pytest.approx(2 * 4200 / (4200 + 8400))


@pytest.mark.parametrize("metric", [dice, iou])
def test_masks_of_different_shapes_are_refused(metric: type[dice]) -> None:  # type: ignore[valid-type]
    with pytest.raises(ValueError, match=r"\(1, 3\), reference \(1, 4\)"):
        metric(row("xxx"), row("xxxx"))


@pytest.mark.parametrize("metric", [dice, iou])
def test_label_maps_are_refused(metric: type[dice]) -> None:  # type: ignore[valid-type]
    with pytest.raises(TypeError, match="uint8"):
        metric(np.ones((2, 3), np.uint8), np.ones((2, 3), bool))


def test_every_ratio_by_hand() -> None:
    """Two slices of 2 × 5 voxels: 4 right, 2 too many, 3 missed, 11 background."""
    predicted = drawn("xx... .x...", "xxx.. .....")
    reference = drawn("xxx.. .xx..", "x...x .....")
    counts = confusion(predicted, reference)
    assert counts == Confusion(tp=4, fp=2, fn=3, tn=11)
    assert counts.dice == pytest.approx(8 / 13)
    assert counts.iou == pytest.approx(4 / 9)
    assert counts.precision == pytest.approx(4 / 6)
    assert counts.recall == pytest.approx(4 / 7)
    assert counts.specificity == pytest.approx(11 / 13)
    assert counts.accuracy == pytest.approx(15 / 20)
    assert counts.volume_difference_percent == pytest.approx(-100 / 7)
    assert counts.volume_difference_ml(0.03) == pytest.approx(-0.03)


def test_slices_are_counted_one_by_one() -> None:
    predicted = drawn("xx... .x...", "xxx.. .....", "..... .....")
    reference = drawn("xxx.. .xx..", "x...x .....", "..... .....")
    found = per_slice(predicted, reference)
    assert found == [Confusion(3, 0, 2, 5), Confusion(1, 2, 1, 6), Confusion(0, 0, 0, 10)]


@pytest.mark.parametrize(
    ("predicted", "reference", "expected"),
    [  # Dice, IoU, precision, recall, specificity, volume difference %
        ("....", "....", (math.nan, math.nan, math.nan, math.nan, 1, math.nan)),
        ("....", ".xx.", (0, 0, math.nan, 0, 1, -100)),
        (".x..", "....", (0, 0, 0, math.nan, 3 / 4, math.nan)),
        ("xxxx", "xxxx", (1, 1, 1, 1, math.nan, 0)),
    ],
)
def test_what_is_undefined_is_nan(predicted: str, reference: str, expected: tuple[float, ...]) -> None:
    counts = confusion(drawn(predicted), drawn(reference))
    found = (counts.dice, counts.iou, counts.precision, counts.recall, counts.specificity)
    assert (*found, counts.volume_difference_percent) == pytest.approx(expected, nan_ok=True)


@settings(deadline=None)
@given(*[st.integers(0, 10**9)] * 4)
def test_dice_and_iou_say_the_same(tp: int, fp: int, fn: int, tn: int) -> None:
    counts = Confusion(tp, fp, fn, tn)
    if tp + fp + fn:
        assert counts.dice == pytest.approx(2 * counts.iou / (1 + counts.iou))
        assert 0 <= counts.iou <= counts.dice <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_swapping_the_masks_swaps_precision_and_recall(seed: int) -> None:
    one, two = blobs(seed)
    there, back = confusion(one, two), confusion(two, one)
    assert there.dice == back.dice
    assert (there.precision, there.recall) == (back.recall, back.precision)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.tuples(*[st.integers(0, 9)] * 3))
def test_where_in_the_image_does_not_matter(seed: int, shift: tuple[int, int, int]) -> None:
    one, two = blobs(seed)
    around = [(n, 9 - n) for n in shift]
    here = confusion(*(np.pad(mask, [(0, 9)] * 3) for mask in (one, two)))
    there = confusion(*(np.pad(mask, around) for mask in (one, two)))
    assert here == there


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.tuples(st.integers(0, 8), st.integers(0, 16), st.integers(0, 21)))
def test_a_voxel_too_many_never_raises_precision(seed: int, place: tuple[int, int, int]) -> None:
    predicted, reference = blobs(seed)
    before = confusion(predicted, reference)
    assume(not predicted[place] and not reference[place])
    predicted[place] = True
    after = confusion(predicted, reference)
    assert not after.precision > before.precision
    assert not after.dice > before.dice
    assert after.recall == before.recall or math.isnan(before.recall)
