"""A small CT to keep, and shapes to draw on it; no two of its sizes are alike."""

from typing import Any

import numpy as np

from core.editing.annotation import Annotation
from core.editing.commands import from_json, perform
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point
from core.segmentation.segmenter import ModelCard
from core.workspace.kept import KeptCase

SHAPE = (6, 14, 17)
LIVER, TUMOUR = 1, 2
CARD = ModelCard("lite", "LiteMedSAM", Window(40, 400), False, 39.4, "Apache-2.0", "a package", "79d8" * 16)


def volume(seed: int = 5, name: str = "Abdomen portal") -> Volume:
    """Voxels of 2.5 × 0.5 × 0.8 mm, in a file that is stored the other way round."""
    hu = np.random.default_rng(seed).integers(-200, 300, SHAPE).astype(np.int16)
    direction = [[0, 0, -1], [0, -1, 0], [1, 0, 0]]  # z grows to the head, y to the front, x to the right
    source = Grid.from_geometry(SHAPE, (2.5, 0.5, 0.8), (11.0, -7.0, 30.0), direction)
    notes = ("A note of the file.",)
    return Volume.from_file(hu, Source(name, "NIfTI", source, "CT", "Abdomen", notes, frame="1a2b", series="9c8d"))


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(SHAPE[1:], dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def answered(annotation: Annotation, z: int, mask: np.ndarray, identity: int | None = None) -> int:
    """Draw what a model might have answered to a box and a point."""
    return annotation.draw(
        {z: mask}, f"box on slice {z + 1}", identity=identity, label=TUMOUR,
        box=Box(1, 2, 9, 10), points=(Point(4, 5), Point(0, 1, False)), score=0.875, model=CARD, window=Window(60, 200),
    )  # fmt: skip


def do(kept: KeptCase, **asked: Any) -> int | None:
    """Do what the viewer asks for, as its route does."""
    with kept.acting(asked):
        return perform(from_json(asked), kept.annotation, kept.volume)


def paint(kept: KeptCase, z: int, y: int, x: int, **asked: Any) -> int | None:
    wanted = {"do": "paint", "object": None, "label": TUMOUR, "points": [[z, y, x]], "radius_mm": 1.2}
    return do(kept, **(wanted | asked))


def same(one: Annotation, other: Annotation) -> bool:
    """Say whether two annotations hold the same in every field, and can be undone to the same."""
    if one.labels != other.labels or one.next_id != other.next_id:
        return False
    if (one.undo_name, one.redo_name) != (other.undo_name, other.redo_name) or len(one) != len(other):
        return False
    fields = ("id", "z", "label", "frame", "box", "model", "window", "points", "by_hand")
    return all(
        all(getattr(a, name) == getattr(b, name) for name in fields)
        and np.array_equal(a.bits, b.bits)
        and (a.score == b.score or (np.isnan(a.score) and np.isnan(b.score)))
        for a, b in zip(one.outlines, other.outlines, strict=True)
    )
