"""The outlines of a mask in one slice as closed lines, for formats that hold lines instead of voxels.

A line runs through the middles of the pixel sides that part inside from outside and cuts the corners, so that a
pixel lies inside the line just when it lies in the mask.
"""

from itertools import pairwise

import contourpy
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def outlines(mask: npt.NDArray[np.bool_]) -> list[Floats]:
    """Return the closed lines round a mask; what lies in a hole is reached by a slit of no width (a keyhole).

    Args:
        mask: ``(y, x)`` bool.

    Returns:
        For each piece ``(n, 2)`` points ``(y, x)`` in pixels, whole numbers being middles of pixels; the first is
        not repeated at the end. Pixels that touch by a corner belong to two pieces.
    """
    if not mask.any():
        return []
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    generator = contourpy.contour_generator(
        z=np.pad(part, 1).astype(np.float64), fill_type=contourpy.FillType.OuterOffset
    )
    points, offsets = generator.filled(0.5, 2.0)
    first = np.array((rows[0], columns[0])) - 1
    found = []
    for piece, starts in zip(points, offsets, strict=True):
        rings = [_bends(piece[a : b - 1, ::-1]) + first for a, b in pairwise(starts)]
        found.append(_keyholed(rings))
    return found


def _bends(ring: Floats) -> Floats:
    """Leave out the points of a closed line at which it goes straight on."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return np.asarray(ring[turns])


def _keyholed(rings: list[Floats]) -> Floats:
    """Join an outer line and those of its holes into one, by the shortest ways between them."""
    joined, left = rings[0], rings[1:]
    while left:
        ways = [_nearest(joined, hole) for hole in left]
        which = min(range(len(left)), key=lambda at: ways[at][0])
        _, here, there = ways[which]
        hole = np.roll(left.pop(which), -there, axis=0)
        joined = np.concatenate([joined[: here + 1], hole, hole[:1], joined[here:]])
    return joined


def _nearest(line: Floats, other: Floats) -> tuple[float, int, int]:
    """Return the squared distance of the two nearest points of two lines, and which they are."""
    apart = ((line[:, None] - other[None]) ** 2).sum(axis=-1)
    here, there = np.unravel_index(int(apart.argmin()), apart.shape)
    return float(apart[here, there]), int(here), int(there)
