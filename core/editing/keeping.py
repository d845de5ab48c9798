"""Commands on whole objects and their outlines, on labels, and on the steps taken."""

from dataclasses import dataclass, field

from core.editing import fields
from core.editing.annotation import Annotation, Outline
from core.editing.asked import known_label, known_object
from core.errors import PromptError
from core.imaging.volume import Volume

_WHOLE = fields.of(fields.whole)


@dataclass(frozen=True)
class Copy:
    """Give the object on slice ``to`` the shape that it has on slice ``z``, both from 0; what was there goes."""

    object: int = field(metadata=_WHOLE)
    z: int = field(metadata=_WHOLE)
    to: int = field(metadata=_WHOLE)

    def perform(self, annotation: Annotation, volume: Volume) -> int:
        """Copy it, and return the object."""
        _, height, width = volume.grid.shape
        if not 0 <= self.to < volume.slices:
            raise PromptError(f"There is no slice {self.to + 1} to copy to: the volume has {volume.slices}.")
        mask = _on_slice(annotation, self.object, self.z).mask((height, width))
        return annotation.draw({self.to: mask}, f"copy to slice {self.to + 1}", identity=self.object)


@dataclass(frozen=True)
class Delete:
    """Take the object away."""

    object: int = field(metadata=_WHOLE)

    def perform(self, annotation: Annotation, _: Volume) -> None:
        """Delete it."""
        annotation.remove(known_object(annotation, self.object).id)


@dataclass(frozen=True)
class DeleteSlice:
    """Take the object off slice ``z``, from 0."""

    object: int = field(metadata=_WHOLE)
    z: int = field(metadata=_WHOLE)

    def perform(self, annotation: Annotation, _: Volume) -> int | None:
        """Take it off, and return the object if it has other slices."""
        annotation.remove(_on_slice(annotation, self.object, self.z).id, z=self.z)
        return self.object if any(o.id == self.object for o in annotation.outlines) else None


@dataclass(frozen=True)
class Relabel:
    """Give the object another label."""

    object: int = field(metadata=_WHOLE)
    label: int = field(metadata=_WHOLE)

    def perform(self, annotation: Annotation, _: Volume) -> int:
        """Relabel it, and return the object."""
        annotation.relabel(known_object(annotation, self.object).id, known_label(annotation, self.label))
        return self.object


@dataclass(frozen=True)
class AddLabel:
    """Add a label of the user's own."""

    name: str = field(metadata=fields.of(fields.text))

    def perform(self, annotation: Annotation, _: Volume) -> None:
        """Add it; no object becomes active."""
        annotation.add_label(self.name)


@dataclass(frozen=True)
class Undo:
    """Take the last step back."""

    def perform(self, annotation: Annotation, _: Volume) -> int | None:
        """Take it back, and return the object that it changed."""
        before = annotation.outlines
        if not annotation.undo():
            raise PromptError("There is nothing to undo.")
        return _changed(before, annotation)


@dataclass(frozen=True)
class Redo:
    """Bring the last undone step back."""

    def perform(self, annotation: Annotation, _: Volume) -> int | None:
        """Bring it back, and return the object that it changed."""
        before = annotation.outlines
        if not annotation.redo():
            raise PromptError("There is nothing to redo.")
        return _changed(before, annotation)


def _changed(before: tuple[Outline, ...], annotation: Annotation) -> int | None:
    """Return the one object that changed and is there; None if it is gone, or there are several."""
    touched = {outline.id for outline in set(before) ^ set(annotation.outlines)}
    there = touched & {outline.id for outline in annotation.outlines}
    return there.pop() if len(there) == 1 else None


def _on_slice(annotation: Annotation, identity: int, z: int) -> Outline:
    for outline in known_object(annotation, identity).outlines:
        if outline.z == z:
            return outline
    raise PromptError(f"Object {identity} is not on slice {z + 1}. Go to a slice that shows it.")
