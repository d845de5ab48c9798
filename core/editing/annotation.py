"""What a reader has outlined on a CT so far, with undo and redo; the one thing in core that changes."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from core.editing.outline import Outline, pack
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS, Label, next_label
from core.imaging.volume import LIVER, Mask
from core.imaging.window import Window
from core.segmentation.prompt import Box
from core.segmentation.segmenter import ModelCard

__all__ = ["DEFAULT_LABELS", "Annotation", "Label", "Made", "Outline"]


class Made(TypedDict, total=False):
    """How a mask came about; the fields are those of `Outline`."""

    box: Box | None
    score: float
    model: ModelCard | None
    window: Window | None


_STEPS_KEPT = 200
_Step = tuple[str, tuple[Outline, ...], tuple[Label, ...]]


class Annotation:
    """All outlines on one grid and the labels they may have.

    Every change is one named step, such as “box on slice 41” (people count slices from 1), that can be
    undone. Steps share the outlines they do not touch, so remembering them costs next to nothing.
    """

    def __init__(self, grid: Grid, labels: Iterable[Label] = DEFAULT_LABELS) -> None:
        self.grid = grid
        self._labels = tuple(labels)
        self._outlines: tuple[Outline, ...] = ()
        self._next_id = 1
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    def __len__(self) -> int:
        return len(self._outlines)

    @property
    def outlines(self) -> tuple[Outline, ...]:
        """All objects, oldest first."""
        return self._outlines

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels, in the order of the picker."""
        return self._labels

    @property
    def next_id(self) -> int:
        """The id that the next object gets; ids rise and are never used twice."""
        return self._next_id

    @property
    def undo_name(self) -> str:
        """What `undo` would take back, or ``""``."""
        return self._done[-1][0] if self._done else ""

    @property
    def redo_name(self) -> str:
        """What `redo` would bring back, or ``""``."""
        return self._undone[-1][0] if self._undone else ""

    def add(self, z: int, mask: npt.NDArray[np.bool_], label: int, **made: Unpack[Made]) -> Outline:
        """Add an object.

        Args:
            z: Slice, from 0.
            mask: ``(H, W)`` bool of that slice.
            label: Value of one of `labels`.
            **made: How the mask came about, see `Outline`: ``box``, ``score``, ``model``, ``window``.

        Raises:
            PromptError: The mask is empty.
            ValueError: There is no such slice or label, or the mask has another shape.
        """
        self._check(z, label)
        frame, bits = self._packed(z, mask)
        outline = Outline(self._next_id, z, label, frame, bits, **made)
        self._next_id += 1
        self._step(f"{'box' if outline.box else 'object'} on slice {z + 1}", (*self._outlines, outline))
        return outline

    def find(self, identity: int) -> Outline:
        """Return the object with this id.

        Raises:
            KeyError: There is none.
        """
        for outline in self._outlines:
            if outline.id == identity:
                return outline
        raise KeyError(identity)

    def remove(self, *identities: int) -> None:
        """Take objects away, in one step; does nothing if none is named."""
        gone = [self.find(identity) for identity in identities]
        if gone:
            self._step(f"delete on slice {gone[0].z + 1}", tuple(o for o in self._outlines if o not in gone))

    def relabel(self, identity: int, label: int) -> None:
        """Give an object another label; does nothing if it has it already."""
        old = self.find(identity)
        self._check(old.z, label)
        if old.label != label:
            self._swap(f"label on slice {old.z + 1}", old, replace(old, label=label))

    def replace(self, identity: int, mask: npt.NDArray[np.bool_], **made: Unpack[Made]) -> None:
        """Give an object another shape, and another box, score, model or window if given; the rest stays.

        Raises:
            PromptError: The mask is empty.
        """
        old = self.find(identity)
        frame, bits = self._packed(old.z, mask)
        self._swap(f"edit on slice {old.z + 1}", old, replace(old, frame=frame, bits=bits, **made))

    def add_label(self, name: str) -> Label:
        """Add a label of the user's own, with the next free value from 3 and a colour unlike the others.

        Raises:
            PromptError: The name is empty or taken.
        """
        label = next_label(self._labels, name)
        self._step(f"new label {label.name}", self._outlines, (*self._labels, label))
        return label

    def label(self, value: int) -> Label:
        """Return the label with this value.

        Raises:
            ValueError: There is none.
        """
        for label in self._labels:
            if label.value == value:
                return label
        raise ValueError(f"label must be one of {[label.value for label in self._labels]}, got {value}")

    def undo(self) -> str:
        """Take the last step back and return its name; ``""`` if there is nothing to undo."""
        return self._travel(self._done, self._undone)

    def redo(self) -> str:
        """Bring the last undone step back and return its name; ``""`` if there is nothing to redo."""
        return self._travel(self._undone, self._done)

    def on_slice(self, z: int) -> tuple[Outline, ...]:
        """Return the objects of slice ``z``, oldest first."""
        return tuple(outline for outline in self._outlines if outline.z == z)

    def slices_with_objects(self) -> tuple[int, ...]:
        """Return the slices that hold an object, from 0, rising."""
        return tuple(sorted({outline.z for outline in self._outlines}))

    def area_mm2(self, outline: Outline) -> float:
        """Return the area of an object in mm²; ``nan`` if the voxel size is not known."""
        _, row_mm, column_mm = self.grid.spacing
        return outline.voxels * row_mm * column_mm if self.grid.has_spacing else math.nan

    def label_slice(self, z: int) -> npt.NDArray[np.uint8]:
        """Return the labels of slice ``z``, ``(H, W)`` uint8; what lies on top is said in `label_map`."""
        labels = np.zeros(self.grid.shape[1:], dtype=np.uint8)
        _paint(labels, self.on_slice(z))
        return labels

    def label_map(self) -> Mask:
        """Return all objects as one label map on the grid.

        The liver lies under everything, so a tumour in it shows whichever was drawn first; among the rest
        the later object lies on the earlier.
        """
        labels = np.zeros(self.grid.shape, dtype=np.uint8)
        for z in self.slices_with_objects():
            _paint(labels[z], self.on_slice(z))
        return Mask(labels, self.grid)

    def _swap(self, name: str, old: Outline, new: Outline) -> None:
        self._step(name, tuple(new if outline is old else outline for outline in self._outlines))

    def _step(self, name: str, outlines: tuple[Outline, ...], labels: tuple[Label, ...] | None = None) -> None:
        self._done = [*self._done, (name, self._outlines, self._labels)][-_STEPS_KEPT:]
        self._undone = []
        self._outlines = outlines
        self._labels = self._labels if labels is None else labels

    def _travel(self, past: list[_Step], future: list[_Step]) -> str:
        if not past:
            return ""
        name, outlines, labels = past.pop()
        future.append((name, self._outlines, self._labels))
        self._outlines, self._labels = outlines, labels
        return name

    def _check(self, z: int, label: int) -> None:
        if not 0 <= z < self.grid.shape[0]:
            raise ValueError(f"z must lie in 0..{self.grid.shape[0] - 1}, got {z}")
        self.label(label)

    def _packed(self, z: int, mask: npt.NDArray[np.bool_]) -> tuple[Box, npt.NDArray[np.uint8]]:
        if mask.shape != self.grid.shape[1:] or mask.dtype != np.bool_:
            raise ValueError(f"mask must be bool of {self.grid.shape[1:]}, got {mask.dtype} of {mask.shape}")
        if not mask.any():
            raise PromptError(
                f"Nothing was found in the box on slice {z + 1}. Draw it again, a little larger than the object."
            )
        return pack(mask)


def _paint(labels: npt.NDArray[np.uint8], outlines: Iterable[Outline]) -> None:
    """Paint the objects of one slice onto ``(H, W)`` in place, the liver first."""
    for outline in sorted(outlines, key=lambda o: o.label != LIVER):
        frame = outline.frame
        labels[frame.y0 : frame.y1, frame.x0 : frame.x1][outline.crop] = outline.label
