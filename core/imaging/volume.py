"""A CT volume and the masks drawn on it, each an array together with its grid."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid, reorder

_Scalar = TypeVar("_Scalar", bound=np.generic)
BACKGROUND, LIVER, TUMOUR = 0, 1, 2


class Intensity(StrEnum):
    """What the numbers of a volume mean."""

    HU = "Hounsfield units"
    PICTURE = "picture grey values 0–255"
    ARBITRARY = "arbitrary units"


@dataclass(frozen=True)
class Source:
    """Where a volume came from. Of a DICOM series it holds nothing that was found to name the patient.

    Attributes:
        name: What to call the case on the screen: the series description, or of other formats the name of the file.
            That may name a patient: it is kept with the case and stands in the list, but no export carries it.
            A server that others reach keeps `Source.nameless` in its place.
        format: ``DICOM``, ``NIfTI``, ``NRRD``, ``MetaImage``, ``picture`` or ``sample``.
        grid: The file's own grid, onto which masks are written back.
        modality: ``CT``, ``MR``... or ``""`` if the file does not say.
        description: The series description, or ``""``.
        notes: Plain sentences that a reader of this case must see: what was mended, what is not known.
        frame: Opaque key of the DICOM frame of reference, alike for all images of one scan; ``""`` if unknown.
        series: Opaque key by which `reading.read_volume` finds the same DICOM series among its files; ``""`` if none.
    """

    name: str
    format: str
    grid: Grid
    modality: str = ""
    description: str = ""
    notes: tuple[str, ...] = ()
    frame: str = field(default="", kw_only=True)
    series: str = field(default="", kw_only=True)

    @property
    def nameless(self) -> "Source":
        """The same without the name of a file; that of a series and of a sample was given by nobody here."""
        return self if self.format in ("DICOM", "sample") else replace(self, name=f"CT, {self.format}")


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume in L-P-S order.

    Attributes:
        hu: ``(z, y, x)`` int16, read-only; Hounsfield units if ``intensity`` is ``Intensity.HU``.
        grid: Its grid, axes nearest to L-P-S.
        source: The file it came from.
        intensity: What the numbers mean.
    """

    hu: npt.NDArray[np.int16]
    grid: Grid
    source: Source
    intensity: Intensity = Intensity.HU

    def __post_init__(self) -> None:
        if self.hu.shape != self.grid.shape:
            raise ValueError(f"hu has shape {self.hu.shape}, its grid {self.grid.shape}")
        if self.hu.dtype != np.int16:
            raise TypeError(f"hu must be int16, got {self.hu.dtype}")
        object.__setattr__(self, "hu", _frozen(self.hu))

    @classmethod
    def from_file(cls, hu: npt.NDArray[np.int16], source: Source, intensity: Intensity = Intensity.HU) -> "Volume":
        """Turn voxels in the file's own order ``source.grid`` into an L-P-S volume."""
        grid = source.grid.in_lps()
        return cls(reorder(hu, source.grid, grid), grid, source, intensity)

    @property
    def slices(self) -> int:
        """Number of axial slices."""
        return self.grid.shape[0]

    @property
    def has_hu(self) -> bool:
        """Whether the numbers are Hounsfield units."""
        return self.intensity is Intensity.HU

    @cached_property
    def key(self) -> str:
        """Fingerprint of the voxels, their grid and the file's own; about 0.1 s for 100 MB, once.

        The file's grid counts too: two files that show the same CT, stored in other directions, are two cases,
        for their masks are saved on two grids.
        """
        digest = hashlib.blake2b(self.hu.data, digest_size=16)
        for grid in (self.grid, self.source.grid):
            digest.update(repr((grid.shape, grid.has_spacing, self.intensity)).encode())
            digest.update((grid.affine + 0.0).tobytes())  # -0.0 and 0.0 are one place
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask, or a label map, on a grid.

    Attributes:
        voxels: ``(z, y, x)`` bool, or uint8 with 0 background, 1 liver, 2 tumour, 3.. the user's own. Read-only.
        grid: Where the voxels lie.
        notes: Plain sentences about what was mended on reading.
        names: Label value to what the file calls it; values that the file does not name are left out.
        sparse: Whether slices beyond the grid are known to be empty, as those a DICOM segmentation does not store.
    """

    voxels: npt.NDArray[np.bool_] | npt.NDArray[np.uint8]
    grid: Grid
    notes: tuple[str, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict, kw_only=True)
    sparse: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ValueError(f"mask has shape {self.voxels.shape}, its grid {self.grid.shape}")
        if self.voxels.dtype not in (np.bool_, np.uint8):
            raise TypeError(f"mask must be bool or uint8, got {self.voxels.dtype}")
        object.__setattr__(self, "voxels", _frozen(self.voxels))
        object.__setattr__(self, "names", dict(self.names))


def _frozen(voxels: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    frozen = np.ascontiguousarray(voxels).view()
    frozen.flags.writeable = False
    return frozen
