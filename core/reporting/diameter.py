"""The longest diameter of an object in one slice and the longest line at right angles to it, as RECIST asks.

The outline runs through the middles of the pixel sides that part the object from what is around it, so that a row
of n pixels measures n times their spacing, and a disc of many pixels measures its diameter.

Source: E. A. Eisenhauer et al., New response evaluation criteria in solid tumours: revised RECIST guideline
(version 1.1), Eur. J. Cancer 45 (2009), https://doi.org/10.1016/j.ejca.2008.10.026.
"""

import math
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
End = tuple[float, float]


@dataclass(frozen=True)
class Diameter:
    """Two lines across an object in one slice.

    Attributes:
        z: The slice, from 0.
        longest_mm: Length of the longest line between two points of the outline.
        longest: Its ends ``(y, x)``, in pixels of the slice; whole numbers are the middles of pixels.
        across_mm: Length of the longest line at right angles to it inside the outline's convex hull.
        across: Its ends, likewise.
    """

    z: int
    longest_mm: float
    longest: tuple[End, End]
    across_mm: float
    across: tuple[End, End]


def longest_diameter(
    mask: Bools, spacing: tuple[float, float, float], offset: tuple[int, int, int] = (0, 0, 0)
) -> Diameter | None:
    """Measure the slice in which an object is longest.

    Pixels of a slice that touch at most by a corner count as one piece; a line never leads from one piece to
    another. It may lead across a notch of its piece.

    Args:
        mask: ``(z, y, x)`` bool, one object.
        spacing: Voxel size in mm, ``(z, y, x)``.
        offset: Index of the array's first voxel, if it was cut out of an image.

    Returns:
        None of an empty mask. Of slices with equal diameters the lowest is taken.
    """
    size = np.asarray(spacing[1:])
    best: Diameter | None = None
    for z, pixels in enumerate(mask):
        if not pixels.any() or (best and _most_mm(pixels, size) <= best.longest_mm):
            continue
        pieces, count = cc3d.connected_components(np.pad(pixels, 1), connectivity=8, return_N=True)
        for number in range(1, count + 1):
            found = _measured(z + offset[0], pieces == number, size, np.asarray(offset[1:]) - 1)
            if best is None or found.longest_mm > best.longest_mm + 1e-9:
                best = found
    return best


def _most_mm(pixels: Bools, size: Floats) -> float:
    """Return a length that no line in a slice exceeds: the diagonal of the box around all pixels."""
    counts = [int(np.ptp(np.flatnonzero(pixels.any(axis=axis)))) + 1 for axis in (1, 0)]
    return math.hypot(*(counts * size))


def _measured(z: int, piece: Bools, size: Floats, offset: npt.NDArray[np.int64]) -> Diameter:
    hull = _hull(piece, size)
    lengths = squareform(pdist(hull))
    first, last = np.unravel_index(int(lengths.argmax()), lengths.shape)
    along = (hull[last] - hull[first]) / lengths[first, last]
    ends = _across(hull, along)
    to_pixels = [tuple((end / size + offset).tolist()) for end in (hull[first], hull[last], *ends)]
    return Diameter(
        z,
        float(lengths[first, last]),
        (to_pixels[0], to_pixels[1]),
        float(np.linalg.norm(ends[1] - ends[0])),
        (to_pixels[2], to_pixels[3]),
    )


def _hull(piece: Bools, size: Floats) -> Floats:
    """Return the corners ``(n, 2)`` in mm of the convex hull of a piece's outline, in order round it."""
    down, across = (np.argwhere(np.diff(piece, axis=axis)) for axis in (0, 1))
    outline = np.concatenate([down + np.array((0.5, 0.0)), across + np.array((0.0, 0.5))]) * size
    return np.asarray(outline[ConvexHull(outline).vertices])


def _across(hull: Floats, along: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the longest line through a convex outline at right angles to a direction.

    How long such a line is changes evenly between two corners, so that the longest one ends at a corner.
    """
    right = np.array([-along[1], along[0]])
    s, t = hull @ along, hull @ right
    s0, s1, t0, t1 = s, np.roll(s, -1), t, np.roll(t, -1)
    best, ends = -1.0, (hull[0], hull[0])
    for at in s:
        crossed = (np.minimum(s0, s1) <= at) & (at <= np.maximum(s0, s1)) & (s0 != s1)
        heights = (t0 + (at - s0) / np.where(s0 != s1, s1 - s0, 1) * (t1 - t0))[crossed]
        heights = np.append(heights, t[s == at])
        if heights.max() - heights.min() > best + 1e-9:
            best = float(heights.max() - heights.min())
            ends = at * along + heights.min() * right, at * along + heights.max() * right
    return ends
