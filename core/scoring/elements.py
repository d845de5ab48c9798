"""The elements of a mask's surface, where they lie and how much each weighs; and how far from another's."""

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import numpy.typing as npt

from core.scoring.cells import Cells, encode, gather, ring
from core.scoring.nearest import nearest_corners, nearest_triangles, prepare
from core.scoring.patterns import Patterns, patterns

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
THREADS = int(os.environ.get("NUMBA_NUM_THREADS") or os.cpu_count() or 1)
"""How many measure at once: every core, or what ``NUMBA_NUM_THREADS`` says, as joblib does to its workers."""
_FULL = 255
_TASKS = 64  # many, because points far from the other surface take longer and lie together


class Kind(Enum):
    """What an element is: see the table in `surfaces`."""

    TRIANGLES = auto()
    VOXELS = auto()
    SURFELS = auto()


@dataclass(frozen=True, eq=False)
class Elements:
    """A surface as a list of elements.

    Attributes:
        kind: What an element is.
        spacing: Voxel size in mm, ``(z, y, x)``.
        codes: ``(z, y, x)`` uint8; patterns for triangles, else non-zero where there is an element.
        cells: Where the elements are.
        starts: ``(cells + 1,)`` place of the first element of each cell.
        weights: ``(n,)`` of each element.
        patterns: The triangles at this voxel size.
    """

    kind: Kind
    spacing: tuple[float, float, float]
    codes: npt.NDArray[np.uint8]
    cells: Cells
    starts: npt.NDArray[np.int64]
    weights: Floats
    patterns: Patterns

    def __len__(self) -> int:
        return len(self.weights)


def elements(mask: Bools, spacing: tuple[float, float, float], kind: Kind) -> Elements:
    """List the surface elements of a mask.

    Args:
        mask: ``(z, y, x)`` bool with a layer of background around it.
        spacing: Voxel size in mm, ``(z, y, x)``.
        kind: Which elements.
    """
    table = patterns(spacing)
    codes = _border(mask) if kind is Kind.VOXELS else _encoded(mask)
    occupied = codes if kind is Kind.VOXELS else (codes > 0) & (codes < _FULL)
    cells = gather(np.flatnonzero(occupied), codes.shape, spacing)
    own = codes[tuple(cells.at.T)]
    counts = table.counts[own] if kind is Kind.TRIANGLES else np.ones(len(own), np.int64)
    if kind is Kind.TRIANGLES:
        weights = table.areas[own][np.arange(table.areas.shape[1]) < counts[:, None]]
    elif kind is Kind.SURFELS:
        weights = table.surfel_areas[own]
        codes[codes == _FULL] = 0
    else:
        weights = np.ones(len(own))
    return Elements(kind, spacing, codes, cells, np.append(0, np.cumsum(counts)), weights, table)


def welded(surface: Elements) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return a surface of triangles as a mesh whose triangles share corners.

    Args:
        surface: From `elements`, of `Kind.TRIANGLES`.

    Returns:
        ``(n, 3)`` indices ``(z, y, x)`` of the mask that `elements` was given, one or two of them half a voxel between
        two; and ``(m, 3)`` rows of them, a triangle for each element, in their order.
    """
    cells = np.repeat(surface.cells.at, np.diff(surface.starts), axis=0)
    local = surface.patterns.triangles[surface.codes[tuple(cells.T)], ranks(surface)] / np.asarray(surface.spacing)
    doubled = np.rint(2 * (cells[:, None] + local)).astype(np.int64).reshape(-1, 3)
    shape = tuple(2 * n + 1 for n in surface.codes.shape)
    keys, triangles = np.unique(np.ravel_multi_index(tuple(doubled.T), shape), return_inverse=True)
    return np.stack(np.unravel_index(keys, shape), axis=-1) / 2, triangles.reshape(-1, 3)


def ranks(surface: Elements) -> npt.NDArray[np.int64]:
    """Return of each element which one of its cell it is, from 0."""
    counts = np.diff(surface.starts)
    return np.arange(len(surface)) - np.repeat(surface.starts[:-1], counts)


def _encoded(mask: Bools) -> npt.NDArray[np.uint8]:
    z, y, x = mask.shape
    codes = np.empty((z - 1, y - 1, x - 1), np.uint8)
    encode(mask, codes)
    return codes


def _border(mask: Bools) -> npt.NDArray[np.uint8]:
    """Mark the voxels of a mask that have a voxel of background on one of their six sides."""
    inside = mask[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for shift in (slice(0, -2), slice(2, None)):
            around = [slice(1, -1)] * 3
            around[axis] = shift
            inside &= mask[tuple(around)]
    return (mask[1:-1, 1:-1, 1:-1] & ~inside).view(np.uint8)


def distances_between(asked: Elements, held: Elements, threads: Executor) -> Floats:
    """Return the distance in mm from each element of one surface to the nearest of another.

    Args:
        asked: From `elements`.
        held: Of the same kind and shape.
        threads: Who does the work.

    Returns:
        ``(len(asked),)``; ``inf`` throughout if the other surface is empty.
    """
    found = np.full(len(asked), np.inf)
    if not len(asked) or not len(held):
        return found
    search = _search(asked, held, found)
    blocks = len(asked.cells.lows)
    edges = np.unique(np.linspace(0, blocks, _TASKS + 1).astype(np.int64)).tolist()
    list(threads.map(search, edges[:-1], edges[1:]))
    return found


def _search(asked: Elements, held: Elements, found: Floats) -> Callable[[int, int], None]:
    size = np.asarray(asked.spacing)
    if asked.kind is not Kind.TRIANGLES:
        corners = ring(asked.spacing, between_corners=True)
        return lambda first, last: nearest_corners(
            asked.cells, first, last, held.cells, held.codes, corners, size, found
        )
    cells = ring(asked.spacing, between_corners=False)
    tables = (asked.patterns.counts, prepare(asked.patterns.triangles), asked.patterns.centroids)
    return lambda first, last: nearest_triangles(
        asked.cells, first, last, asked.codes, asked.starts, held.cells, held.codes, cells, tables, size, found
    )
