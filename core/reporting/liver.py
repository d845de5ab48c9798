"""The liver of a label map: what belongs to it, how much of it is tumour, and how far below its surface lesions lie.

The definitions stand in `quantify`.
"""

import math

import cc3d
import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR
from core.scoring.crop import Box, joint_box
from core.scoring.elements import THREADS
from core.scoring.lesions import Labels, components

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
_FEW = 32  # of so many points of a surface, one is asked first


def whole_liver(voxels: Bytes) -> Bools:
    """Return the liver with the tumours that touch it and with what it encloses."""
    both = (voxels == LIVER) | (voxels == TUMOUR)
    box = joint_box(both, both)
    numbers, found = components(both[box])
    numbers = numbers[1:-1, 1:-1, 1:-1]
    held = np.zeros(len(found) + 1, np.bool_)
    held[np.unique(numbers[voxels[box] == LIVER])] = True
    whole = np.zeros(voxels.shape, np.bool_)
    whole[box] = _filled(held[numbers])
    return whole


def _filled(mask: Bools) -> Bools:
    """Fill what cannot be reached from outside by the sides of voxels."""
    outside = cc3d.connected_components(~np.pad(mask, 1), connectivity=6)
    filled: Bools = outside[1:-1, 1:-1, 1:-1] != outside[0, 0, 0]
    return filled


def burden(grid: Grid, voxels: Bytes, liver: Bools | None) -> tuple[float, float, bool]:
    """Return the volume of the liver in ml, the share of tumour in %, and whether the edge of the scan cuts the liver.

    Args:
        grid: Of the label map.
        voxels: ``(z, y, x)`` labels.
        liver: From `whole_liver`, or None if there is none: then nothing is known.
    """
    if liver is None:
        return math.nan, math.nan, False
    tumour = voxels == TUMOUR
    percent = 100 * np.count_nonzero(tumour) / np.count_nonzero(liver | tumour)
    faces = (liver[0], liver[-1], liver[:, 0], liver[:, -1], liver[:, :, 0], liver[:, :, -1])
    return np.count_nonzero(liver) * grid.voxel_ml, percent, any(bool(face.any()) for face in faces)


def to_surface(numbers: Labels, count: int, box: Box, liver: Bools | None, grid: Grid) -> list[float]:
    """Return for each lesion of a label the distance in mm from its surface to that of the liver.

    Args:
        numbers: Lesions from 1, in the smallest box around the label.
        count: How many there are.
        box: That box.
        liver: From `whole_liver`, or None.
        grid: Of the label map.
    """
    if liver is None or not grid.has_spacing or not count:
        return [math.nan] * count
    frame = _around(box, joint_box(liver, liver))
    held = np.zeros([side.stop - side.start for side in frame], numbers.dtype)
    held[_relative(box, frame)] = numbers
    whole = liver[frame]
    surface, _ = _surface(whole.view(np.uint8))
    points, owners = _surface(held)
    size = np.asarray(grid.spacing)
    tree = KDTree(surface * size)
    order = np.argsort(owners, kind="stable")
    ends = np.cumsum(np.bincount(owners, minlength=count + 1))
    nearest = np.array([np.inf, *(_nearest(tree, own) for own in np.split((points * size)[order], ends)[1:-1])])
    inside = np.bincount(held[whole], minlength=count + 1) > 0
    outside = np.bincount(held[~whole], minlength=count + 1) > 0
    nearest[inside & outside] = 0.0
    nearest[~inside & (nearest > 0)] = math.nan
    return [float(mm) for mm in nearest[1:]]


def _nearest(tree: KDTree, points: npt.NDArray[np.float64]) -> float:
    """Return the shortest distance from any of the points; a few of them tell how far the others need to look."""
    known = float(tree.query(points[::_FEW], workers=THREADS)[0].min())
    return min(known, float(tree.query(points, distance_upper_bound=known, workers=THREADS)[0].min()))


def _surface(numbers: Labels) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the middles ``(n, 3)`` of the voxel sides that part components from the rest, and whose each is."""
    padded = np.pad(numbers, 1)
    points, owners = [], []
    for axis in range(3):
        first, second = (
            padded[tuple(side if k == axis else slice(None) for k in range(3))] for side in (np.s_[:-1], np.s_[1:])
        )
        places = np.nonzero((first > 0) != (second > 0))
        owners.append(np.maximum(first[places], second[places]).astype(np.int64))
        points.append(np.transpose(places) + 0.5 * (np.arange(3) == axis) - 1)
    return np.concatenate(points), np.concatenate(owners)


def _around(first: Box, second: Box) -> Box:
    z, y, x = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second, strict=True))
    return z, y, x


def _relative(inner: Box, outer: Box) -> Box:
    z, y, x = (slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
    return z, y, x
