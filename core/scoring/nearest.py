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
    tables: tuple[Indices, Floats, Floats],
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
    point = np.empty(3)
    for block in range(first, last):
        candidates = np.empty(0, np.int64)
        near = np.zeros(3, np.int64)
        near[:] = held.at[held.starts[min(block, len(held.lows) - 1)]]
        for row in range(asked.starts[block], asked.starts[block + 1]):
            at = asked.at[row]
            pattern = asked_codes[at[0], at[1], at[2]]
            for k in range(counts[pattern]):
                if codes[at[0], at[1], at[2]] == pattern:
                    found[outputs[row] + k] = 0.0
                    continue
                for axis in range(3):
                    point[axis] = at[axis] * size[axis] + centroids[pattern, k, axis]
                best = _to_cell(point, near, codes, tables, size, np.inf)
                best = _nearest_in_ring(point, at, near, codes, rings, tables, size, best)
                if best > rings.reach:
                    if len(candidates) == 0:
                        candidates = blocks_in_question(asked.lows[block], asked.highs[block], held, size)
                    best = _nearest_in_blocks(point, candidates, near, held, codes, tables, size, best)
                found[outputs[row] + k] = np.sqrt(best)


@njit(nogil=True, cache=True)
def _nearest_in_ring(
    point: Floats,
    at: Indices,
    near: Indices,
    codes: Bytes,
    rings: Ring,
    tables: tuple[Indices, Floats, Floats],
    size: Floats,
    best: float,
) -> float:
    """Look into the cells around a point until none further out can be nearer; move ``near`` to the best."""
    depth, height, width = codes.shape
    cell = np.empty(3, np.int64)
    for k in range(len(rings.bounds)):
        if rings.bounds[k] >= best:
            break
        step = rings.steps[k]
        u, v, w = at[0] + step[0], at[1] + step[1], at[2] + step[2]
        if 0 <= u < depth and 0 <= v < height and 0 <= w < width and 0 < codes[u, v, w] < 255:
            cell[0], cell[1], cell[2] = u, v, w
            distance = _to_cell(point, cell, codes, tables, size, best)
            if distance < best:
                best = distance
                near[:] = cell
    return best


@njit(nogil=True, cache=True)
def _nearest_in_blocks(
    point: Floats,
    candidates: Indices,
    near: Indices,
    held: Cells,
    codes: Bytes,
    tables: tuple[Indices, Floats, Floats],
    size: Floats,
    best: float,
) -> float:
    for other in candidates:
        low, high = held.lows[other], held.highs[other]
        if _to_box(point, low, high, size) < best:
            for k in range(held.starts[other], held.starts[other + 1]):
                distance = _to_cell(point, held.at[k], codes, tables, size, best)
                if distance < best:
                    best = distance
                    near[:] = held.at[k]
    return best


@njit(nogil=True, cache=True)
def _to_box(point: Floats, low: Indices, high: Indices, size: Floats) -> float:
    """Return the squared distance in mm from a point to the cells ``low`` to ``high``, 0 inside."""
    total = 0.0
    for axis in range(3):
        gap = max(low[axis] * size[axis] - point[axis], point[axis] - (high[axis] + 1) * size[axis], 0.0)
        total += gap * gap
    return total


@njit(nogil=True, cache=True)
def _to_cell(
    point: Floats, at: Indices, codes: Bytes, tables: tuple[Indices, Floats, Floats], size: Floats, best: float
) -> float:
    """Return the squared distance in mm from a point to the triangles of one cell, or ``best`` if that is less."""
    if _to_box(point, at, at, size) >= best:
        return best
    counts, triangles, _ = tables
    pattern = codes[at[0], at[1], at[2]]
    z, y, x = point[0] - at[0] * size[0], point[1] - at[1] * size[1], point[2] - at[2] * size[2]
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
