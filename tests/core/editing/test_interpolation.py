"""The slices between outlined ones."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.editing.interpolation import between

SPACING = (4.0, 0.5, 0.8)
SHAPE = (60, 50)


def disc(y: float, x: float, radius_mm: float) -> npt.NDArray[np.bool_]:
    rows, columns = np.indices(SHAPE)
    return ((rows - y) * 0.5) ** 2 + ((columns - x) * 0.8) ** 2 <= radius_mm**2


def centre(mask: npt.NDArray[np.bool_]) -> list[float]:
    return [float(value) for value in np.argwhere(mask).mean(axis=0)]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(0.02, 0.6))
def test_between_two_equal_shapes_there_is_that_shape(seed: int, gap: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((12, 17)) < share
    mask[6, 7] = True
    found = between({3: mask, 3 + gap: mask}, SPACING)
    assert sorted(found) == list(range(4, 3 + gap))
    assert all((layer == mask).all() for layer in found.values())


def test_between_discs_of_4_and_8_mm_the_radius_rises_evenly() -> None:
    small, large = disc(30, 25, 4), disc(30, 25, 8)
    found = between({2: small, 6: large}, SPACING)
    for z, radius in ((3, 5), (4, 6), (5, 7)):
        assert found[z].sum() * 0.4 == pytest.approx(math.pi * radius**2, rel=0.06)
        assert (small <= found[z]).all()
        assert (found[z] <= large).all()


def test_a_disc_that_moves_away_without_overlap_arrives_step_by_step() -> None:
    found = between({0: disc(12, 10, 3), 4: disc(44, 38, 3)}, SPACING)
    for z in (1, 2, 3):
        assert centre(found[z]) == pytest.approx([12 + 8 * z, 10 + 7 * z], abs=0.5)
        assert found[z].sum() * 0.4 == pytest.approx(math.pi * 9, rel=0.1)


def test_what_both_slices_share_stays_when_one_bulges() -> None:
    wall = disc(30, 20, 7)
    bulging = wall | disc(30, 34, 6)
    found = between({1: wall, 3: bulging}, SPACING)
    assert (wall <= found[2]).all()
    assert wall.sum() < found[2].sum() < bulging.sum()


def test_each_of_two_pieces_meets_its_own() -> None:
    found = between({1: disc(12, 12, 3) | disc(45, 35, 3), 3: disc(15, 14, 3) | disc(48, 37, 3)}, SPACING)
    upper, lower = found[2].copy(), found[2].copy()
    upper[30:], lower[:30] = False, False
    assert centre(upper) == pytest.approx([13.5, 13], abs=0.5)
    assert centre(lower) == pytest.approx([46.5, 36], abs=0.5)


def test_a_piece_without_counterpart_dwindles_to_its_middle() -> None:
    lasting, ending = disc(12, 12, 4), disc(44, 36, 6)
    found = between({1: lasting | ending, 5: lasting}, SPACING)
    sizes = [int(found[z][30:].sum()) for z in (2, 3, 4)]
    assert int(ending.sum()) > sizes[0] > sizes[1] > sizes[2] > 0
    assert all(found[z][44, 36] for z in (2, 3, 4))
    assert all((found[z][:30] == lasting[:30]).all() for z in (2, 3, 4))


def test_only_missing_slices_are_returned_and_empty_ones_count_as_missing() -> None:
    empty = np.zeros(SHAPE, dtype=bool)
    masks = {1: disc(30, 25, 4), 2: disc(30, 25, 5), 3: empty, 4: disc(30, 25, 6), 7: disc(30, 25, 6)}
    assert sorted(between(masks, SPACING)) == [3, 5, 6]
    assert between({1: masks[1], 2: masks[2]}, SPACING) == {}
    assert between({1: masks[1]}, SPACING) == {}


def test_turning_the_volume_upside_down_turns_the_answer() -> None:
    first, last = disc(20, 12, 5) | disc(45, 40, 3), disc(26, 20, 8)
    up = between({0: first, 5: last}, SPACING)
    down = between({0: last, 5: first}, SPACING)
    assert all((up[z] == down[5 - z]).all() for z in range(1, 5))
