"""A finished segmentation: the CT, the label map on it, and how that came about. What every export and report takes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.editing.annotation import Annotation
from core.editing.record import prompts_json
from core.errors import GeometryError, WriteError
from core.imaging.label import DEFAULT_LABELS, Label, clean_name, colour_of, voxels_by_value
from core.imaging.volume import Mask, Volume
from core.reporting.making import Making, making_of


@dataclass(frozen=True, eq=False)
class Segmented:
    """A CT and what was outlined on it.

    Attributes:
        volume: The CT.
        mask: Labels on ``volume.grid``.
        labels: Names and colours of its values, and maybe of others.
        making: How the mask came about; None if nobody knows.
        reference: Labels to compare with, on the same grid, or None.
    """

    volume: Volume
    mask: Mask
    labels: tuple[Label, ...]
    making: Making | None = None
    reference: Mask | None = None

    def __post_init__(self) -> None:
        for mask in filter(None, (self.mask, self.reference)):
            if not mask.grid.matches(self.volume.grid):
                raise GeometryError(
                    f"The mask has {mask.grid.shape} voxels and the image {self.volume.grid.shape} (slices, rows, "
                    "columns), or it lies elsewhere in space. Use it with the image it was drawn on."
                )

    @classmethod
    def of_mask(
        cls, volume: Volume, mask: Mask, making: Making | None = None, reference: Mask | None = None
    ) -> "Segmented":
        """Take a mask from a file, whose values are called as the file says, or as usual."""
        values = np.flatnonzero(voxels_by_value(mask.voxels)[1:]) + 1
        labels = tuple(_label(value, mask.names.get(value, "")) for value in values.tolist())
        return cls(volume, mask, labels, making, reference)

    @classmethod
    def of_annotation(cls, volume: Volume, annotation: Annotation, reference: Mask | None = None) -> "Segmented":
        """Take what a reader has outlined, with the record of how."""
        making = making_of(prompts_json(annotation, volume))
        return cls(volume, annotation.label_map(), annotation.labels, making, reference)

    @cached_property
    def held(self) -> tuple[Label, ...]:
        """The labels that the mask holds, by rising value."""
        counts = voxels_by_value(self.mask.voxels)
        known = {label.value: label for label in self.labels}
        return tuple(known.get(value) or _label(value, "") for value in range(1, 256) if counts[value])

    @property
    def name(self) -> str:
        """What its files are called: the start of the CT's fingerprint, and nothing of the patient."""
        return f"lobule-{self.volume.key[:8]}"

    def checked(self) -> "Segmented":
        """Return itself.

        Raises:
            WriteError: The mask is empty: what other programs make of that is a guess.
        """
        if not self.held:
            raise WriteError("The mask is empty: there is nothing to export. Outline something first.")
        return self


def _label(value: int, name: str) -> Label:
    usual = next((label for label in DEFAULT_LABELS if label.value == value), None)
    if usual:
        return Label(value, clean_name(name) or usual.name, usual.colour)
    return Label(value, clean_name(name) or f"label {value}", colour_of(value))
