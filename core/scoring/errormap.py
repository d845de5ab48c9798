"""Where a prediction is wrong: voxel by voxel, as a picture of a slice, and as a distance on its surface."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from core.imaging.picture import RGB, Pixels, lettered, overlay
from core.imaging.volume import Mask, Volume
from core.imaging.window import PRESETS, slice_picture
from core.scoring.crop import joint_box
from core.scoring.elements import THREADS, Kind, distances_between, elements, ranks, welded
from core.scoring.framing import part_around, whole_slice
from core.scoring.overlap import Bools, check

Floats = npt.NDArray[np.float64]
_OPAQUE = 0.75  # without a CT underneath there is nothing to see through to
_WIDEST = 4  # heights of a picture


class Outcome(IntEnum):
    """What became of a voxel."""

    TRUE_NEGATIVE = 0
    TRUE_POSITIVE = 1
    FALSE_POSITIVE = 2
    FALSE_NEGATIVE = 3


COLOURS: dict[int, RGB] = {
    Outcome.TRUE_POSITIVE: (64, 196, 128),
    Outcome.FALSE_POSITIVE: (255, 90, 90),
    Outcome.FALSE_NEGATIVE: (90, 150, 255),
}
WORDS: dict[int, str] = {
    Outcome.TRUE_POSITIVE: "found",
    Outcome.FALSE_POSITIVE: "made up",
    Outcome.FALSE_NEGATIVE: "missed",
}
"""What each colour says, in the order of a legend."""


@dataclass(frozen=True, eq=False)
class DistanceMesh:
    """The surface of one mask, coloured by its distance to the other.

    Attributes:
        corners: ``(n, 3)`` float indices ``(z, y, x)`` of the image; half ones lie between two voxels.
        triangles: ``(m, 3)`` rows of ``corners``.
        distances_mm: ``(m,)`` from each triangle's centroid to the other surface; positive where the surface
            lies outside of the other mask, negative inside; ``inf`` if the other mask is empty.
        areas_mm2: ``(m,)``.
    """

    corners: Floats
    triangles: npt.NDArray[np.int64]
    distances_mm: Floats
    areas_mm2: Floats


def outcomes(predicted: Bools, reference: Bools) -> npt.NDArray[np.uint8]:
    """Return an `Outcome` for every voxel.

    Args:
        predicted: bool, any shape: one slice or a volume.
        reference: bool, the same shape on the same grid.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    check(predicted, reference)
    found = predicted.view(np.uint8) * np.uint8(Outcome.FALSE_POSITIVE)
    found += reference.view(np.uint8) * np.uint8(Outcome.FALSE_NEGATIVE)
    found[found == Outcome.FALSE_POSITIVE + Outcome.FALSE_NEGATIVE] = Outcome.TRUE_POSITIVE
    return found


def error_picture(
    predicted: Mask,
    reference: Mask,
    z: int,
    label: int,
    volume: Volume | None = None,
    *,
    height: int = 460,
    zoomed: bool = False,
) -> Pixels:
    """Draw one slice with what was found, made up and missed in `COLOURS`.

    Args:
        predicted: Labels, or one bool mask (label 1).
        reference: On the same grid.
        z: Index of the slice, from 0.
        label: Which value.
        volume: The CT underneath, on the same grid; black without one.
        height: Of the picture in pixels; its width follows from the size of the voxels.
        zoomed: Whether to show just the part around what is drawn in the slice, as `framing.part_around` does.

    Returns:
        ``(H, W, 3)`` uint8.

    Raises:
        ValueError: The images do not lie on one grid.
    """
    grid = reference.grid
    if not predicted.grid.matches(grid) or (volume is not None and not volume.grid.matches(grid)):
        raise ValueError("predicted, reference and volume must lie on one grid")
    found = outcomes(predicted.voxels[z] == label, reference.voxels[z] == label)
    grey = slice_picture(volume, z, PRESETS["Abdomen"]) if volume else np.zeros(found.shape, np.uint8)
    frame = whole_slice(grid, height, _WIDEST * height)
    if zoomed:
        drawn = found[None] != Outcome.TRUE_NEGATIVE
        frame = part_around(joint_box(drawn, drawn), frame)
    opacity = 0.4 if volume else _OPAQUE
    return lettered(overlay(frame.cut(grey, smooth=True), frame.cut(found), COLOURS, opacity))


def distance_mesh(mask: Bools, other: Bools, spacing: tuple[float, float, float]) -> DistanceMesh:
    """Return the mesh of a mask with the distance of every triangle to another mask's surface.

    The same mesh and distances as `surfaces.Definition.MESH`.

    Args:
        mask: ``(z, y, x)`` bool; the surface that is drawn.
        other: bool, the same shape on the same grid.
        spacing: Voxel size in mm, ``(z, y, x)``.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    check(mask, other)
    box = joint_box(mask, other)
    ours, theirs = (elements(np.pad(m[box], 1), spacing, Kind.TRIANGLES) for m in (mask, other))
    with ThreadPoolExecutor(THREADS) as threads:
        distances = distances_between(ours, theirs, threads)
    cells = np.repeat(ours.cells.at, np.diff(ours.starts), axis=0)
    own = ours.codes[tuple(cells.T)]
    centroids = cells + ours.patterns.centroids[own, ranks(ours)] / np.asarray(spacing)
    inside = np.pad(other[box], 1)[tuple(np.rint(centroids).astype(np.int64).T)]
    start = np.array([side.start for side in box]) - 1
    corners, triangles = welded(ours)
    return DistanceMesh(corners + start, triangles, np.where(inside, -distances, distances), ours.weights)
