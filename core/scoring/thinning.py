"""A surface with fewer triangles, so that a browser turns it without effort."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.scoring.errormap import DistanceMesh

Floats = npt.NDArray[np.float64]
_TRIANGLES_PER_CELL = 2.3  # about what is left where a surface runs through a cell
_GROWTH = 1.12


@dataclass(frozen=True, eq=False)
class ThinMesh:
    """A surface in mm, coloured at its corners.

    Attributes:
        corners_mm: ``(n, 3)`` ``(z, y, x)`` from the middle of the image's first voxel.
        triangles: ``(m, 3)`` rows of ``corners_mm``.
        distances_mm: ``(n,)`` mean of the triangles around, weighted by area; as in `DistanceMesh`.
        merged_mm: Corners that lay together in a cube of this side became one; 0 if none did.
    """

    corners_mm: Floats
    triangles: npt.NDArray[np.int64]
    distances_mm: Floats
    merged_mm: float


def thinned(mesh: DistanceMesh, spacing: tuple[float, float, float], most: int = 50_000) -> ThinMesh:
    """Merge the corners that lie in one cube until no more than ``most`` triangles are left.

    Islands smaller than the cube vanish; what is measured is never taken from here.

    Args:
        mesh: From `errormap.distance_mesh`.
        spacing: Voxel size in mm, ``(z, y, x)``.
        most: Triangles.
    """
    corners = mesh.corners * np.asarray(spacing)
    if len(mesh.triangles) <= most:
        return _merged(mesh, corners, np.arange(len(corners)), 0.0)
    side = math.sqrt(_TRIANGLES_PER_CELL * float(mesh.areas_mm2.sum()) / most)
    while True:
        cells = np.floor((corners - corners.min(axis=0)) / side).astype(np.int64)
        keys = np.ravel_multi_index(tuple(cells.T), tuple(cells.max(axis=0) + 1))
        thin = _merged(mesh, corners, np.unique(keys, return_inverse=True)[1], side)
        if len(thin.triangles) <= most:
            return thin
        side *= _GROWTH


def _merged(mesh: DistanceMesh, corners: Floats, owner: npt.NDArray[np.int64], side: float) -> ThinMesh:
    """Put the mean of the corners of each owner in their place."""
    count = int(owner.max()) + 1 if len(owner) else 0
    members = np.maximum(np.bincount(owner, minlength=count), 1)
    means = [np.bincount(owner, corners[:, k], count) / members for k in range(3)]
    spots = owner[mesh.triangles]
    weights = np.repeat(mesh.areas_mm2, 3)
    weighed = np.bincount(spots.ravel(), weights * np.repeat(mesh.distances_mm, 3), count)
    weight = np.bincount(spots.ravel(), weights, count)
    apart = (spots != np.roll(spots, 1, axis=1)).all(axis=1)
    first = np.unique(np.sort(spots[apart], axis=1), axis=0, return_index=True)[1]
    distances = np.divide(weighed, weight, out=np.zeros(count), where=weight > 0)
    return ThinMesh(np.stack(means, axis=-1), spots[apart][np.sort(first)], distances, side)
