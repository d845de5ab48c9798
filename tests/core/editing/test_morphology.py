"""Mending shapes, on voxels that are not as deep as wide as tall."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from core.editing import morphology
from core.imaging.grid import Grid

GRID = Grid.from_geometry((7, 12, 15), (2.5, 0.5, 0.8))
Masks = dict[int, npt.NDArray[np.bool_]]


def picture(*rows: str) -> npt.NDArray[np.bool_]:
    """A slice of `GRID` with a drawing in its upper left corner, one character per voxel."""
    mask = np.zeros(GRID.shape[1:], dtype=bool)
    for y, row in enumerate(rows):
        mask[y, : len(row)] = [character == "#" for character in row]
    return mask


def body(masks: Masks) -> npt.NDArray[np.bool_]:
    whole = np.zeros(GRID.shape, dtype=bool)
    for z, mask in masks.items():
        whole[z] = mask
    return whole


def ellipsoid(grid: Grid, radius_mm: float) -> Masks:
    """A ball in mm round the middle of a grid."""
    places = np.indices(grid.shape) - (np.array(grid.shape)[:, None, None, None] - 1) / 2
    inside = ((places * np.array(grid.spacing)[:, None, None, None]) ** 2).sum(axis=0) <= radius_mm**2
    return {z: inside[z] for z in range(grid.shape[0]) if inside[z].any()}


def scattered(seed: int, slices: list[int], share: float = 0.15) -> Masks:
    generator = np.random.default_rng(seed)
    masks = {z: generator.random(GRID.shape[1:]) < share for z in slices}
    for mask in masks.values():
        mask[5, 7] = True
    return masks


SOLID = [1, 2, 3]
SINGLE = [0, 3, 5]
SOME = st.builds(scattered, st.integers(0, 10_000), st.sampled_from([SOLID, SINGLE, [2], [0, 1, 5, 6]]))


def test_holes_are_filled_and_bays_are_not() -> None:
    before = picture(".#####", ".#...#", ".#.#.#", ".#####", "", "###", "#..", "###")
    after = morphology.fill_holes({4: before})
    assert (after[4] == picture(".#####", ".#####", ".#####", ".#####", "", "###", "#..", "###")).all()


def test_a_hole_in_the_lowest_slice_of_a_body_is_filled_too() -> None:
    ring = picture("", ".###", ".#.#", ".###")
    after = morphology.fill_holes({2: ring, 3: ring})
    assert all(mask.sum() == 9 for mask in after.values())


def test_all_cavities_of_a_body_are_filled() -> None:
    masks = scattered(3, SOLID, share=0.7)
    closed = ndimage.binary_fill_holes(body(masks))
    assert not (closed & ~body(morphology.fill_holes(masks))).any()


def test_the_largest_island_of_a_body_is_the_largest_in_3d() -> None:
    """The island on the right is smaller on each slice that both are on, and larger as a body."""
    left, right = picture("####"), picture("", "", "", "......###")
    after = morphology.keep_largest({1: left | right, 2: right, 3: right})
    assert (body(after) == body({1: right, 2: right, 3: right})).all()


def test_voxels_that_touch_at_a_corner_hang_together() -> None:
    masks = {1: picture("##", "", "....#"), 2: picture("..", "..#")}
    assert np.argwhere(body(morphology.keep_largest(masks))).tolist() == [[1, 0, 0], [1, 0, 1], [2, 1, 2]]


def test_single_slices_keep_an_island_each() -> None:
    masks = {1: picture("##..#"), 4: picture("#..###")}
    after = morphology.keep_largest(masks)
    assert (body(after) == body({1: picture("##"), 4: picture("...###")})).all()


@settings(deadline=None, max_examples=60)
@given(SOME)
def test_the_largest_island_is_as_large_as_a_second_implementation_says(masks: Masks) -> None:
    touching = np.ones((3, 3, 3))
    touching[[0, 2]] = any(z + 1 in masks for z in masks)
    labels, _ = ndimage.label(body(masks), touching)
    after = body(morphology.keep_largest(masks))
    pieces = [labels] if touching.all() else [labels[z] for z in masks]
    kept = [after] if touching.all() else [after[z] for z in masks]
    for piece, left in zip(pieces, kept, strict=True):
        assert len(set(piece[left])) == 1
        assert left.sum() == np.bincount(piece[piece > 0]).max()


def test_an_island_in_a_slice_beyond_a_gap_is_another_island_of_a_body() -> None:
    masks = {1: picture("###"), 2: picture("###"), 5: picture("###")}
    assert not morphology.keep_largest(masks)[5].any()


@pytest.mark.parametrize(("least_mm3", "islands"), [(0.5, 3), (1.0, 3), (1.01, 2), (2.0, 2), (6.0, 1), (6.01, 0)])
def test_islands_are_small_by_their_volume(least_mm3: float, islands: int) -> None:
    """A voxel has 2.5 × 0.5 × 0.8 = 1 mm³; the islands have 1, 2 and 6, the last over two slices."""
    masks = {2: picture("#", "", "..##", "", "......###"), 3: picture("", "", "", "", "......###")}
    after = body(morphology.remove_small(masks, least_mm3, GRID))
    assert ndimage.label(after, np.ones((3, 3, 3)))[1] == islands


@settings(deadline=None, max_examples=40)
@given(SOME, st.floats(0.3, 6))
def test_a_body_grows_by_the_voxels_whose_centre_is_near_enough(masks: Masks, mm: float) -> None:
    """Second implementation: the distance map, of the body or of each slice."""
    before = body(masks)
    if any(z + 1 in masks for z in masks):
        far = ndimage.distance_transform_edt(~before, sampling=GRID.spacing)
    else:
        far = np.full(GRID.shape, np.inf)
        for z in masks:
            far[z] = ndimage.distance_transform_edt(~before[z], sampling=GRID.spacing[1:])
    after = body(morphology.grow(masks, mm, GRID))
    clear = abs(far - mm) > 1e-6
    assert (after == (far <= mm))[clear].all()


@settings(deadline=None, max_examples=40)
@given(SOME, st.floats(0.3, 6))
def test_growing_and_then_shrinking_contains_the_original(masks: Masks, mm: float) -> None:
    after = morphology.grow(morphology.grow(masks, mm, GRID), -mm, GRID)
    assert not (body(masks) & ~body(after)).any()


@settings(deadline=None, max_examples=40)
@given(SOME, st.floats(0.3, 3))
def test_shrinking_takes_off_what_growing_the_outside_would_reach(masks: Masks, mm: float) -> None:
    outside = ~body(masks)
    if any(z + 1 in masks for z in masks):
        far = ndimage.distance_transform_edt(~outside, sampling=GRID.spacing)
    else:
        far = np.stack([ndimage.distance_transform_edt(~layer, sampling=GRID.spacing[1:]) for layer in outside])
    after = body(morphology.grow(masks, -mm, GRID))
    clear = abs(far - mm) > 1e-6
    assert (after == (far > mm))[clear].all()


def test_a_margin_of_2_5_mm_reaches_the_next_slice_and_2_4_mm_does_not() -> None:
    masks = {2: picture("", "..###"), 3: picture("", "..###")}
    assert sorted(morphology.grow(masks, 2.4, GRID)) == [2, 3]
    assert sorted(morphology.grow(masks, 2.5, GRID)) == [1, 2, 3, 4]


def test_a_single_slice_stays_single() -> None:
    after = morphology.grow({3: picture("", "", "....#")}, 6.0, GRID)
    assert sorted(after) == [3]


def test_the_edge_of_the_volume_is_no_edge_of_the_object() -> None:
    full = {z: np.ones(GRID.shape[1:], dtype=bool) for z in range(GRID.shape[0])}
    assert body(morphology.grow(full, -3.0, GRID)).all()


def test_smoothing_takes_off_a_spike_and_keeps_the_size() -> None:
    grid = Grid.from_geometry((9, 41, 31), (2.5, 0.5, 0.8))
    masks = ellipsoid(grid, 7.0)
    masks[4][2:7, 15] = True
    after = morphology.smooth(masks, 1.0, grid)
    assert not after[4][2:5, 15].any()
    count = sum(int(mask.sum()) for mask in masks.values())
    assert sum(int(mask.sum()) for mask in after.values()) == pytest.approx(count, rel=0.01)


def test_smoothing_leaves_a_ball_nearly_as_it_is() -> None:
    grid = Grid.from_geometry((13, 41, 31), (1.3, 0.5, 0.8))
    masks = ellipsoid(grid, 7.0)
    after = morphology.smooth(masks, 1.0, grid)
    differ = sum(int((mask ^ after[z]).sum()) for z, mask in masks.items())
    assert differ < 0.02 * sum(int(mask.sum()) for mask in masks.values())


def test_a_small_object_survives_smoothing_on_a_larger_scale() -> None:
    masks = {2: picture("", "", "...##", "...##"), 3: picture("", "", "...##")}
    after = morphology.smooth(masks, 4.0, GRID)
    assert 6 <= sum(int(mask.sum()) for mask in after.values()) <= 8


@settings(deadline=None, max_examples=40)
@given(SOME, st.floats(0.3, 4))
def test_smoothing_adds_no_slice_and_loses_no_voxel(masks: Masks, mm: float) -> None:
    after = morphology.smooth(masks, mm, GRID)
    assert after.keys() == masks.keys()
    assert body(after).sum() >= body(masks).sum()


def test_a_single_slice_is_smoothed_within_itself() -> None:
    """The edge of the slice above and below is none: two slices far apart come out as each would alone."""
    masks = scattered(5, [1, 5], share=0.5)
    after = morphology.smooth(masks, 1.0, GRID)
    alone = morphology.smooth({5: masks[5]}, 1.0, GRID)
    assert (after[5] == alone[5]).all()
    assert (after[5] != masks[5]).any()


def test_without_voxel_size_a_voxel_counts_as_one_millimetre() -> None:
    unknown = Grid.from_geometry(GRID.shape, (2.5, 0.5, 0.8), has_spacing=False)
    after = morphology.grow({3: picture("", "", "", "....#")}, 2.0, unknown)
    assert after[3].sum() == 13, "the lattice points within 2 of a point"


def test_tidying_keeps_the_largest_island_without_holes_and_rounds_it() -> None:
    grid = Grid.from_geometry((9, 20, 26), (2.5, 0.5, 0.8))
    ball = {z: mask.copy() for z, mask in ellipsoid(grid, 4.0).items()}
    rough = {z: mask.copy() for z, mask in ball.items()}
    rough[4][9, 12] = False
    rough[4][0, 0:2] = True
    assert all(np.array_equal(mask, ball[z]) for z, mask in morphology.tidied(rough, grid, 0).items())
    smoothed = morphology.tidied(rough, grid, 0.5)
    alone = morphology.smooth(ball, 0.5, grid)
    assert all(np.array_equal(smoothed[z], alone[z]) for z in ball)
