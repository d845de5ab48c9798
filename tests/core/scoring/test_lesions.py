import math
from math import pi

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.scoring.lesions import Band, Lesion, match_lesions
from tests.core.scoring.shapes import blobs, drawn, voxels

VOXEL_ML = 0.03  # 5 × 3 × 2 mm


def test_found_missed_and_false_by_hand() -> None:
    """Left: 4 voxels against 3 of them, IoU 3/4. Right: one voxel nobody found. Below: one that is not there."""
    reference = drawn("xx....x xx..... .......", "....... ....... .......")
    predicted = drawn("xx..... x...... .......", "....... ....... ...x...")
    table = match_lesions(predicted, reference, VOXEL_ML)
    (match,) = table.matches
    assert match.dice == pytest.approx(6 / 7)
    assert match.iou == pytest.approx(3 / 4)
    assert match.reference.volume_ml == pytest.approx(0.12)
    assert match.reference.centre == (0, 0.5, 0.5)
    assert [lesion.centre for lesion in table.missed] == [(0, 0, 6)]
    assert [lesion.centre for lesion in table.false] == [(1, 2, 3)]
    assert table.recall == table.precision == table.f1 == 0.5
    assert table.dice == pytest.approx((6 / 7, 0))
    assert table.mean_dice == pytest.approx(3 / 7)


def test_voxels_that_touch_at_a_corner_are_one_lesion() -> None:
    corner = voxels((2, 3, 4), (0, 0, 0), (1, 1, 1))
    table = match_lesions(corner, corner, VOXEL_ML)
    assert len(table.matches) == 1
    assert table.matches[0].reference.voxels == 2


def test_one_blob_over_two_lesions_finds_one() -> None:
    reference = drawn("xxx.xx.")
    predicted = drawn("xxxxxx.")
    table = match_lesions(predicted, reference)
    assert [match.reference.voxels for match in table.matches] == [3]  # IoU 3/6 beats 2/6
    assert [lesion.voxels for lesion in table.missed] == [2]
    assert table.false == ()
    assert (table.recall, table.precision) == (0.5, 1)


def test_crumbs_in_one_lesion_are_one_hit() -> None:
    table = match_lesions(drawn("x.xx.x."), drawn("xxxxxx."))
    assert [match.predicted.voxels for match in table.matches] == [2]
    assert [lesion.voxels for lesion in table.false] == [1, 1]


@pytest.mark.parametrize(("least", "found"), [(0.1, 1), (0.5, 1), (0.51, 0)])
def test_how_much_must_be_shared_is_chosen(least: float, found: int) -> None:
    assert len(match_lesions(drawn("xx.."), drawn("xxxx"), least_iou=least).matches) == found


@pytest.mark.parametrize(
    ("predicted", "reference", "expected"),
    [  # recall, precision, F1, mean Dice
        ("....", "....", (math.nan, math.nan, math.nan, math.nan)),
        ("....", ".xx.", (0, math.nan, 0, 0)),
        (".x..", "....", (math.nan, 0, 0, math.nan)),
    ],
)
def test_without_lesions_what_is_undefined_is_nan(predicted: str, reference: str, expected: tuple[float, ...]) -> None:
    table = match_lesions(drawn(predicted), drawn(reference), VOXEL_ML)
    assert (table.recall, table.precision, table.f1, table.mean_dice) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("diameter", "band"), [(9.99, Band.SMALL), (10.01, Band.MEDIUM), (19.99, Band.MEDIUM), (20.01, Band.LARGE)]
)
def test_size_is_the_diameter_of_a_ball_of_the_same_volume(diameter: float, band: Band) -> None:
    lesion = Lesion(1, 1, pi / 6 * diameter**3 / 1000, (0, 0, 0))
    assert lesion.diameter_mm == pytest.approx(diameter)
    assert lesion.band is band


def test_without_a_voxel_size_no_lesion_has_a_band() -> None:
    (match,) = match_lesions(drawn("xx"), drawn("xx")).matches
    assert match.reference.band is None
    assert math.isnan(match.reference.diameter_mm)


def test_a_band_keeps_its_lesions() -> None:
    reference = np.zeros((4, 12, 30), np.bool_)
    reference[0:4, 0:10, 0:10] = True  # 400 voxels of 0.03 ml: 28 mm
    reference[1, 3, 20] = True  # 3.9 mm
    table = match_lesions(reference & (np.arange(30) < 15), reference, VOXEL_ML)
    assert (table.band(Band.LARGE).recall, table.band(Band.SMALL).recall) == (1, 0)
    assert math.isnan(table.band(Band.MEDIUM).recall)


def test_places_are_those_of_the_whole_image() -> None:
    mask = voxels((3, 4, 5), (1, 2, 3))
    (match,) = match_lesions(mask, mask, offset=(10, 20, 30)).matches
    assert match.reference.centre == (11, 22, 33)


def test_thousands_of_lesions_are_matched_without_a_table_of_all_pairs() -> None:
    mask = np.zeros((3, 150, 160), np.bool_)
    mask[1, ::2, ::2] = True
    mask[1, ::2, 1::4] = True  # pairs: 75 × 40 lesions of three voxels
    table = match_lesions(mask, mask, VOXEL_ML)
    assert len(table.matches) == 75 * 40
    assert table.mean_dice == 1


@pytest.mark.parametrize("least", [0, -1, 1.5])
def test_a_threshold_that_means_nothing_is_refused(least: float) -> None:
    with pytest.raises(ValueError, match="least_iou"):
        match_lesions(drawn("x"), drawn("x"), least_iou=least)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.tuples(st.integers(0, 8), st.integers(0, 16), st.integers(0, 21)))
def test_a_false_lesion_never_raises_precision(seed: int, place: tuple[int, int, int]) -> None:
    predicted, reference = blobs(seed)
    around = tuple(slice(max(0, at - 1), at + 2) for at in place)
    assume(not predicted[around].any() and not reference[place])
    before = match_lesions(predicted, reference)
    predicted[place] = True
    after = match_lesions(predicted, reference)
    assert after.recall == before.recall or math.isnan(before.recall)
    assert not after.precision > before.precision
    assert not after.f1 > before.f1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_every_lesion_is_listed_once(seed: int) -> None:
    predicted, reference = blobs(seed)
    table, back = match_lesions(predicted, reference), match_lesions(reference, predicted)
    assert sum(m.reference.voxels for m in table.matches) + sum(x.voxels for x in table.missed) == reference.sum()
    assert sum(m.predicted.voxels for m in table.matches) + sum(x.voxels for x in table.false) == predicted.sum()
    assert (len(table.missed), len(table.false)) == (len(back.false), len(back.missed))
