"""The slices between those on which an object was outlined.

Shape-based interpolation: between two outlines the signed distances to their edges are blended (Raya and Udupa,
“Shape-based interpolation of multidimensional objects”, IEEE Trans. Med. Imaging 9, 1990). Blended alone, a
structure that runs obliquely falls apart where its outlines no longer overlap. So pieces are paired first, and a
pair that overlaps better when moved onto each other by their centres is moved along the way between the slices, as
in ITK's morphological contour interpolation (Albu, Beugeling, Laurendeau, “A morphology-based approach for
interslice interpolation of anatomical slices from volumetric images”, IEEE Trans. Biomed. Eng. 55, 2008); that
itself would need all of ITK, 280 MB beside SimpleITK.
"""

from collections.abc import Iterator
from itertools import pairwise

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.editing.block import Block, Bools
from core.editing.layers import Masks

Floats = npt.NDArray[np.float64]


def between(masks: Masks, spacing: tuple[float, float, float]) -> dict[int, Bools]:
    """Return the missing slices between the outlined ones.

    A piece that has no counterpart on the other slice dwindles to the point farthest from its edge.

    Args:
        masks: Slice to ``(H, W)``; slices with an empty mask count as missing.
        spacing: Voxel size ``(z, y, x)`` in mm.

    Returns:
        Slice to ``(H, W)`` for the missing slices alone; none if all of them are there.
    """
    marked = [z for z in sorted(masks) if masks[z].any()]
    found: dict[int, Bools] = {}
    for low, high in pairwise(marked):
        if high > low + 1:
            block = Block.of({low: masks[low], high: masks[high]}, margin=(1, 1))
            layers = _layers(block.voxels[0], block.voxels[1], high - low, spacing[1:])
            filled = Block(tuple(range(low + 1, high)), block.y0, block.x0, layers, block.shape)
            found |= {z: mask for z, mask in filled.masks().items() if mask.any()}
    return found


def _layers(first: Bools, last: Bools, steps: int, spacing: tuple[float, ...]) -> Bools:
    """Return ``(steps - 1, h, w)`` between two outlines ``(h, w)``."""
    layers = np.zeros((steps - 1, *first.shape), dtype=bool)
    for start, end in _pairs(first, last, spacing):
        way = _way(start, end)
        inside = [_signed_distance(start, spacing), _signed_distance(end, spacing)]
        for k in range(1, steps):
            share = k / steps
            blend = (1 - share) * _moved(inside[0], share * way) + share * _moved(inside[1], (share - 1) * way)
            layers[k - 1] |= blend > 0
    return layers


def _pairs(first: Bools, last: Bools, spacing: tuple[float, ...]) -> Iterator[tuple[Bools, Bools]]:
    """Yield what belongs together: pieces that overlap or touch, then the nearest of the rest, then single ones."""
    body = np.pad((first | last)[None], 1)  # in 2-D, and without a margin, cc3d 4.1 errs on small arrays
    labels, count = cc3d.connected_components(body, connectivity=26, return_N=True)
    places = labels[1, 1:-1, 1:-1]
    alone: tuple[list[Bools], list[Bools]] = ([], [])
    for number in range(1, count + 1):
        pair = first & (places == number), last & (places == number)
        if pair[0].any() and pair[1].any():
            yield pair
        else:
            alone[0 if pair[0].any() else 1].append(pair[0] if pair[0].any() else pair[1])
    while alone[0] and alone[1]:
        apart = {
            (i, j): float(np.linalg.norm((_centre(one) - _centre(other)) * spacing))
            for i, one in enumerate(alone[0])
            for j, other in enumerate(alone[1])
        }
        i, j = min(apart, key=apart.__getitem__)
        yield alone[0].pop(i), alone[1].pop(j)
    yield from ((piece, _deepest(piece, spacing)) for piece in alone[0])
    yield from ((_deepest(piece, spacing), piece) for piece in alone[1])


def _way(start: Bools, end: Bools) -> Floats:
    """Return by how many rows and columns a piece moves; nothing where it overlaps as well without."""
    way = _centre(end) - _centre(start)
    moved = ndimage.shift(start.astype(np.float64), way, order=1) > 0.5
    return way if _overlap(moved, end) > _overlap(start, end) else np.zeros(2)


def _overlap(one: Bools, other: Bools) -> float:
    return int(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))


def _centre(piece: Bools) -> Floats:
    return np.asarray(np.argwhere(piece).mean(axis=0))


def _deepest(piece: Bools, spacing: tuple[float, ...]) -> Bools:
    """Return the one voxel of a piece that lies farthest from its edge."""
    point = np.zeros_like(piece)
    point.flat[np.argmax(ndimage.distance_transform_edt(piece, sampling=spacing))] = True
    return point


def _signed_distance(piece: Bools, spacing: tuple[float, ...]) -> Floats:
    """Return the distance in mm to the edge, positive inside; the edge lies half a voxel from a centre beside it."""
    inside, outside = (ndimage.distance_transform_edt(part, sampling=spacing) for part in (piece, ~piece))
    half = min(spacing) / 2
    return np.asarray(np.where(piece, inside - half, half - outside))


def _moved(field: Floats, way: Floats) -> Floats:
    return np.asarray(ndimage.shift(field, way, order=1, mode="nearest")) if way.any() else field
