"""The brush: the voxels that a round tip passes over, in its slice or as a ball through several."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from core.editing.block import voxel_mm
from core.editing.layers import Masks
from core.imaging.grid import Grid
from core.imaging.volume import Volume

Floats = npt.NDArray[np.float64]
Place = tuple[float, float, float]
Corner = tuple[int, int, int]
_SLACK = 1e-9  # a centre right on the rim is in, whatever the rounding


def stroke(
    points: Sequence[Place], radius_mm: float, grid: Grid, *, ball: bool = False
) -> dict[int, npt.NDArray[np.bool_]]:
    """Return what a brush paints that is drawn along a line.

    A voxel is painted if its centre lies within the radius of the line, and in any case if the line runs through it:
    a brush finer than a voxel leaves no gaps. Some 20 µs per point of the line.

    Args:
        points: Corners of the line, ``(z, y, x)`` in voxels; the centre of a voxel is a whole number. They may lie
            outside the volume.
        radius_mm: Of the tip; in voxels if the grid has no voxel size.
        grid: Of the volume.
        ball: Whether the tip is a ball that reaches into other slices; else it paints the slice of each point alone.

    Returns:
        Slice to ``(H, W)``; slices on which nothing is painted are left out.
    """
    spacing = np.asarray(voxel_mm(grid))
    painted: dict[int, npt.NDArray[np.bool_]] = {}
    reach = radius_mm / spacing * ((1, 1, 1) if ball else (0, 1, 1))
    for line in [np.asarray(points, dtype=float)] if ball else _by_slice(points):
        line = np.round(line, 6)  # a step too short to square is none
        (z0, y, x), block = _along(line, reach, radius_mm, grid.shape, spacing)
        for z, layer in enumerate(block, z0):
            if layer.any():
                mask = painted.setdefault(z, np.zeros(grid.shape[1:], dtype=bool))
                mask[y : y + layer.shape[0], x : x + layer.shape[1]] |= layer
    return painted


def within_hu(masks: Masks, volume: Volume, low_hu: float, high_hu: float) -> dict[int, npt.NDArray[np.bool_]]:
    """Return of each mask only the voxels whose value lies in ``low_hu`` to ``high_hu``, both included.

    Slices on which none does are left out. In a volume without Hounsfield units the range is one of its own units.
    """
    kept: dict[int, npt.NDArray[np.bool_]] = {}
    for z, mask in masks.items():
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size:
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            values = volume.hu[z, part]
            whole = np.zeros_like(mask)
            whole[part] = mask[part] & (values >= low_hu) & (values <= high_hu)
            if whole.any():
                kept[z] = whole
    return kept


def _by_slice(points: Iterable[Place]) -> list[Floats]:
    """Cut a line where it changes slices, and lay each piece into the middle of its slice."""
    pieces: list[list[Place]] = []
    for z, y, x in points:
        flat = (float(np.floor(z + 0.5)), y, x)
        if pieces and pieces[-1][-1][0] == flat[0]:
            pieces[-1].append(flat)
        else:
            pieces.append([flat])
    return [np.asarray(piece) for piece in pieces]


def _along(
    line: Floats, reach: Floats, radius_mm: float, shape: tuple[int, int, int], spacing: Floats
) -> tuple[Corner, npt.NDArray[np.bool_]]:
    """Return the painted voxels round a line ``(n, 3)`` as a block ``(d, h, w)``, and where its first voxel lies."""
    least, most = line.min(axis=0), line.max(axis=0)
    low = np.minimum(np.ceil(least - reach - _SLACK), np.floor(least + 0.5)).clip(min=0).astype(int)
    high = np.maximum(np.floor(most + reach + _SLACK), np.floor(most + 0.5)).clip(max=np.subtract(shape, 1)).astype(int)
    z, y, x = low.tolist()
    if (high < low).any():
        return (z, y, x), np.zeros((0, 0, 0), dtype=bool)
    centres = [np.arange(n, m + 1) * mm for n, m, mm in zip(low, high, spacing, strict=True)]
    block = _distance2(line * spacing, radius_mm, np.ix_(*centres)) <= radius_mm**2 * (1 + _SLACK)
    under = _under(line)
    under = under[((under >= low) & (under <= high)).all(axis=1)] - low
    block[tuple(under.T)] = True
    return (z, y, x), block


def _distance2(line: Floats, radius_mm: float, centres: tuple[Floats, ...]) -> Floats:
    """Return the squared distance in mm² of voxels to a line; ``inf`` or too large where it exceeds the radius.

    Args:
        line: ``(n, 3)`` in mm.
        radius_mm: Up to where distances are needed.
        centres: Of the voxels in mm, one open grid per axis, as `numpy.ix_` makes it.

    Returns:
        ``(d, h, w)``. Along an axis on which the line does not move, the distance is added once at the end: a line
        in a slice costs no more for a ball than for a disc.
    """
    moving = [axis for axis in range(3) if np.ptp(line[:, axis]) > 0]
    still = sum(((centres[axis] - line[0, axis]) ** 2 for axis in range(3) if axis not in moving), np.zeros((1, 1, 1)))
    if not moving:
        return still
    nearest = np.full([centres[axis].size if axis in moving else 1 for axis in range(3)], np.inf)
    for start, end in itertools.pairwise(line):
        step = end - start
        if step.any():
            spans = [_span(centres[axis].ravel(), start[axis], end[axis], radius_mm) for axis in moving]
            window = tuple(spans[moving.index(axis)] if axis in moving else slice(None) for axis in range(3))
            away = [_part(centres[axis], axis, window[axis]) - start[axis] for axis in moving]
            along = sum(d * step[axis] for d, axis in zip(away, moving, strict=True)) / (step @ step)
            along = np.clip(along, 0, 1)
            found = sum((d - along * step[axis]) ** 2 for d, axis in zip(away, moving, strict=True))
            np.minimum(nearest[window], found, out=nearest[window])
    return nearest + still


def _span(centres: Floats, start: float, end: float, radius_mm: float) -> slice:
    """Return which of rising centres lie within the radius of a stretch."""
    low, high = min(start, end) - radius_mm, max(start, end) + radius_mm
    return slice(int(np.searchsorted(centres, low - _SLACK)), int(np.searchsorted(centres, high + _SLACK, "right")))


def _part(centres: Floats, axis: int, span: slice) -> Floats:
    return centres[tuple(span if k == axis else slice(None) for k in range(3))]


def _under(line: Floats) -> npt.NDArray[np.int_]:
    """Return the voxels ``(n, 3)`` under a line, looked up every half voxel and at its corners."""
    steps = np.diff(line, axis=0)
    counts = np.ceil(2 * np.abs(steps).max(axis=1, initial=0)).astype(int)
    which = np.repeat(np.arange(len(steps)), counts)
    ordinal = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts)
    between = line[which] + steps[which] * (ordinal / counts[which])[:, None]
    return np.floor(np.concatenate([line, between]) + 0.5).astype(int)
