"""Which part of which slice two states of an annotation differ in."""

from collections.abc import Iterable, Mapping

import numpy as np

from core.editing.outline import Outline
from core.segmentation.prompt import Box

Touched = Mapping[int, Box]


def differences(before: Iterable[Outline], after: Iterable[Outline]) -> dict[int, Box]:
    """Return slice to the smallest box round what looks different there."""
    stayed = set(before) & set(after)
    old = {(o.id, o.z): o for o in before if o not in stayed}
    new = {(o.id, o.z): o for o in after if o not in stayed}
    touched: dict[int, Box] = {}
    for key in old.keys() | new.keys():
        box = _difference(old.get(key), new.get(key))
        if box is not None:
            join(touched, {key[1]: box})
    return touched


def _difference(old: Outline | None, new: Outline | None) -> Box | None:
    """Return the smallest box round what two outlines of an object on a slice differ in; None if they look alike."""
    if old is None or new is None:
        return new.frame if new else old.frame if old else None
    hull = _hull(old.frame, new.frame)
    if old.label != new.label:
        return hull
    differ = np.zeros((hull.height, hull.width), dtype=bool)
    for outline in (old, new):
        y, x = outline.frame.y0 - hull.y0, outline.frame.x0 - hull.x0
        differ[y : y + outline.frame.height, x : x + outline.frame.width] ^= outline.crop
    rows = np.flatnonzero(differ.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(differ.any(axis=0))
    return Box(
        hull.y0 + int(rows[0]), hull.x0 + int(columns[0]), hull.y0 + int(rows[-1]) + 1, hull.x0 + int(columns[-1]) + 1
    )


def join(touched: dict[int, Box], news: Touched) -> None:
    """Add to slices and their boxes, in place; a box that was there grows round both."""
    for z, box in news.items():
        touched[z] = _hull(touched[z], box) if z in touched else box


def _hull(one: Box, other: Box) -> Box:
    return Box(min(one.y0, other.y0), min(one.x0, other.x0), max(one.y1, other.y1), max(one.x1, other.x1))
