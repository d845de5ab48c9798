"""Numbers are worked out by hand; shapes and spacings are all unequal."""

import numpy as np
import pytest

from core.errors import GeometryError
from core.imaging.grid import Grid, reorder

SHAPE = (3, 4, 5)
SPACING = (5.0, 0.8, 0.7)


def columns(*axes: tuple[float, float, float]) -> np.ndarray:
    """World directions of the index axes z, y, x."""
    return np.array(axes, dtype=float).T


def test_a_voxel_index_lands_at_its_place_in_the_patient() -> None:
    grid = Grid.from_geometry(SHAPE, SPACING, origin=(-10, -20, 30))
    assert grid.to_world((2, 3, 4)) == pytest.approx([-10 + 4 * 0.7, -20 + 3 * 0.8, 30 + 2 * 5])
    assert grid.spacing == pytest.approx(SPACING)


def test_the_origin_is_the_centre_of_the_first_voxel() -> None:
    grid = Grid.from_geometry(SHAPE, SPACING, origin=(1, 2, 3))
    assert grid.corners()[0] == pytest.approx([1, 2, 3])
    assert grid.corners()[-1] == pytest.approx([1 + 2.8, 2 + 2.4, 3 + 10])


@pytest.mark.parametrize(
    ("axes", "letters"),
    [
        (((0, 0, 1), (0, 1, 0), (1, 0, 0)), "LPS"),
        (((0, 0, 1), (0, -1, 0), (-1, 0, 0)), "RAS"),
        (((0, 0, -1), (0, 1, 0), (1, 0, 0)), "LPI"),
        (((0, 1, 0), (0, 0, -1), (1, 0, 0)), "LIP"),  # coronal: rows to the feet, slices to the back
        (((1, 0, 0), (0, 0, -1), (0, 1, 0)), "PIL"),  # sagittal: columns to the back, slices to the left
    ],
)
def test_letters_say_where_x_y_and_z_grow(axes: tuple[tuple[float, float, float], ...], letters: str) -> None:
    assert Grid.from_geometry(SHAPE, SPACING, direction=columns(*axes)).orientation == letters


def test_an_axis_tilted_by_30_degrees_keeps_its_letter_and_one_tilted_by_60_takes_the_next() -> None:
    cos, sin = np.cos(np.radians(30)), np.sin(np.radians(30))
    tilted = Grid.from_geometry(SHAPE, SPACING, direction=columns((0, -sin, cos), (0, cos, sin), (1, 0, 0)))
    assert tilted.orientation == "LPS"
    steep = Grid.from_geometry(SHAPE, SPACING, direction=columns((0, -cos, sin), (0, sin, cos), (1, 0, 0)))
    assert steep.orientation == "LSA"


def test_in_lps_turns_a_sagittal_stack_by_hand() -> None:
    # z grows to R, y to I, x to P: sizes (3, 4, 5); in L-P-S slices are y, rows x, columns z.
    grid = Grid.from_geometry(SHAPE, SPACING, (7, 8, 9), columns((-1, 0, 0), (0, 0, -1), (0, 1, 0)))
    turned = grid.in_lps()
    assert turned.orientation == "LPS"
    assert turned.shape == (4, 5, 3)
    assert turned.spacing == pytest.approx((0.8, 0.7, 5.0))
    assert turned.to_world((0, 0, 0)) == pytest.approx([7 - 2 * 5, 8, 9 - 3 * 0.8])


def test_reorder_brings_each_voxel_to_the_place_it_had() -> None:
    grid = Grid.from_geometry(SHAPE, SPACING, (7, 8, 9), columns((-1, 0, 0), (0, 0, -1), (0, 1, 0)))
    voxels = np.arange(60, dtype=np.int16).reshape(SHAPE)
    turned = reorder(voxels, grid, grid.in_lps())
    assert turned[0, 0, 0] == voxels[2, 3, 0]
    assert turned[1, 4, 2] == voxels[0, 2, 4]
    assert (reorder(turned, grid.in_lps(), grid) == voxels).all()


def test_reorder_copies_nothing() -> None:
    grid = Grid.from_geometry(SHAPE, SPACING, direction=columns((0, 0, -1), (0, 1, 0), (-1, 0, 0)))
    voxels = np.zeros(SHAPE, dtype=np.uint8)
    assert np.shares_memory(voxels, reorder(voxels, grid, grid.in_lps()))


def test_reorder_refuses_a_grid_of_other_spacing() -> None:
    grid, other = Grid.from_geometry(SHAPE, SPACING), Grid.from_geometry(SHAPE, (5, 0.9, 0.7))
    with pytest.raises(GeometryError, match="not lie on the same voxel grid"):
        reorder(np.zeros(SHAPE, dtype=bool), grid, other)


def test_reorder_refuses_a_grid_of_another_size() -> None:
    with pytest.raises(GeometryError, match=r"\(3, 4, 5\) voxels and the other \(3, 4, 6\)"):
        reorder(np.zeros(SHAPE, dtype=bool), Grid.from_geometry(SHAPE, SPACING), Grid.from_geometry((3, 4, 6), SPACING))


def test_grids_match_within_a_thousandth_of_a_voxel() -> None:
    grid = Grid.from_geometry(SHAPE, SPACING)
    assert grid.matches(Grid.from_geometry(SHAPE, SPACING, origin=(0.0005, 0, 0)))
    assert not grid.matches(Grid.from_geometry(SHAPE, SPACING, origin=(0.01, 0, 0)))
    assert not grid.matches(Grid.from_geometry((3, 4, 6), SPACING))


@pytest.mark.parametrize("shape", [(0, 4, 5), (4, 5)])
def test_a_grid_needs_three_positive_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="three positive counts"):
        Grid(shape, np.eye(4))  # type: ignore[arg-type]


def test_a_grid_whose_voxels_have_no_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="singular"):
        Grid(SHAPE, np.diag([1.0, 0, 1, 1]))


def test_the_affine_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Grid.from_geometry(SHAPE).affine[0, 0] = 2
