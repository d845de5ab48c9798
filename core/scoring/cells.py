"""The cells that a surface runs through, sorted so that those near any point are found quickly.

A surface is never stored as a mesh: an array of patterns (see `patterns`) says what each cell holds, and a list
of occupied cells, block by block, where to look.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]

_BLOCK_CELLS = 6  # along the axis of the finest spacing; a block is about as long in mm along the others
_RING_CELLS = 1500  # how many cells a search looks into before it asks the blocks


class Cells(NamedTuple):
    """The occupied cells of one surface, those of a block one after another.

    Attributes:
        at: ``(n, 3)`` indices ``(z, y, x)``.
        starts: ``(blocks + 1,)``: block ``b`` owns ``at[starts[b]:starts[b + 1]]``.
        lows: ``(blocks, 3)`` lowest index of its cells.
        highs: ``(blocks, 3)`` highest index of its cells.
    """

    at: Indices
    starts: Indices
    lows: Indices
    highs: Indices


def gather(occupied: Indices, shape: tuple[int, ...], spacing: tuple[float, float, float]) -> Cells:
    """Sort flat indices of occupied cells into blocks."""
    at = np.stack(np.unravel_index(occupied, shape), axis=-1)
    sides = np.maximum(np.rint(_BLOCK_CELLS * min(spacing) / np.asarray(spacing)), 1).astype(np.int64)
    keys = np.ravel_multi_index(tuple((at // sides).T), tuple(-(-np.asarray(shape) // sides)))
    order = np.argsort(keys, kind="stable")
    at = np.ascontiguousarray(at[order])
    starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) > 0]) if len(at) else np.zeros(0, np.int64)
    lows, highs = (f.reduceat(at, starts, axis=0) if len(at) else at for f in (np.minimum, np.maximum))
    return Cells(at, np.append(starts, len(at)), lows, highs)


@njit(nogil=True, cache=True)
def encode(mask: npt.NDArray[np.bool_], codes: Bytes) -> None:
    """Write the pattern of every cell of a mask.

    Args:
        mask: ``(z, y, x)`` bool, its outermost voxels on every side False.
        codes: One cell less on each axis; filled.
    """
    depth, height, width = codes.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                codes[z, y, x] = (
                    mask[z, y, x]
                    | (mask[z, y, x + 1] << 1)
                    | (mask[z, y + 1, x] << 2)
                    | (mask[z, y + 1, x + 1] << 3)
                    | (mask[z + 1, y, x] << 4)
                    | (mask[z + 1, y, x + 1] << 5)
                    | (mask[z + 1, y + 1, x] << 6)
                    | (mask[z + 1, y + 1, x + 1] << 7)
                )


class Ring(NamedTuple):
    """Cells around a cell in the order of distance.

    Attributes:
        steps: ``(n, 3)`` index offsets.
        bounds: ``(n,)`` squared mm below which nothing in the cell can lie, ascending.
        reach: Squared mm up to which the ring misses no cell.
    """

    steps: Indices
    bounds: Floats
    reach: float


def ring(spacing: tuple[float, float, float], between_corners: bool) -> Ring:
    """List the cells around a cell.

    Args:
        spacing: Voxel size in mm, ``(z, y, x)``.
        between_corners: True to measure from one cell's first corner to the other's; False to measure the gap
            between two cells, which anything inside them may have to itself.
    """
    size = np.asarray(spacing)
    slack = 0 if between_corners else 1
    radius = np.cbrt(_RING_CELLS * size.prod() * 3 / (4 * np.pi))
    most = (np.floor(radius / size).astype(np.int64) + slack).tolist()
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in most), indexing="ij"), axis=-1).reshape(-1, 3)
    gaps = np.maximum(np.abs(steps) - slack, 0) * size
    bounds = (gaps**2).sum(axis=1)
    order = np.argsort(bounds, kind="stable")
    order = order[bounds[order] <= radius**2]
    return Ring(np.ascontiguousarray(steps[order]), bounds[order], float(radius**2))


@njit(nogil=True, cache=True)
def gap(low: Indices, high: Indices, other_low: Indices, other_high: Indices, size: Floats) -> float:
    """Return the squared distance in mm between two boxes of corners, 0 if they touch."""
    total = 0.0
    for axis in range(3):
        gap = max(other_low[axis] - high[axis], low[axis] - other_high[axis], 0) * size[axis]
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def blocks_in_question(low: Indices, high: Indices, held: Cells, size: Floats) -> Indices:
    """List the blocks that may hold what is nearest to any point of a box, the likeliest first."""
    bounds = np.empty(len(held.lows))
    within = np.inf
    for other in range(len(bounds)):
        farthest = nearest = 0.0
        for axis in range(3):
            ends = max(held.highs[other, axis] - low[axis], high[axis] - held.lows[other, axis]) + 1
            gap = max(held.lows[other, axis] - high[axis], low[axis] - held.highs[other, axis], 1) - 1
            farthest += (ends * size[axis]) ** 2
            nearest += (gap * size[axis]) ** 2
        bounds[other] = nearest
        within = min(within, farthest)
    kept = np.flatnonzero(bounds <= within)
    return kept[np.argsort(bounds[kept])]
