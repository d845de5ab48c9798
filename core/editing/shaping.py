"""Commands that mend the shape of one object."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from core.editing import fields, morphology
from core.editing.annotation import Annotation
from core.editing.asked import known_object
from core.editing.block import Bools, voxel_mm
from core.editing.interpolation import between
from core.editing.layers import Masks
from core.editing.outline import Made
from core.editing.wording import length, on_slices
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.volume import Volume

FARTHEST_MM = 50.0
_Rule = Callable[[Masks], dict[int, Bools]]
_OBJECT = fields.of(fields.whole)


@dataclass(frozen=True)
class _Reshaping(ABC):
    """Give one object another shape, by a rule that looks at nothing but the object."""

    object: int = field(metadata=_OBJECT)

    def perform(self, annotation: Annotation, volume: Volume) -> int:
        """Do it in one step, and return the object."""
        return _reshape(annotation, self.object, *self._how(volume.grid))

    @abstractmethod
    def _how(self, grid: Grid) -> tuple[_Rule, str, str]:
        """Return the rule, the name of the step, and what is told if the object has that shape already."""


@dataclass(frozen=True)
class FillHoles(_Reshaping):
    """Fill what the object encloses on a slice."""

    def _how(self, grid: Grid) -> tuple[_Rule, str, str]:
        trouble = f"Object {self.object} has no holes: it encloses nothing on any of its slices."
        return morphology.fill_holes, f"fill holes of object {self.object}", trouble


@dataclass(frozen=True)
class KeepLargest(_Reshaping):
    """Keep the largest island of the object."""

    def _how(self, grid: Grid) -> tuple[_Rule, str, str]:
        step = f"keep largest island of object {self.object}"
        return morphology.keep_largest, step, f"Object {self.object} is in one piece already."


@dataclass(frozen=True)
class RemoveSmall(_Reshaping):
    """Remove the islands of the object that are smaller than ``mm3``."""

    mm3: float = field(metadata=fields.of(fields.within(0, fields.FARTHEST)))

    def _how(self, grid: Grid) -> tuple[_Rule, str, str]:
        size = f"{self.mm3:g} {'mm³' if grid.has_spacing else 'voxels'}"
        rule = partial(morphology.remove_small, min_mm3=self.mm3, grid=grid)
        step = f"remove islands of object {self.object} under {size}"
        return rule, step, f"No island of object {self.object} is smaller than {size}."


@dataclass(frozen=True)
class Smooth(_Reshaping):
    """Round off what is rough on a scale of ``mm``."""

    mm: float = field(metadata=fields.of(fields.within(0, FARTHEST_MM)))

    def _how(self, grid: Grid) -> tuple[_Rule, str, str]:
        far = length(self.mm, grid)
        trouble = f"Object {self.object} is as smooth as {far} can make it."
        return partial(morphology.smooth, mm=self.mm, grid=grid), f"smooth object {self.object} by {far}", trouble


@dataclass(frozen=True)
class Grow(_Reshaping):
    """Add a margin of ``mm``, or take one off if it is negative."""

    mm: float = field(metadata=fields.of(fields.within(-FARTHEST_MM, FARTHEST_MM)))

    def _how(self, grid: Grid) -> tuple[_Rule, str, str]:
        far = length(abs(self.mm), grid)
        step = f"{'grow' if self.mm > 0 else 'shrink'} object {self.object} by {far}"
        trouble = f"No voxel lies within {far} of the edge of object {self.object}. Choose a longer way."
        return partial(morphology.grow, mm=self.mm, grid=grid), step, trouble


@dataclass(frozen=True)
class Tidy:
    """Keep the largest island, fill holes and smooth by ``mm``; slices that were shaped by hand stay as they are."""

    object: int = field(metadata=_OBJECT)
    mm: float = field(metadata=fields.of(fields.within(0, FARTHEST_MM)))

    def perform(self, annotation: Annotation, volume: Volume) -> int:
        """Tidy it, and return the object."""
        finding = known_object(annotation, self.object)
        _, height, width = volume.grid.shape
        models = {o.z: o.model for o in finding.outlines if not o.by_hand}
        before = finding.masks((height, width))
        tidy = morphology.tidied(before, volume.grid, self.mm)
        changed = {z: tidy[z] for z in models if not np.array_equal(tidy[z], before[z])}
        if not changed:
            raise PromptError(f"Object {self.object} is tidy already. Slices that were shaped by hand are left alone.")
        each: dict[int, Made] = {z: {"model": models[z]} for z in changed}  # else they would count as shaped by hand
        return annotation.draw(changed, f"tidy object {self.object}", identity=self.object, each=each)


@dataclass(frozen=True)
class Interpolate:
    """Fill the slices between those on which the object is outlined."""

    object: int = field(metadata=_OBJECT)

    def perform(self, annotation: Annotation, volume: Volume) -> int:
        """Fill them, and return the object."""
        _, height, width = volume.grid.shape
        found = between(known_object(annotation, self.object).masks((height, width)), voxel_mm(volume.grid))
        if not found:
            raise PromptError(
                f"Object {self.object} has no gap to fill. Outline it on slices further apart, then interpolate."
            )
        return annotation.draw(found, f"interpolate object {self.object} {on_slices(found)}", identity=self.object)


def _reshape(annotation: Annotation, identity: int, shape: _Rule, step: str, trouble: str) -> int:
    """Give an object another shape in one step; ``trouble`` is told if it is the shape that it has."""
    _, height, width = annotation.grid.shape
    before = known_object(annotation, identity).masks((height, width))
    after = shape(before)
    changed = {z: mask for z, mask in after.items() if z not in before or not np.array_equal(mask, before[z])}
    if not changed:
        raise PromptError(trouble)
    if not any(mask.any() for mask in after.values()):
        raise PromptError(f"Nothing of object {identity} would be left. Use a smaller value, or delete the object.")
    return annotation.draw(changed, step, identity=identity)
