"""Lays what several readers drew on one grid, and says in a sentence who cannot be laid there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import LobuleError
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS
from core.imaging.matching import laid_on
from core.imaging.volume import Mask, Source, Volume
from core.imaging.writing import mask_bytes
from core.scoring.panel import MOST_READERS
from core.scoring.scorecard import present

_SAME_VOXELS = 0.05


@dataclass(frozen=True, eq=False)
class Drawing:
    """What one reader drew.

    Attributes:
        name: What to call the reader.
        mask: The labels.
        file_grid: The grid of the file they came from.
    """

    name: str
    mask: Mask
    file_grid: Grid


@dataclass(frozen=True, eq=False)
class Gathering:
    """Readers whose labels lie on the grid of the first.

    Attributes:
        readers: Names and labels, the first reader first.
        file_grid: Of the first reader's file.
        labels: Every value that any of them used, with its name.
        problems: Sentences on the readers who were left out, and why.
    """

    readers: tuple[tuple[str, Mask], ...]
    file_grid: Grid
    labels: dict[int, str]
    problems: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the readers."""
        return tuple(name for name, _ in self.readers)

    @property
    def masks(self) -> tuple[Mask, ...]:
        """What they drew."""
        return tuple(mask for _, mask in self.readers)

    @property
    def grid(self) -> Grid:
        """Where all of it lies."""
        return self.readers[0][1].grid

    def fits(self, volume: Volume) -> bool:
        """Say whether a CT can be shown under them: its voxels are theirs, or one of the two does not say where."""
        if volume.grid.has_spacing and self.grid.has_spacing:
            return volume.grid.matches(self.grid, _SAME_VOXELS)
        return volume.grid.shape == self.grid.shape

    def file(self, mask: Mask, suffix: str = ".nii.gz") -> bytes:
        """Return a mask on `grid` as a file on the grid of the first reader's file.

        Args:
            mask: Such as a consensus.
            suffix: As for `writing.mask_bytes`.
        """
        canvas = np.zeros(self.grid.shape, np.int16)  # takes no memory: nobody writes on it
        return mask_bytes(mask, Volume(canvas, self.grid, Source("consensus", "NIfTI", self.file_grid)), suffix)


def gathered(drawings: Sequence[Drawing]) -> Gathering:
    """Lay what the others drew on the grid of the first, without resampling.

    Whoever drew on another grid is left out with a sentence, and so is everybody after the eighth.

    Args:
        drawings: At least one.
    """
    first, *others = drawings
    readers, problems = [(first.name, first.mask)], []
    for other in others:
        if len(readers) == MOST_READERS:
            problems.append(f"{other.name} comes too late: at most {MOST_READERS} readers are compared at once.")
            continue
        try:
            readers.append((other.name, laid_on(other.mask, first.mask.grid, other.name, first.name)))
        except LobuleError as error:
            problems.append(str(error))
    return Gathering(tuple(readers), first.file_grid, _labels([mask for _, mask in readers]), tuple(problems))


def _labels(masks: Sequence[Mask]) -> dict[int, str]:
    usual = {label.value: label.name for label in DEFAULT_LABELS}
    given = {value: name for mask in reversed(masks) for value, name in mask.names.items()}
    return {
        value: given.get(value) or (name if name == "mask" else usual.get(value, name))
        for value, name in present(*(mask.voxels for mask in masks)).items()
    }
