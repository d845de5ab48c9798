"""The voxels inside a polygon that was drawn on a slice."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.errors import PromptError


def filled(vertices: Sequence[tuple[float, float]], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return the voxels whose centre lies inside a polygon.

    Where it crosses itself, what it goes round twice is outside (even-odd). Two polygons that share an edge share
    no voxel, and leave none out between them.

    Args:
        vertices: Its corners ``(y, x)`` in voxels; the centre of a voxel is a whole number. They may lie outside the
            slice, and the last need not repeat the first.
        shape: Of the slice, ``(H, W)``.

    Raises:
        PromptError: It has fewer than three corners.
    """
    if len(vertices) < 3:
        raise PromptError("A polygon needs at least three corners. Click round the object, then close it.")
    height, width = shape
    crossings = np.zeros((height, width + 1), dtype=np.uint8)  # parity of the edges that cross a row left of a centre
    for (y0, x0), (y1, x1) in itertools.pairwise([*vertices, vertices[0]]):
        (top, left), (bottom, right) = sorted([(y0, x0), (y1, x1)])
        rows = np.arange(max(0, int(np.ceil(top))), min(height, int(np.ceil(bottom))))
        if rows.size:
            at = left + (rows - top) * ((right - left) / (bottom - top))
            crossings[rows, np.ceil(at).clip(0, width).astype(int)] ^= 1
    return np.bitwise_xor.accumulate(crossings, axis=1)[:, :width].astype(bool)
