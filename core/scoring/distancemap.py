"""How far each pixel of a mask's outline lies from another mask's surface, to be coloured on a slice.

Distances run in three dimensions, from a border voxel's centre to the nearest border voxel's centre of the other
mask ("as MONAI" in `surfaces`): a slice that looks right may still be far off at a dome, and says so. Each has a
sign: on the outline of a prediction, positive is too large and negative too small.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.imaging.picture import RGB, Pixels
from core.scoring.crop import joint_box
from core.scoring.elements import THREADS, Kind, distances_between, elements
from core.scoring.errormap import COLOURS, Outcome
from core.scoring.framing import Frame
from core.scoring.overlap import Bools, check

Floats = npt.NDArray[np.float64]
SCALE: tuple[tuple[float, RGB], ...] = (
    (0.0, COLOURS[Outcome.FALSE_NEGATIVE]),
    (0.5, (245, 245, 245)),
    (1.0, COLOURS[Outcome.FALSE_POSITIVE]),
)
"""Colours from too small over exact to too large, by share of the scale; those of `errormap`."""
_LEAST_DOT = 3  # screen pixels


@dataclass(frozen=True, eq=False)
class OutlineDistances:
    """The border voxels of a mask, each with its distance to another mask.

    Attributes:
        at: ``(n, 3)`` indices ``(z, y, x)``, by slices.
        mm: ``(n,)`` positive outside of the other mask, negative inside, 0 on its border; ``inf`` if it is empty.
    """

    at: npt.NDArray[np.int64]
    mm: Floats

    def on_slice(self, z: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the places ``(k, 2)`` ``(y, x)`` and the distances ``(k,)`` of one slice."""
        first, last = np.searchsorted(self.at[:, 0], (z, z + 1))
        return self.at[first:last, 1:], self.mm[first:last]


def outline_distances(mask: Bools, other: Bools, spacing: tuple[float, float, float]) -> OutlineDistances:
    """Measure every border voxel of a mask against the border of another; 0.2 s for a liver of 512 × 512 × 200.

    Args:
        mask: ``(z, y, x)`` bool; whose outline is coloured.
        other: bool, the same shape on the same grid.
        spacing: Voxel size in mm, ``(z, y, x)``.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    check(mask, other)
    box = joint_box(mask, other)
    ours, theirs = (elements(np.pad(m[box], 1), spacing, Kind.VOXELS) for m in (mask, other))
    with ThreadPoolExecutor(THREADS) as threads:
        found = distances_between(ours, theirs, threads)
    at = ours.cells.at
    inside = other[box][tuple(at.T)] if len(at) else np.zeros(0, np.bool_)
    order = np.lexsort(at.T[::-1])
    start = np.array([side.start for side in box])
    return OutlineDistances(at[order] + start, np.where(inside, -found, found)[order])


def colours_of(mm: Floats, limit_mm: float) -> npt.NDArray[np.uint8]:
    """Return the colour ``(n, 3)`` of each distance; beyond the limit it stays as at the limit."""
    share = np.clip(mm / (2 * limit_mm) + 0.5, 0, 1)
    stops, colours = [stop for stop, _ in SCALE], np.array([colour for _, colour in SCALE])
    return np.asarray(np.rint([np.interp(share, stops, colours[:, k]) for k in range(3)]), np.uint8).T


def dotted(picture: Pixels, outline: tuple[npt.NDArray[np.int64], Floats], frame: Frame, limit_mm: float) -> Pixels:
    """Return a picture with the outline's pixels as dots in the colours of their distances.

    A dot is as large as a voxel on the screen and at least 3 pixels; where dots meet, the worst lies on top.

    Args:
        picture: ``(h, w, 3)`` of the size of the frame.
        outline: From `OutlineDistances.on_slice`.
        frame: Which part of the slice the picture shows.
        limit_mm: Where the colours end.
    """
    at, mm = outline
    painted = picture.copy()
    order = np.argsort(np.abs(mm), kind="stable")
    places, colours = frame.places(at[order]), colours_of(mm[order], limit_mm)
    side = max(_LEAST_DOT, math.ceil(frame.scale))
    for down in range(side):
        for across in range(side):
            y, x = places[:, 0] + down - side // 2, places[:, 1] + across - side // 2
            seen = (y >= 0) & (y < painted.shape[0]) & (x >= 0) & (x < painted.shape[1])
            painted[y[seen], x[seen]] = colours[seen]
    return painted
