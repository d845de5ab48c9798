"""Labelled CTs as training needs them: grey slices in one window, labels, and whose they are."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR, Intensity, Mask, Source, Volume
from core.imaging.window import Window

Grey = npt.NDArray[np.uint8]
VALUES: Mapping[int, int] = {LIVER: LIVER, TUMOUR: TUMOUR}  # value in a file to what it means


@dataclass(frozen=True, eq=False)
class Case:
    """Labelled slices of one patient.

    Attributes:
        name: Of the case, from its file.
        patient: Whose it is; cases of one patient never part.
        grey: ``(z, y, x)`` uint8: the slices in the window of the data. Read-only.
        labels: ``(z, y, x)`` uint8: 0 background, 1 liver, 2 tumour. Read-only.
        numbers: ``(z,)`` what the files call the slices, or 0, 1, 2...
        grid: Where the slices lie; without spacing if only pictures were given.
    """

    name: str
    patient: str
    grey: Grey
    labels: Grey
    numbers: tuple[int, ...]
    grid: Grid

    def __post_init__(self) -> None:
        if self.grey.shape != self.labels.shape or self.grey.shape != self.grid.shape:
            raise ValueError(f"grey is {self.grey.shape}, labels {self.labels.shape}, grid {self.grid.shape}")
        if len(self.numbers) != len(self.grey):
            raise ValueError(f"{len(self.numbers)} numbers for {len(self.grey)} slices")
        for name in ("grey", "labels"):
            array = np.ascontiguousarray(getattr(self, name), np.uint8)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def slices(self) -> int:
        """Number of slices."""
        return len(self.grey)

    @property
    def has_tumour(self) -> bool:
        """Whether any slice shows tumour."""
        return bool((self.labels == TUMOUR).any())

    @cached_property
    def tumour_px(self) -> npt.NDArray[np.int64]:
        """Voxels of tumour on each slice ``(z,)``."""
        return np.asarray(np.count_nonzero(self.labels == TUMOUR, axis=(1, 2)))

    @cached_property
    def liver_px(self) -> npt.NDArray[np.int64]:
        """Voxels of liver, tumours included, on each slice ``(z,)``."""
        return np.asarray(np.count_nonzero(self.labels > 0, axis=(1, 2)))

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """Fingerprint of every slice that is not of one grey, to find the same picture under two names."""
        shown = [slab for slab in self.grey if slab.min() < slab.max()]
        return tuple(hashlib.blake2b(slab.tobytes(), digest_size=12).hexdigest() for slab in shown)

    @cached_property
    def volume(self) -> Volume:
        """The grey slices as a volume that `core.segmentation` can be asked about; shown as they are."""
        source = Source(self.name, "picture", self.grid)
        return Volume(self.grey.astype(np.int16), self.grid, source, Intensity.PICTURE)

    def reference(self, slices: npt.NDArray[np.int64] | None = None) -> Mask:
        """Return the labels, or some slices of them, as a mask; see `thinned_grid`."""
        kept = np.arange(self.slices) if slices is None else slices
        return Mask(self.labels[kept], thinned_grid(self.grid, kept))


def thinned_grid(grid: Grid, slices: npt.NDArray[np.int64]) -> Grid:
    """Return the grid of some slices, evenly spaced, of another: its first slice and its step may differ."""
    step = int(slices[1] - slices[0]) if len(slices) > 1 else 1
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world((int(slices[0]), 0, 0))
    affine[:3, 0] *= step
    return Grid((len(slices), *grid.shape[1:]), affine, grid.has_spacing, grid.has_direction)


def hounsfield(grey: Grey, window: Window) -> npt.NDArray[np.float32]:
    """Return the Hounsfield units that grey values stand for; both ends stand for all beyond them."""
    low = window.level_hu - window.width_hu / 2
    return np.asarray(grey.astype(np.float32) * np.float32(window.width_hu / 255) + np.float32(low))


def shares(patients: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return how often to learn from each of some slices, by whose they are; together 1.

    A patient with many slices counts as their root: neither as one slice nor as all of them.
    """
    counts = Counter(patients)
    found = np.array([counts[name] ** -0.5 for name in patients])
    return np.asarray(found / max(found.sum(), 1e-9))


def targets(labels: Grey) -> npt.NDArray[np.float32]:
    """Turn labels ``(...)`` into what networks learn, ``(2, ...)`` float32: liver with its tumours, tumour."""
    return np.stack([labels > 0, labels == TUMOUR]).astype(np.float32)


def label_map(probabilities: npt.NDArray[np.floating]) -> Grey:
    """Turn probabilities ``(2, ...)`` of liver and tumour into labels ``(...)``: tumour wins where it is likely."""
    liver, tumour = probabilities[0] > 0.5, probabilities[1] > 0.5
    return np.where(tumour, np.uint8(TUMOUR), np.where(liver, np.uint8(LIVER), np.uint8(0))).astype(np.uint8)
