"""The nearest piece of another surface, found by looking into the cells around a point, nearest first.

A search walks through the cells around a point in the order of their distance and stops when no cell further out
can hold anything nearer. A point far from everything would walk long; it asks blocks of cells instead. Both are
exact.

Compiled by numba on the first call, some seconds once per machine; the functions let go of the interpreter's
lock, so threads share the work.
"""

import numpy as np
from numba import njit

from core.scoring.cells import Bytes, Cells, Floats, Indices, Ring, blocks_in_question, gap

Place = tuple[int, int, int]
Tables = tuple[Indices, Floats, Floats]


@njit(nogil=True, cache=True)
def nearest_corners(
    asked: Cells, first: int, last: int, held: Cells, codes: Bytes, rings: Ring, size: Floats, found: Floats
) -> None:
    """Find for each of some cells the nearest occupied cell of another surface, corner to corner.

    Args:
        asked: The surface asked about.
        first: Its first block to answer for.
        last: The block after the last.
        held: The other surface; at least one cell.
        codes: ``(z, y, x)``: non-zero where ``held`` has a cell.
        rings: From `ring`, ``between_corners``.
        size: Voxel size in mm, ``(z, y, x)``.
        found: One distance in mm for each of ``asked.at``; filled.
    """
    depth, height, width = codes.shape
    for block in range(first, last):
        candidates = np.empty(0, np.int64)
        for row in range(asked.starts[block], asked.starts[block + 1]):
            z, y, x = asked.at[row]
            best = np.inf
            for k in range(len(rings.bounds)):
                step = rings.steps[k]
                u, v, w = z + step[0], y + step[1], x + step[2]
                if 0 <= u < depth and 0 <= v < height and 0 <= w < width and codes[u, v, w]:
                    best = rings.bounds[k]
                    break
            if best == np.inf:
                if len(candidates) == 0:
                    candidates = blocks_in_question(asked.lows[block], asked.highs[block], held, size)
                best = _nearest_corner_far(asked.at[row], candidates, held, size)
            found[row] = np.sqrt(best)


@njit(nogil=True, cache=True)
def _nearest_corner_far(at: Indices, candidates: Indices, held: Cells, size: Floats) -> float:
    best = np.inf
    for other in candidates:
        if gap(at, at, held.lows[other], held.highs[other], size) < best:
            for k in range(held.starts[other], held.starts[other + 1]):
                best = min(best, gap(at, at, held.at[k], held.at[k], size))
    return best


@njit(nogil=True, cache=True)
def nearest_triangles(
    asked: Cells,
    first: int,
    last: int,
    asked_codes: Bytes,
    outputs: Indices,
    held: Cells,
    codes: Bytes,
    rings: Ring,
    tables: Tables,
    size: Floats,
    found: Floats,
) -> None:
    """Find the distance from each triangle's centroid to the nearest triangle of another surface.

    Args:
        asked: The surface asked about.
        first: Its first block to answer for.
        last: The block after the last.
        asked_codes: Its patterns ``(z, y, x)``.
        outputs: For each of ``asked.at`` the place of its first triangle in ``found``.
        held: The other surface; at least one cell.
        codes: Its patterns, of the same shape.
        rings: From `ring`, not ``between_corners``.
        tables: Counts, triangles from `prepare`, and centroids of all patterns.
        size: Voxel size in mm, ``(z, y, x)``.
        found: One distance in mm for each triangle; filled.
    """
    counts, _, centroids = tables
    for block in range(first, last):
        candidates = np.empty(0, np.int64)
        start = held.starts[min(block, len(held.lows) - 1)]
        near = (held.at[start, 0], held.at[start, 1], held.at[start, 2])
        for row in range(asked.starts[block], asked.starts[block + 1]):
            at = (asked.at[row, 0], asked.at[row, 1], asked.at[row, 2])
            pattern = asked_codes[at]
            same = codes[at] == pattern
            for k in range(counts[pattern]):
                if same:
                    found[outputs[row] + k] = 0.0
                    continue
                z = at[0] * size[0] + centroids[pattern, k, 0]
                y = at[1] * size[1] + centroids[pattern, k, 1]
                x = at[2] * size[2] + centroids[pattern, k, 2]
                best = _to_cell(z, y, x, near, codes, tables, size, np.inf)  # where the last one ended: likely near
                best, near = _nearest_in_ring(z, y, x, at, near, codes, rings, tables, size, best)
                if best > rings.reach:
                    if len(candidates) == 0:
                        candidates = blocks_in_question(asked.lows[block], asked.highs[block], held, size)
                    best, near = _nearest_in_blocks(z, y, x, candidates, near, held, codes, tables, size, best)
                found[outputs[row] + k] = np.sqrt(best)


@njit(nogil=True, cache=True)
def _nearest_in_ring(
    z: float,
    y: float,
    x: float,
    at: Place,
    near: Place,
    codes: Bytes,
    rings: Ring,
    tables: Tables,
    size: Floats,
    best: float,
) -> tuple[float, Place]:
    """Look into the cells around a point until none further out can be nearer; return the best and its cell."""
    depth, height, width = codes.shape
    for k in range(len(rings.bounds)):
        if rings.bounds[k] >= best:
            break
        u, v, w = at[0] + rings.steps[k, 0], at[1] + rings.steps[k, 1], at[2] + rings.steps[k, 2]
        if 0 <= u < depth and 0 <= v < height and 0 <= w < width and 0 < codes[u, v, w] < 255:
            distance = _to_cell(z, y, x, (u, v, w), codes, tables, size, best)
            if distance < best:
                best, near = distance, (u, v, w)
    return best, near


@njit(nogil=True, cache=True)
def _nearest_in_blocks(
    z: float,
    y: float,
    x: float,
    candidates: Indices,
    near: Place,
    held: Cells,
    codes: Bytes,
    tables: Tables,
    size: Floats,
    best: float,
) -> tuple[float, Place]:
    lows, highs, cells = held.lows, held.highs, held.at
    for other in candidates:
        gap_z = _outside(z, lows[other, 0], highs[other, 0], size[0])
        gap_y = _outside(y, lows[other, 1], highs[other, 1], size[1])
        gap_x = _outside(x, lows[other, 2], highs[other, 2], size[2])
        if gap_z * gap_z + gap_y * gap_y + gap_x * gap_x >= best:
            continue
        for k in range(held.starts[other], held.starts[other + 1]):
            cell = (cells[k, 0], cells[k, 1], cells[k, 2])
            distance = _to_cell(z, y, x, cell, codes, tables, size, best)
            if distance < best:
                best, near = distance, cell
    return best, near


@njit(nogil=True, cache=True)
def _outside(place: float, low: int, high: int, size: float) -> float:
    """Return how far in mm a place lies outside the cells ``low`` to ``high`` of one axis."""
    return max(low * size - place, place - (high + 1) * size, 0.0)


@njit(nogil=True, cache=True)
def _to_cell(z: float, y: float, x: float, at: Place, codes: Bytes, tables: Tables, size: Floats, best: float) -> float:
    """Return the squared distance in mm from a point to the triangles of one cell, or ``best`` if that is less."""
    gap_z = _outside(z, at[0], at[0], size[0])
    gap_y = _outside(y, at[1], at[1], size[1])
    gap_x = _outside(x, at[2], at[2], size[2])
    if gap_z * gap_z + gap_y * gap_y + gap_x * gap_x >= best:
        return best
    counts, triangles, _ = tables
    pattern = codes[at]
    z, y, x = z - at[0] * size[0], y - at[1] * size[1], x - at[2] * size[2]
    for k in range(counts[pattern]):
        best = min(best, _to_triangle(z, y, x, triangles[pattern, k]))
    return best


def prepare(triangles: Floats) -> Floats:
    """Work out once per triangle what `_to_triangle` needs: ``(256, 5, 15)`` from ``(256, 5, 3, 3)``.

    First corner, both sides from it, the unit normal, and the products of the sides.
    """
    start, one, two = triangles[:, :, 0], triangles[:, :, 1], triangles[:, :, 2]
    one, two = one - start, two - start
    normal = np.cross(one, two)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-300)
    products = np.stack([(one * one).sum(-1), (one * two).sum(-1), (two * two).sum(-1)], axis=-1)
    return np.ascontiguousarray(np.concatenate([start, one, two, normal, products], axis=-1))


@njit(nogil=True, cache=True)
def _to_triangle(z: float, y: float, x: float, t: Floats) -> float:
    """Return the squared distance from a point to a triangle of `prepare`.

    The point's foot on the plane lies inside the triangle, beside a side or beyond a corner; see C. Ericson,
    Real-time collision detection (2005), section 5.1.5.
    """
    z, y, x = z - t[0], y - t[1], x - t[2]
    square = z * z + y * y + x * x
    along_one = z * t[3] + y * t[4] + x * t[5]
    along_two = z * t[6] + y * t[7] + x * t[8]
    if along_one <= 0 and along_two <= 0:
        return square
    past_one, slant_one = along_one - t[12], along_two - t[13]
    if past_one >= 0 and slant_one <= past_one:
        return max(0.0, square - 2 * along_one + t[12])
    if along_one * slant_one <= past_one * along_two and along_one >= 0 and past_one <= 0:
        return max(0.0, square - along_one * along_one / t[12])
    slant_two, past_two = along_one - t[13], along_two - t[14]
    if past_two >= 0 and slant_two <= past_two:
        return max(0.0, square - 2 * along_two + t[14])
    if slant_two * along_two <= along_one * past_two and along_two >= 0 and past_two <= 0:
        return max(0.0, square - along_two * along_two / t[14])
    rise, fall = slant_one - past_one, slant_two - past_two
    if past_one * past_two <= slant_two * slant_one and rise >= 0 and fall >= 0:
        return max(0.0, square - 2 * along_one + t[12] - rise * rise / (rise + fall))
    height = z * t[9] + y * t[10] + x * t[11]
    return height * height
