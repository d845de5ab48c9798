"""Where a prediction is wrong: voxel by voxel, and as a distance on its surface."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from core.scoring.crop import joint_box
from core.scoring.elements import Kind, distances_between, elements
from core.scoring.overlap import Bools, check

Floats = npt.NDArray[np.float64]


class Outcome(IntEnum):
    """What became of a voxel."""

    TRUE_NEGATIVE = 0
    TRUE_POSITIVE = 1
    FALSE_POSITIVE = 2
    FALSE_NEGATIVE = 3


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
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        distances = distances_between(ours, theirs, threads)
    cells = np.repeat(ours.cells.at, np.diff(ours.starts), axis=0)
    own = ours.codes[tuple(cells.T)]
    which = np.arange(len(cells)) - np.repeat(ours.starts[:-1], np.diff(ours.starts))
    local = ours.patterns.triangles[own, which] / np.asarray(spacing)
    centroids = cells + ours.patterns.centroids[own, which] / np.asarray(spacing)
    inside = np.pad(other[box], 1)[tuple(np.rint(centroids).astype(np.int64).T)]
    start = np.array([side.start for side in box]) - 1
    doubled, triangles = np.unique(
        np.rint(2 * (cells[:, None] + local)).astype(np.int64).reshape(-1, 3), axis=0, return_inverse=True
    )
    signed = np.where(inside, -distances, distances)
    return DistanceMesh(doubled / 2 + start, triangles.reshape(-1, 3), signed, ours.weights)
