import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.framing import fullest_slice, outlined, part_around, whole_slice

GRID = Grid.from_geometry((7, 40, 60), (5.0, 1.5, 2.0))  # a slice of 60 × 120 mm


def test_a_slice_keeps_the_proportions_of_the_patient() -> None:
    assert whole_slice(GRID, 300, 800).size == (300, 600)
    assert whole_slice(GRID, 300, 400).size == (200, 400)


def test_a_part_lies_around_the_object_with_the_proportions_of_the_slice() -> None:
    whole = whole_slice(GRID, 300, 800)
    part = part_around(np.s_[2:4, 10:30, 30:36], whole)
    assert (part.rows, part.columns) == (slice(5, 35), slice(10, 55))  # 1.5 × 20 of 40 rows; 3/4 of 60 columns
    assert part.size == whole.size


def test_a_part_stays_within_the_slice() -> None:
    part = part_around(np.s_[0:1, 0:2, 57:60], whole_slice(GRID, 300, 800))
    assert (part.rows, part.columns) == (slice(0, 8), slice(48, 60))  # a fifth, at the edge


def test_without_an_object_the_whole_slice_is_shown() -> None:
    whole = whole_slice(GRID, 300, 800)
    assert part_around(np.s_[0:0, 0:0, 0:0], whole) == whole


def test_what_is_cut_out_is_what_lies_there() -> None:
    pixels = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60) % 251
    part = part_around(np.s_[2:4, 10:30, 30:36], whole_slice(GRID, 300, 800))
    shown = part.cut(pixels.astype(np.uint8))
    (y, x), (out_y, out_x) = part.places(np.array([(12, 40), (2, 40)]))
    assert shown.shape == (300, 600)
    assert shown[y, x] == pixels[12, 40]
    assert out_y < 0
    assert out_x == x


@pytest.mark.parametrize(("height", "expected"), [(300, 10.0), (30, 1.0)])
def test_the_scale_is_that_of_the_longer_side_of_a_pixel(height: int, expected: float) -> None:
    assert whole_slice(GRID, height, 800).scale == expected


@pytest.mark.parametrize(("thick", "left_inside"), [(1, 5 * 8), (2, 3 * 6)])
def test_an_outline_is_drawn_inside_the_mask(thick: int, left_inside: int) -> None:
    mask = np.zeros((12, 17), np.uint8)
    mask[3:10, 4:14] = 1
    line = (outlined(np.zeros((12, 17, 3), np.uint8), mask, (9, 8, 7), thick) == (9, 8, 7)).all(axis=2)
    assert not line[mask == 0].any()
    assert line.sum() == 7 * 10 - left_inside


def test_the_fullest_slice_holds_most_voxels() -> None:
    voxels = np.zeros((7, 40, 60), np.uint8)
    voxels[2, 3:5, 4:9] = 2
    voxels[5, 3:5, 4:10] = 1
    assert fullest_slice(Mask(voxels, GRID)) == 5
    assert fullest_slice(Mask(np.zeros((7, 40, 60), np.bool_), GRID)) == 3
