"""What a reader has outlined on a CT so far, with undo and redo; the one thing in core that changes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby, zip_longest
from types import MappingProxyType
from typing import Unpack

import numpy as np
import numpy.typing as npt

from core.editing.history import History, State
from core.editing.layers import Masks, drawn, paint
from core.editing.outline import Finding, Made, Outline, Proposal
from core.editing.wording import found_nothing, place
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS, Label, next_label
from core.imaging.volume import Mask

__all__ = ["DEFAULT_LABELS", "Annotation", "Finding", "Label", "Made", "Outline"]


class Annotation(History):
    """All objects on one grid and the labels they may have.

    An object is one or more outlines that share an id, one per slice it touches. Every change is one named step,
    such as “box on slice 41” (people count slices from 1), that can be undone. A step replaces what there was as
    a whole, so another thread always reads a state that held; changes must come one at a time.
    """

    def __init__(self, grid: Grid, labels: Iterable[Label] = DEFAULT_LABELS) -> None:
        super().__init__(State((), tuple(labels)))
        self.grid = grid

    def __len__(self) -> int:
        """Number of outlines: an object counts once for each of its slices."""
        return len(self.outlines)

    @property
    def outlines(self) -> tuple[Outline, ...]:
        """The outlines of all objects: the oldest object first, each from the feet up."""
        return self._state.outlines

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All objects, oldest first."""
        return tuple(Finding(*key, tuple(own)) for key, own in groupby(self.outlines, key=lambda o: (o.id, o.label)))

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels, in the order of the picker."""
        return self._state.labels

    def draw(
        self,
        masks: Masks,
        step: str,
        *,
        identity: int | None = None,
        label: int | None = None,
        each: Mapping[int, Made] = MappingProxyType({}),
        **made: Unpack[Made],
    ) -> int:
        """Set what an object covers on some slices, in one step; its other slices stay. No change is no step.

        Args:
            masks: Slice, from 0, to ``(H, W)`` bool; an empty mask takes the object off that slice, and an object
                left without slices is gone.
            step: What people call it: “paint on slice 41”.
            identity: The object, or None for a new one.
            label: Of a new object; one that is there keeps its own.
            each: The same as ``made`` for single slices, over what it says for all.
            **made: How the masks came about, see `Outline`; what is not named stays. Without ``model``: by hand.

        Returns:
            The id of the object.

        Raises:
            KeyError: There is no such object.
            PromptError: A new object would cover nothing.
            ValueError: There is no such slice or label, or a mask has another shape.
        """
        if identity is not None:
            self._change({identity: masks}, step, made, each)
            return identity
        if label is None:
            raise ValueError("label must be given for a new object")
        self._check(masks)
        identity = self.next_id
        outlines = drawn(self.outlines, identity, self.label(label).value, masks, made, each)
        if len(outlines) == len(self):
            raise found_nothing(masks, made)
        self._step(step, State(outlines, self.labels))
        return identity

    def draw_many(self, changes: Mapping[int, Masks], step: str) -> None:
        """Do for several objects what `draw` does for one, in one step.

        Args:
            changes: Id of an object to its masks, as for `draw`.
            step: What people call it.

        Raises:
            KeyError: There is no such object.
        """
        self._change(changes, step, {}, {})

    def add(self, z: int, mask: npt.NDArray[np.bool_], label: int, **made: Unpack[Made]) -> Outline:
        """Add an object on one slice; see `draw` for the arguments.

        Raises:
            PromptError: The mask is empty.
            ValueError: There is no such slice or label, or the mask has another shape.
        """
        kind = "box" if made.get("box") else "points" if made.get("points") else "object"
        return self.find(self.draw({z: mask}, f"{kind} on slice {z + 1}", label=label, **made))

    def find(self, identity: int, z: int | None = None) -> Outline:
        """Return the outline of an object on a slice, by default on its lowest.

        Raises:
            KeyError: There is none.
        """
        for outline in self.outlines:
            if outline.id == identity and z in (None, outline.z):
                return outline
        raise KeyError(identity)

    def finding(self, identity: int) -> Finding:
        """Return the object with this id.

        Raises:
            KeyError: There is none.
        """
        outlines = tuple(outline for outline in self.outlines if outline.id == identity)
        if not outlines:
            raise KeyError(identity)
        return Finding(identity, outlines[0].label, outlines)

    def remove(self, *identities: int, z: int | None = None) -> None:
        """Take objects away, or off one slice only, in one step; does nothing if none is named."""
        gone = [self.find(identity, z) for identity in identities]
        if gone:
            whole = z is None and len(self.finding(gone[0].id).slices) > 1
            where = f"object {gone[0].id}" if whole else f"on slice {gone[0].z + 1}"
            left = (o for o in self.outlines if o.id not in identities or z not in (None, o.z))
            self._step(f"delete {where}", State(tuple(left), self.labels))

    def relabel(self, identity: int, label: int) -> None:
        """Give an object another label; does nothing if it has it already."""
        old = self.finding(identity)
        self.label(label)
        if old.label != label:
            outlines = tuple(replace(o, label=label) if o.id == identity else o for o in self.outlines)
            self._step(f"label {place(old)}", State(outlines, self.labels))

    def replace(self, identity: int, mask: npt.NDArray[np.bool_], z: int | None = None, **made: Unpack[Made]) -> None:
        """Give an object another shape on a slice, and another box, score, model or window if given.

        Raises:
            KeyError: The object is not on that slice.
            PromptError: The mask is empty.
        """
        old = self.find(identity, z)
        if not mask.any():
            raise found_nothing({old.z: mask}, made)
        self.draw({old.z: mask}, f"edit on slice {old.z + 1}", identity=identity, **made)

    def add_label(self, name: str) -> Label:
        """Add a label of the user's own, with the next free value from 3 and a colour unlike the others.

        Raises:
            PromptError: The name is empty or taken.
        """
        label = next_label(self.labels, name)
        self._step(f"new label {label.name}", State(self.outlines, (*self.labels, label)))
        return label

    def label(self, value: int) -> Label:
        """Return the label with this value.

        Raises:
            ValueError: There is none.
        """
        for label in self.labels:
            if label.value == value:
                return label
        raise ValueError(f"label must be one of {[label.value for label in self.labels]}, got {value}")

    def on_slice(self, z: int) -> tuple[Outline, ...]:
        """Return the objects of slice ``z``, oldest first."""
        return tuple(outline for outline in self.outlines if outline.z == z)

    def slices_with_objects(self) -> tuple[int, ...]:
        """Return the slices that hold an object, from 0, rising."""
        return tuple(sorted({outline.z for outline in self.outlines}))

    def area_mm2(self, outline: Outline) -> float:
        """Return the area of an object in mm²; ``nan`` if the voxel size is not known."""
        return outline.voxels * math.prod(self.grid.spacing[1:]) if self.grid.has_spacing else math.nan

    def label_slice(self, z: int) -> npt.NDArray[np.uint8]:
        """Return the labels of slice ``z``, ``(H, W)`` uint8; what is in them is said in `label_map`."""
        labels = np.zeros(self.grid.shape[1:], dtype=np.uint8)
        settled = (outline for outline in self.on_slice(z) if outline.proposal is not Proposal.OPEN)
        paint(labels, settled, lambda outline: outline.label)
        return labels

    def object_slice(self, z: int) -> npt.NDArray[np.uint16]:
        """Return the ids of the objects of slice ``z``, ``(H, W)`` uint16, 0 where there is none.

        Of two objects in one place it names the one whose label `label_slice` shows; open proposals are among them.
        """
        ids = np.zeros(self.grid.shape[1:], dtype=np.uint16)
        paint(ids, self.on_slice(z), lambda outline: outline.id)
        return ids

    def label_map(self) -> Mask:
        """Return all objects as one label map on the grid; proposals that nobody accepted yet are not in it.

        The liver lies under everything, so a tumour in it shows whichever was drawn first; among the rest
        the later object lies on the earlier.
        """
        labels = np.zeros(self.grid.shape, dtype=np.uint8)
        for z in self.slices_with_objects():
            labels[z] = self.label_slice(z)
        return Mask(labels, self.grid)

    def _change(self, changes: Mapping[int, Masks], step: str, made: Made, each: Mapping[int, Made]) -> None:
        outlines = self.outlines
        for identity, masks in changes.items():
            self._check(masks)
            outlines = drawn(outlines, identity, self.find(identity).label, masks, made, each)
        if any(new is not old for new, old in zip_longest(outlines, self.outlines)):
            self._step(step, State(outlines, self.labels))

    def _check(self, masks: Masks) -> None:
        depth, *shape = self.grid.shape
        for z, mask in masks.items():
            if not 0 <= z < depth:
                raise ValueError(f"z must lie in 0..{depth - 1}, got {z}")
            if mask.shape != tuple(shape) or mask.dtype != np.bool_:
                raise ValueError(f"mask must be bool of {tuple(shape)}, got {mask.dtype} of {mask.shape}")
