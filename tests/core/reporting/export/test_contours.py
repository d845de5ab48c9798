import numpy as np
import pytest

from core.reporting.export.contours import outlines

SHAPE = (19, 26)


def filled(lines: list[np.ndarray]) -> np.ndarray:
    """Return which middles of pixels lie inside, by the rule of odd crossings, apart from all that is tested."""
    y, x = np.indices(SHAPE)
    inside = np.zeros(SHAPE, bool)
    for line in lines:
        own = np.zeros(SHAPE, bool)
        for (y0, x0), (y1, x1) in zip(line, np.roll(line, -1, axis=0), strict=True):
            if y0 != y1:
                between = (np.minimum(y0, y1) <= y) & (y < np.maximum(y0, y1))
                own ^= between & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        inside |= own
    return inside


@pytest.mark.parametrize("seed", range(8))
def test_the_middles_of_just_the_masks_pixels_lie_inside(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, bool)
    mask[2:-2, 3:-1] = generator.random((SHAPE[0] - 4, SHAPE[1] - 4)) < (0.3, 0.5, 0.7, 0.9)[seed % 4]

    assert np.array_equal(filled(outlines(mask)), mask)


def test_a_mask_at_the_edge_of_the_slice_is_closed() -> None:
    mask = np.ones(SHAPE, bool)
    mask[6:9, 4:20] = False

    assert np.array_equal(filled(outlines(mask)), mask)


def test_a_rectangle_is_eight_points() -> None:
    mask = np.zeros(SHAPE, bool)
    mask[3:7, 5:11] = True

    (line,) = outlines(mask)

    expected = {(2.5, 5), (2.5, 10), (6.5, 5), (6.5, 10), (3, 4.5), (6, 4.5), (3, 10.5), (6, 10.5)}
    assert {tuple(point) for point in line.tolist()} == expected
    assert len(line) == 8


def test_a_ring_is_one_line_with_a_slit_of_no_width() -> None:
    mask = np.zeros(SHAPE, bool)
    mask[3:12, 5:20] = True
    mask[6:9, 9:15] = False

    (line,) = outlines(mask)

    y, x = line.T
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    assert area == pytest.approx(9 * 15 - 0.5 - 3 * 6 + 0.5)  # each line cuts four corners of an eighth of a pixel


def test_pieces_have_a_line_each_and_nothing_has_none() -> None:
    mask = np.zeros(SHAPE, bool)
    mask[2, 3] = mask[10:12, 4:9] = True

    assert len(outlines(mask)) == 2
    assert outlines(np.zeros(SHAPE, bool)) == []
