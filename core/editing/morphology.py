"""Mending the shape of one object: holes, islands, rough edges, a margin in mm.

Every function takes the object as slice to mask ``(H, W)``, and returns such masks of all slices that were given and
of those the object grew into; a mask is empty where nothing is left. An object with adjacent slices is a solid
body; one that is outlined on single slices far apart is treated slice by slice. Where the voxel size is not known,
a voxel counts as 1 mm wide.
"""

import math
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.editing.block import Block, Bools, Spacing, is_solid, runs, voxel_mm
from core.editing.layers import Masks
from core.imaging.grid import Grid

_TAIL = 3.0  # standard deviations after which a Gaussian is cut off
_SLACK = 1e-9


def fill_holes(masks: Masks) -> dict[int, Bools]:
    """Fill what an object encloses on a slice.

    Slice by slice, for that is how an edge is seen and drawn: a gap in the lowest slice of a lesion is open to below
    and in 3-D no hole at all. All cavities that are closed in 3-D are filled with it.
    """
    block = Block.of(masks)
    return block.holding(np.stack([ndimage.binary_fill_holes(layer) for layer in block.voxels])).masks()


def keep_largest(masks: Masks) -> dict[int, Bools]:
    """Keep the largest island, of a body in 3-D, else of each slice; voxels that touch at a corner hang together."""
    block = Block.of(masks, _span(masks))
    if is_solid(masks):
        return block.holding(_largest(block.voxels)).masks()
    return block.holding(np.stack([_largest(layer) for layer in block.voxels])).masks()


def remove_small(masks: Masks, min_mm3: float, grid: Grid) -> dict[int, Bools]:
    """Remove the islands smaller than a volume, of a body in 3-D, else of each slice.

    An island on a single slice has the volume of its voxels, each as thick as the slices are apart.
    """
    least = max(0, math.ceil(min_mm3 / math.prod(voxel_mm(grid)) - _SLACK))
    block = Block.of(masks, _span(masks))
    if is_solid(masks):
        return block.holding(_without_dust(block.voxels, least)).masks()
    return block.holding(np.stack([_without_dust(layer, least) for layer in block.voxels])).masks()


def grow(masks: Masks, mm: float, grid: Grid) -> dict[int, Bools]:
    """Add a margin, or take one off if ``mm`` is negative.

    A voxel is added if its centre lies within ``mm`` of the centre of a voxel of the object, and taken off if it
    lies so near to one outside. The edge of the volume is no edge of the object: nothing is taken off there. A
    body grows into the slices next to it.
    """
    spacing, reach = voxel_mm(grid), abs(mm)
    if not is_solid(masks):
        spacing = (2 * reach + 1, *spacing[1:])  # the next slice is out of reach
    z, y, x = (math.floor(reach / step + _SLACK) for step in spacing)
    slices = range(max(0, min(masks) - z), min(grid.shape[0], max(masks) + z + 1)) if is_solid(masks) else None
    block = Block.of(masks, slices, (y, x))
    grown = _dilated(block.voxels, reach, spacing) if mm >= 0 else ~_dilated(~block.voxels, reach, spacing)
    return {z: mask for z, mask in block.holding(grown).masks().items() if z in masks or mask.any()}


def smooth(masks: Masks, mm: float, grid: Grid) -> dict[int, Bools]:
    """Round off what is rough, keeping the number of voxels.

    A Gaussian with a standard deviation of ``mm`` is laid over each run of adjacent slices, and of its values the
    highest are kept, as many as there were voxels (more where values are equal). Thus small objects do not shrink or
    vanish, as they would at a fixed threshold. No slice is added.
    """
    smoothed = {z: np.zeros_like(mask) for z, mask in masks.items()}
    for run in runs({z: mask for z, mask in masks.items() if mask.any()}):
        smoothed |= _smooth_run({z: masks[z] for z in run}, mm, grid)
    return smoothed


def tidied(masks: Masks, grid: Grid, smooth_mm: float = 1.0) -> dict[int, Bools]:
    """Tidy up what a model made slice by slice: keep the largest island, fill its holes and smooth it in 3-D.

    Args:
        masks: At least one with a voxel.
        grid: Where they lie.
        smooth_mm: As for `smooth`; 0 leaves the edges as they are.
    """
    whole = fill_holes(keep_largest(masks))
    return smooth(whole, smooth_mm, grid) if smooth_mm else whole


def _smooth_run(masks: Masks, mm: float, grid: Grid) -> dict[int, Bools]:
    sigma = [mm / step for step in voxel_mm(grid)]
    z, y, x = (math.ceil(_TAIL * s) for s in sigma)
    first, last = min(masks), max(masks)
    if first == last:
        z, sigma[0] = 0, 0.0
    slices = range(max(0, first - z), min(grid.shape[0], last + z + 1))
    block = Block.of(masks, slices, (y, x))
    field = ndimage.gaussian_filter(block.voxels.astype(np.float32), sigma, mode="nearest", truncate=_TAIL)
    field = field[first - slices[0] : last + 1 - slices[0]]
    kept = field >= _level(field, int(np.count_nonzero(block.voxels)))
    return Block(tuple(range(first, last + 1)), block.y0, block.x0, kept, block.shape).masks()


def _level(field: npt.NDArray[np.float32], count: int) -> float:
    """Return the ``count``-th highest value of a field; the deep inside of a body is counted and not sorted."""
    inside = field > 0.99
    deep = int(np.count_nonzero(inside))
    if deep < count:
        rest = field[(field > 1e-4) & ~inside]
        if rest.size >= count - deep:
            return float(np.partition(rest, rest.size - (count - deep))[rest.size - (count - deep)])
    return float(np.partition(field.ravel(), field.size - count)[field.size - count])


def _span(masks: Masks) -> range | None:
    """Return the slices of a body with those missing in between, None for single slices."""
    return range(min(masks), max(masks) + 1) if is_solid(masks) else None


def _largest(voxels: Bools) -> Bools:
    return _core(cc3d.largest_k(_padded(voxels), k=1, connectivity=26), voxels)


def _without_dust(voxels: Bools, least: int) -> Bools:
    return _core(cc3d.dust(_padded(voxels), least, connectivity=26), voxels)


def _padded(voxels: Bools) -> Bools:
    """Return a slice or a body with a margin: on arrays that are one voxel thin, and in 2-D, cc3d 4.1 errs."""
    return np.pad(voxels if voxels.ndim == 3 else voxels[None], 1)


def _core(padded: npt.NDArray[np.generic], voxels: Bools) -> Bools:
    return padded[1:-1, 1:-1, 1:-1].astype(bool).reshape(voxels.shape)


def _dilated(voxels: Bools, mm: float, spacing: Spacing) -> Bools:
    """Return the voxels ``(d, h, w)`` whose centre lies within ``mm`` of the centre of one that is set.

    A ball is a bundle of rods along x. The voxels are smeared along x by each half length that occurs, packed eight
    to a byte, and then shifted and united rod by rod; exact, and about 10 times faster than a distance map.
    """
    width = voxels.shape[2]
    smeared, reached = voxels.copy(), 0
    united = np.zeros_like(np.packbits(voxels, axis=2))
    for half, rods in groupby(sorted(_rods(mm, spacing)), key=itemgetter(0)):
        for k in range(reached + 1, min(half, width - 1) + 1):
            smeared[..., k:] |= voxels[..., :-k]
            smeared[..., :-k] |= voxels[..., k:]
        reached = half
        packed = np.packbits(smeared, axis=2)
        for _, dz, dy in rods:
            united[_to(dz), _to(dy)] |= packed[_to(-dz), _to(-dy)]
    return np.unpackbits(united, axis=2, count=width).view(np.bool_)


def _to(shift: int) -> slice:
    """Return the part of an axis onto which a shift moves something."""
    return slice(shift, None) if shift >= 0 else slice(None, shift)


def _rods(mm: float, spacing: Spacing) -> Iterator[tuple[int, int, int]]:
    """Yield half length in x, offset in z and in y, all in voxels, of the rods that make up a ball."""
    deep, tall, wide = spacing
    for dz in range(-math.floor(mm / deep + _SLACK), math.floor(mm / deep + _SLACK) + 1):
        for dy in range(-math.floor(mm / tall + _SLACK), math.floor(mm / tall + _SLACK) + 1):
            left = mm**2 - (dz * deep) ** 2 - (dy * tall) ** 2
            if left >= -_SLACK:
                yield math.floor(math.sqrt(max(left, 0)) / wide + _SLACK), dz, dy
