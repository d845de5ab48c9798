"""Distances between surfaces, worked out by hand on single voxels.

The mesh around one voxel is an octahedron whose corners lie half a voxel away: at spacing (5, 3, 2) mm 2.5, 1.5
and 1 mm. Its eight faces have the same area, and centroids (±5/6, ±1/2, ±1/3) mm from the voxel's centre. From
all of them the nearest point of another octahedron on the same axis is its nearest corner.
"""

import math
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scoring.surfaces import (
    Definition,
    average_distances,
    average_symmetric_distance,
    hausdorff,
    mean_average_distance,
    surface_dice,
    surface_distances,
)
from tests.core.scoring.shapes import SPACING, Bools, blobs, voxels

SHAPE = (4, 5, 6)
EMPTY, ONE = voxels(SHAPE), voxels(SHAPE, (0, 1, 1))
ALONG_X, ALONG_Z = voxels(SHAPE, (0, 1, 4)), voxels(SHAPE, (3, 1, 1))
MESH, MONAI, SURFEL = Definition.MESH, Definition.MONAI, Definition.SURFEL


@pytest.mark.parametrize(
    ("definition", "other", "near", "far"),
    [
        # 6 mm along x: the corner at 5 mm, seen from faces at +1/3 and -1/3 mm
        (MESH, ALONG_X, sqrt(25 / 36 + 1 / 4 + (5 - 1 / 3) ** 2), sqrt(25 / 36 + 1 / 4 + (5 + 1 / 3) ** 2)),
        # 15 mm along z: the corner at 12.5 mm, seen from +5/6 and -5/6 mm
        (MESH, ALONG_Z, sqrt(1 / 9 + 1 / 4 + (12.5 - 5 / 6) ** 2), sqrt(1 / 9 + 1 / 4 + (12.5 + 5 / 6) ** 2)),
        (MONAI, ALONG_X, 6, 6),
        (MONAI, ALONG_Z, 15, 15),
        # neighbourhoods at the voxel's corners: those at +1 mm and -1 mm see the nearest at 5 mm
        (SURFEL, ALONG_X, 4, 6),
        (SURFEL, ALONG_Z, 10, 15),
    ],
)
def test_two_voxels_by_hand(definition: Definition, other: Bools, near: float, far: float) -> None:
    distances = surface_distances(ONE, other, SPACING, definition)
    assert hausdorff(distances) == pytest.approx(far)
    assert hausdorff(distances, 95) == pytest.approx(far)
    assert average_symmetric_distance(distances) == pytest.approx((near + far) / 2)
    assert average_distances(distances) == pytest.approx(((near + far) / 2,) * 2)
    half = (near + far) / 2 + 1e-9
    assert surface_dice(distances, half) == pytest.approx(1 if near == far else 0.5)
    assert surface_dice(distances, 1.01 * far) == 1
    assert surface_dice(distances, 0.99 * near) == 0


def test_the_area_of_a_voxels_mesh_by_hand() -> None:
    """Half the root of (2.5 × 1.5)² + (1.5 × 1)² + (2.5 × 1)² = 22.5625 is 2.375 mm²."""
    mesh = surface_distances(ONE, ONE, SPACING).to_reference
    np.testing.assert_allclose(mesh.weights, [2.375] * 8)
    surfels = surface_distances(ONE, ONE, SPACING, SURFEL).to_reference
    np.testing.assert_allclose(surfels.weights, [2.375] * 8)
    assert surface_distances(ONE, ONE, SPACING, MONAI).to_reference.weights.tolist() == [1]


def test_a_directed_distance_knows_where_it_starts() -> None:
    both = ONE | ALONG_X
    there, back = average_distances(surface_distances(both, ONE, SPACING, MONAI))
    assert (there, back) == (3, 0)  # two voxels at 6 and 0 mm; one at 0 mm
    distances = surface_distances(both, ONE, SPACING, MONAI)
    assert average_symmetric_distance(distances) == 2  # (6 + 0 + 0) / 3
    assert mean_average_distance(distances) == 1.5  # (3 + 0) / 2
    assert surface_dice(distances, 1) == pytest.approx(2 / 3)


def test_ranks_are_interpolated_as_monai_does_and_areas_are_not() -> None:
    both = ONE | ALONG_X
    assert hausdorff(surface_distances(both, ONE, SPACING, MONAI), 75) == pytest.approx(4.5)  # between 0 and 6
    steps = surface_distances(both, ONE, SPACING, SURFEL)
    assert {hausdorff(steps, p) for p in (10, 40, 60, 74, 76, 95)} <= {0.0, 4.0, 6.0}


@pytest.mark.parametrize("definition", Definition)
def test_equal_masks_lie_on_each_other(definition: Definition) -> None:
    distances = surface_distances(ONE, ONE, SPACING, definition)
    assert hausdorff(distances) == average_symmetric_distance(distances) == 0
    assert surface_dice(distances, 0) == 1


@pytest.mark.parametrize("definition", Definition)
def test_two_empty_masks_leave_nothing_to_measure(definition: Definition) -> None:
    distances = surface_distances(EMPTY, EMPTY, SPACING, definition)
    assert math.isnan(hausdorff(distances, 95))
    assert math.isnan(average_symmetric_distance(distances))
    assert math.isnan(surface_dice(distances, 2))
    assert all(math.isnan(mm) for mm in average_distances(distances))


@pytest.mark.parametrize("definition", Definition)
@pytest.mark.parametrize("turn", [1, -1])
def test_what_is_missed_or_made_up_is_infinitely_far(definition: Definition, turn: int) -> None:
    distances = surface_distances(*(ONE, EMPTY)[::turn], SPACING, definition)  # type: ignore[misc]
    assert hausdorff(distances) == hausdorff(distances, 95) == math.inf
    assert average_symmetric_distance(distances) == mean_average_distance(distances) == math.inf
    assert surface_dice(distances, 1e9) == 0


def test_to_chaos_the_edge_of_the_image_is_no_surface() -> None:
    """Two rows of voxels along the whole of x: MONAI sees both end faces, CHAOS only the sides."""
    row = np.zeros((3, 4, 6), np.bool_)
    row[1, 1:3] = True  # every voxel has background above it
    block = np.ones((3, 4, 6), np.bool_)
    block[:, :, 3:] = False  # only the face at x = 2 borders background
    assert len(surface_distances(block, block, SPACING, Definition.CHAOS).to_reference.mm) == 3 * 4
    assert len(surface_distances(block, block, SPACING, MONAI).to_reference.mm) == 3 * 4 * 3 - 1 * 2 * 1
    assert len(surface_distances(row, row, SPACING, Definition.CHAOS).to_reference.mm) == 12
    distances = surface_distances(block, row, SPACING, Definition.CHAOS)
    assert hausdorff(distances) == 6  # from x = 5 to x = 2


@pytest.mark.parametrize("definition", [MESH, MONAI, SURFEL])
def test_the_edge_of_the_image_is_a_surface(definition: Definition) -> None:
    whole = np.ones((3, 4, 5), np.bool_)
    less = whole.copy()
    less[:, :, -1] = False
    assert hausdorff(surface_distances(less, whole, SPACING, definition)) == pytest.approx(2, abs=0.35)


def test_one_slice_is_enough() -> None:
    flat, moved = np.zeros((1, 6, 7), np.bool_), np.zeros((1, 6, 7), np.bool_)
    flat[0, 1:4, 1:5] = moved[0, 2:5, 1:5] = True
    assert hausdorff(surface_distances(flat, moved, SPACING, MONAI)) == 3


@pytest.mark.parametrize(
    ("predicted", "spacing", "error", "words"),
    [
        (ONE[0], SPACING, ValueError, "must be"),
        (ONE, (5.0, 0.0, 2.0), ValueError, "three positive mm"),
        (ONE.astype(np.uint8), SPACING, TypeError, "uint8"),
        (ONE[:, :, 1:], SPACING, ValueError, "predicted has shape"),
    ],
)
def test_a_programmers_mistake_is_loud(
    predicted: Bools, spacing: tuple[float, float, float], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        surface_distances(predicted, ONE, spacing)


def test_percentiles_and_tolerances_out_of_range_are_refused() -> None:
    distances = surface_distances(ONE, ONE, SPACING)
    with pytest.raises(ValueError, match=r"0\.\.100, got 101"):
        hausdorff(distances, 101)
    with pytest.raises(ValueError, match="got -1"):
        surface_dice(distances, -1)


def figures(distances: object) -> list[float]:
    return [hausdorff(distances), hausdorff(distances, 95), average_symmetric_distance(distances)]  # type: ignore[arg-type]


seeds = st.integers(0, 10**6)
definitions = st.sampled_from(list(Definition))


@settings(max_examples=25, deadline=None)
@given(seeds, definitions)
def test_neither_mask_comes_first(seed: int, definition: Definition) -> None:
    one, two = blobs(seed)
    there = surface_distances(one, two, SPACING, definition)
    back = surface_distances(two, one, SPACING, definition)
    assert figures(there) == pytest.approx(figures(back))
    assert surface_dice(there, 3) == pytest.approx(surface_dice(back, 3))
    assert average_distances(there) == pytest.approx(average_distances(back)[::-1])


@settings(max_examples=25, deadline=None)
@given(seeds, definitions, st.floats(0.05, 40))
def test_distances_grow_with_the_voxels(seed: int, definition: Definition, factor: float) -> None:
    one, two = blobs(seed)
    z, y, x = SPACING
    before = surface_distances(one, two, SPACING, definition)
    after = surface_distances(one, two, (z * factor, y * factor, x * factor), definition)
    assert figures(after) == pytest.approx([factor * mm for mm in figures(before)], rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seeds, definitions, st.tuples(*[st.integers(0, 9)] * 3))
def test_where_in_the_image_does_not_matter(seed: int, definition: Definition, shift: tuple[int, int, int]) -> None:
    one, two = (np.pad(mask, 1) for mask in blobs(seed))  # to CHAOS the edge of the image is special
    around = [(n, 12 - n) for n in shift]
    here = surface_distances(one, two, SPACING, definition)
    there = surface_distances(np.pad(one, around), np.pad(two, around), SPACING, definition)
    assert figures(here) == pytest.approx(figures(there))


@settings(max_examples=25, deadline=None)
@given(seeds, definitions)
def test_the_figures_keep_their_order(seed: int, definition: Definition) -> None:
    distances = surface_distances(*blobs(seed), SPACING, definition)
    least, most = sorted(average_distances(distances))
    assert 0 <= least <= average_symmetric_distance(distances) <= most + 1e-12
    assert most <= hausdorff(distances) + 1e-12
    assert hausdorff(distances, 50) <= hausdorff(distances, 95) <= hausdorff(distances)
    shares = [surface_dice(distances, mm) for mm in (0, 1, 2, 5, 1000)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
