"""Boxes and points as a person might mark them, made from labels: to teach SAM, and to test it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cc3d
import numpy as np
import numpy.typing as npt

from core.imaging.volume import LIVER, TUMOUR
from core.learning.cases import Grey
from core.segmentation.prompt import Box, Point

Bools = npt.NDArray[np.bool_]
JITTER = 0.15
LEAST_PX = {LIVER: 100, TUMOUR: 10}  # smaller islands nobody would box


class Manner(StrEnum):
    """How carefully a box is drawn."""

    TIGHT = "box from truth"
    JITTERED = "box from truth, edges moved by up to 15 %"
    LOOSE = "box from truth, edges up to 30 % too far out"


@dataclass(frozen=True, eq=False)
class Object:
    """One island of a label on one slice.

    Attributes:
        z: Index of the slice.
        label: `volume.LIVER` (tumours included) or `volume.TUMOUR`.
        mask: ``(H, W)``.
        box: The tightest round it.
    """

    z: int
    label: int
    mask: Bools
    box: Box


def objects(labels: Grey, z: int, kinds: Sequence[int] = (LIVER, TUMOUR)) -> list[Object]:
    """Return the islands (8-connected) on one slice of labels ``(H, W)`` that a person would box."""
    found = []
    for kind in kinds:
        wanted = labels > 0 if kind == LIVER else labels == kind
        found += [Object(z, kind, mask, box) for mask, box in islands(wanted, LEAST_PX[kind])]
    return found


def islands(mask: Bools, least_px: int) -> list[tuple[Bools, Box]]:
    """Return the 8-connected parts of ``(H, W)`` with at least some pixels, and the box round each."""
    parts, count = cc3d.connected_components(np.ascontiguousarray(mask, np.uint8), connectivity=8, return_N=True)
    if not count:
        return []
    statistics = cc3d.statistics(parts)
    found = []
    for k in range(1, count + 1):
        if statistics["voxel_counts"][k] >= least_px:
            rows, columns = statistics["bounding_boxes"][k][:2]
            box = Box(int(rows.start), int(columns.start), int(rows.stop), int(columns.stop))
            found.append((np.asarray(parts == k), box))
    return found


def drawn(box: Box, manner: Manner, shape: tuple[int, int], rng: np.random.Generator) -> Box:
    """Return a box as somebody would draw it round an object.

    Args:
        box: The tightest.
        manner: How carefully.
        shape: ``(H, W)`` of the slice; nothing is drawn outside.
        rng: Draws the edges, each on its own, evenly.
    """
    if manner is Manner.TIGHT:
        return box
    reach = min(box.height, box.width)
    if manner is Manner.JITTERED:
        moves = rng.uniform(-JITTER * reach, JITTER * reach, 4)
    else:
        moves = rng.uniform(0, 2 * JITTER * reach, 4) * (-1, -1, 1, 1)
    y0, x0, y1, x1 = np.rint(np.array([box.y0, box.x0, box.y1, box.x1]) + moves).astype(int).tolist()
    y0, x0 = min(max(0, y0), shape[0] - 1), min(max(0, x0), shape[1] - 1)
    return Box(y0, x0, min(shape[0], max(y1, y0 + 1)), min(shape[1], max(x1, x0 + 1)))


def clicked(mask: Bools, count: int, rng: np.random.Generator) -> tuple[Point, ...]:
    """Return points on an object ``(H, W)``: one in its middle first, then some anywhere on it.

    Raises:
        ValueError: The mask is empty.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        raise ValueError("mask is empty")
    middle = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
    others = rng.integers(0, len(rows), max(0, count - 1)).tolist()
    return tuple(Point(int(rows[k]), int(columns[k])) for k in [middle, *others][:count])
