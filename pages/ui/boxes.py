"""Boxes as they stand on the canvas, and which of them are new, moved or gone."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.editing.outline import Outline
from core.segmentation.prompt import Box


@dataclass(frozen=True)
class Drawn:
    """A box as it stands on the canvas.

    Attributes:
        number: The id of its object, written at its corner; for a new box the id it will get. None if it was
            written over.
        box: Where it is, in voxels; None if it is too small to be meant.
        colour: Its line, ``#rrggbb``: the colour of the label it was drawn with.
    """

    number: int | None
    box: Box | None
    colour: str = ""


def compare(
    outlines: Iterable[Outline], drawn: Iterable[Drawn]
) -> tuple[list[tuple[Outline, Box]], list[Drawn], list[Outline]]:
    """Tell which boxes on the canvas were moved, which are new, and which objects lost theirs.

    A box that lies where an object's box lies is that object's; of the others the number tells.
    """
    left = {outline.id: outline for outline in outlines if outline.box is not None}
    moved: list[tuple[Outline, Box]] = []
    new: list[Drawn] = []
    strange: list[Drawn] = []
    for item in (item for item in drawn if item.box is not None):
        same = [outline for outline in left.values() if outline.box == item.box]
        if same:
            del left[next((o.id for o in same if o.id == item.number), same[0].id)]
        else:
            strange.append(item)
    for item in strange:
        if item.number in left and item.box is not None:
            moved.append((left.pop(item.number), item.box))
        else:
            new.append(item)
    return moved, new, list(left.values())
