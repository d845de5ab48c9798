import numpy as np
from scipy import ndimage, spatial

from core.imaging.grid import Grid
from core.scoring.distancemap import colours_of, dotted, outline_distances
from core.scoring.framing import whole_slice
from tests.core.scoring.shapes import SPACING, blobs, voxels

SHAPE = (7, 10, 9)


def block() -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask[1:6, 2:9, 1:7] = True
    return mask


def test_outside_is_positive_and_runs_through_the_slices_too() -> None:
    found = outline_distances(voxels(SHAPE, (6, 5, 3)), block(), SPACING)
    assert found.at.tolist() == [[6, 5, 3]]
    assert found.mm.tolist() == [5.0]  # the slice below holds the block: one step of 5 mm


def test_inside_is_negative() -> None:
    found = outline_distances(voxels(SHAPE, (3, 5, 3)), block(), SPACING)
    assert found.mm.tolist() == [-4.0]  # 2 voxels of 2 mm to the side; 3 × 3 mm and 2 × 5 mm are further


def test_an_exact_outline_has_no_distance() -> None:
    found = outline_distances(block(), block(), SPACING)
    assert len(found.mm) == 5 * 7 * 6 - 3 * 5 * 4
    assert not found.mm.any()


def test_every_outline_pixel_agrees_with_a_tree_of_points() -> None:
    mask, other = blobs(7)
    found = outline_distances(mask, other, SPACING)
    borders = [np.argwhere(m & ~ndimage.binary_erosion(m)) for m in (mask, other)]
    assert np.array_equal(found.at, borders[0])
    expected = spatial.KDTree(borders[1] * SPACING).query(borders[0] * SPACING)[0]
    np.testing.assert_allclose(np.abs(found.mm), expected)
    signs = np.where(other[tuple(borders[0].T)], -1, 1)
    assert np.array_equal(np.sign(found.mm), signs * (expected > 0))


def test_a_slice_gives_its_own_pixels() -> None:
    mask, other = blobs(7)
    found = outline_distances(mask, other, SPACING)
    at, mm = found.on_slice(4)
    assert np.array_equal(at, found.at[found.at[:, 0] == 4, 1:])
    assert np.array_equal(mm, found.mm[found.at[:, 0] == 4])


def test_without_another_mask_all_is_infinitely_far() -> None:
    found = outline_distances(block(), voxels(SHAPE), SPACING)
    assert np.isposinf(found.mm).all()
    assert len(outline_distances(voxels(SHAPE), block(), SPACING).mm) == 0


def test_colours_run_from_missed_over_white_to_made_up() -> None:
    colours = colours_of(np.array([-np.inf, -5.0, -2.5, 0.0, 5.0, np.inf]), 5.0).tolist()
    assert colours[0] == colours[1] == [90, 150, 255]
    assert colours[2] == [168, 198, 250]  # half way: 167.5, 197.5, 250, rounded to even
    assert colours[3] == [245, 245, 245]
    assert colours[4] == colours[5] == [255, 90, 90]


def test_dots_lie_where_the_pixels_are_and_the_worst_on_top() -> None:
    grid = Grid.from_geometry((3, 6, 8), (5.0, 1.0, 2.0))
    frame = whole_slice(grid, 12, 100)  # 2 screen pixels down and 4 across for each pixel
    outline = np.array([(2, 5), (2, 5)]), np.array([5.0, 0.0])
    picture = dotted(np.zeros((12, 32, 3), np.uint8), outline, frame, 5.0)
    red = (picture == (255, 90, 90)).all(axis=2)
    assert picture.any(axis=2).sum() == red.sum() == 16
    assert red[3:7, 20:24].all()


def test_dots_beyond_the_picture_are_not_drawn() -> None:
    frame = whole_slice(Grid.from_geometry((3, 6, 8), (5.0, 1.0, 2.0)), 12, 100)
    outline = np.array([(-2, 3), (9, 3), (0, -7)]), np.array([5.0, 0.0, 1.0])
    assert not dotted(np.zeros((12, 32, 3), np.uint8), outline, frame, 5.0).any()
