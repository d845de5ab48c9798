"""Takes the numbers of a file slab by slab and turns them into Hounsfield units or labels, or says why it cannot."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.files import counted
from core.imaging.volume import Intensity

_AIR = -1024
_INT16 = np.iinfo(np.int16)
Values = npt.NDArray[Any]


class Intake(Protocol):
    """What becomes of the slabs of a file; whichever is wanted, a CT or labels."""

    notes: list[str]

    def put(self, first: int, values: Values) -> None:
        """Take slices ``first ..`` as ``values`` ``(k, y, x)`` of any number type."""


class HounsfieldIntake:
    """Collects a volume as int16.

    Attributes:
        hu: ``(z, y, x)`` int16, filled slab by slab.
        notes: What was mended.
    """

    def __init__(self, name: str, shape: tuple[int, int, int]) -> None:
        self.name = name
        self.hu = np.zeros(shape, np.int16)
        self.notes: list[str] = []
        self._missing = 0
        self._clipped = 0
        self._low, self._high = np.inf, -np.inf
        self._whole = True

    def put(self, first: int, values: Values) -> None:
        """Take slices ``first ..`` as ``values`` ``(k, y, x)``; round, and clip to the range of int16."""
        target = self.hu[first : first + len(values)]
        if values.dtype.kind == "f":
            target[...] = self._rounded(values.astype(np.float64))
            return
        low, high = int(values.min()), int(values.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        if low < _INT16.min or high > _INT16.max:
            self._clipped += int(np.count_nonzero((values < _INT16.min) | (values > _INT16.max)))
            values = np.clip(values, max(_INT16.min, np.iinfo(values.dtype).min), _INT16.max)
        target[...] = values

    def finish(self, modality: str) -> Intensity:
        """Judge the whole volume once every slab is in.

        Args:
            modality: As in DICOM, ``CT`` or ``MR``; ``""`` if the file does not say.

        Returns:
            What the numbers mean.

        Raises:
            ReadError: Labels where a CT is expected, no values at all, or numbers that cannot be a CT.
        """
        if self._missing == self.hu.size:
            raise ReadError(f"{self.name} holds no values, only NaN. Export it again.")
        if self._missing:
            self.notes.append(
                f"{counted(self._missing, 'voxel')} without a value (NaN or infinite): shown as {_AIR} HU."
            )
        self._refuse_clipped()
        if modality in ("", "CT"):
            self._refuse_labels()
        return self._meaning(modality)

    def _rounded(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        finite = np.isfinite(values)
        if not finite.all():
            self._missing += int(values.size - np.count_nonzero(finite))
            values = np.where(finite, values, _AIR)
        if finite.any():
            self._low = min(self._low, float(values.min(where=finite, initial=np.inf)))
            self._high = max(self._high, float(values.max(where=finite, initial=-np.inf)))
        whole = np.rint(values)
        self._whole = self._whole and bool(np.abs(whole - values).max() <= 1e-3)
        self._clipped += int(np.count_nonzero((whole < _INT16.min) | (whole > _INT16.max)))
        return np.clip(whole, _INT16.min, _INT16.max)

    def _refuse_clipped(self) -> None:
        if not self._clipped:
            return
        if self._clipped > self.hu.size // 100:
            raise ReadError(
                f"{self.name} holds values from {self._low:.6g} to {self._high:.6g}, far outside a CT "
                "(about −1,024 to 3,071 HU): its bytes may be in the wrong order. Export it in Hounsfield units."
            )
        self.notes.append(f"{counted(self._clipped, 'voxel')} outside −32,768..32,767: cut to that range.")

    def _refuse_labels(self) -> None:
        if not self._whole and self._high - self._low < 20:
            raise ReadError(
                f"{self.name} holds values from {self._low:.4g} to {self._high:.4g}: it has been normalised, or is a "
                "probability map. Export the CT in Hounsfield units."
            )
        if self._low < 0 or self._high > 255 or not self._whole:
            return
        seen = np.zeros(256, bool)
        for values in self.hu:
            seen[values.reshape(-1)] = True
        distinct = int(seen.sum())
        held = f"{distinct} different whole numbers from {self._low:.0f} to {self._high:.0f}"
        if distinct == 1:
            held = f"only the value {self._low:.0f}"
        if distinct <= (128 if self._low == 0 else 16):
            raise ReadError(
                f"{self.name} looks like labels, not a CT: {held}. Open the CT here, and load this file as labels."
            )

    def _meaning(self, modality: str) -> Intensity:
        if modality not in ("", "CT"):
            self.notes.append(
                f"The modality is {modality}, not CT: the numbers are not Hounsfield units, and models trained on CT "
                "may fail on it."
            )
            return Intensity.ARBITRARY
        if _is_scrambled(self.hu):
            raise ReadError(
                f"{self.name} holds values from {self._low:.6g} to {self._high:.6g} that cannot be Hounsfield units: "
                "its bytes are probably in the wrong order. Export it again."
            )
        if modality == "CT":
            self._check_ct()
            return Intensity.HU
        if _is_plausible(self.hu) and _has_fat_or_air(self.hu):
            return Intensity.HU
        self.notes.append(
            f"The values, {self._low:.6g} to {self._high:.6g}, are not Hounsfield units (an MR, or a CT saved without "
            "its rescale). Windows and thresholds in HU mean nothing here."
        )
        return Intensity.ARBITRARY

    def _check_ct(self) -> None:
        """Refuse what says CT and cannot be; note what is doubtful."""
        if not _is_plausible(self.hu):
            raise ReadError(
                f"{self.name} says CT, but its values from {self._low:.6g} to {self._high:.6g} are not Hounsfield "
                "units: the rescale is missing. Export it again from the scanner or archive."
            )
        if self._low >= 0:
            self.notes.append("No value lies below 0 HU: the rescale may be missing, so check a known organ first.")


class LabelIntake:
    """Collects a label map as uint8.

    Attributes:
        labels: ``(z, y, x)`` uint8, filled slab by slab.
        seen: ``(256,)`` bool, which values were put.
        notes: What was mended.
    """

    def __init__(self, name: str, shape: tuple[int, int, int]) -> None:
        self.name = name
        self.labels = np.zeros(shape, np.uint8)
        self.notes: list[str] = []
        self.seen = np.zeros(256, bool)
        self._rounded = False

    def put(self, first: int, values: Values) -> None:
        """Take slices ``first ..`` as ``values`` ``(k, y, x)``; whole numbers 0–255, or within 0.001 of them.

        Raises:
            ReadError: Any other value.
        """
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ReadError(f"{self.name} holds NaN or infinite values. Labels are whole numbers from 0 to 255.")
        if low < -1e-3 or high > 255 + 1e-3:
            like = " It looks like a CT: open it as the CT." if low < -100 else " Save the labels again."
            raise ReadError(
                f"{self.name} holds values from {low:.6g} to {high:.6g}; labels are whole numbers from 0 to 255.{like}"
            )
        if values.dtype.kind == "f":
            values = self._whole(values.astype(np.float64))
        whole = values.astype(np.uint8)
        self.seen |= np.bincount(whole.reshape(-1), minlength=256) > 0
        self.labels[first : first + len(whole)] = whole

    def finish(self) -> None:
        """Judge the whole map once every slab is in.

        Raises:
            ReadError: Too many different values for labels.
        """
        distinct = int(self.seen.sum())
        if distinct > 128:
            raise ReadError(
                f"{self.name} holds {distinct} different values: it looks like a picture, not labels. Save labels as "
                "whole numbers, one per structure, in a format without loss (NIfTI, NRRD or PNG)."
            )
        if self.seen[255] and not self.seen[1:255].any():
            self.labels[self.labels == 255] = 1
            self.notes.append("The value 255 was read as label 1.")
        if self._rounded:
            self.notes.append("Labels were stored as decimal numbers and were rounded to whole numbers.")

    def _whole(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        whole = np.rint(values)
        off = np.abs(values - whole)
        if off.max() > 1e-3:
            worst = float(values.reshape(-1)[int(off.argmax())])
            raise ReadError(
                f"{self.name} holds values that are not whole numbers, such as {worst:.4g}. Labels are whole numbers "
                "from 0 to 255: apply a threshold to a probability map, and resample labels with nearest neighbour."
            )
        self._rounded = self._rounded or bool(off.any())
        return whole


def _counts(hu: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """Count values −32,768.. of about a million voxels, without the lowest value (the padding round the patient)."""
    sample = hu.reshape(-1)[:: max(1, hu.size // 1_000_000)].astype(np.int64) - _INT16.min
    counts = np.bincount(sample, minlength=1 << 16)
    if np.count_nonzero(counts) > 1:
        counts[int(sample.min())] = 0
    return counts


def _is_scrambled(hu: npt.NDArray[np.int16]) -> bool:
    counts = _counts(hu)
    return bool(counts[: -3100 - _INT16.min].sum() > 0.01 * counts.sum())


def _is_plausible(hu: npt.NDArray[np.int16]) -> bool:
    """Say whether the 1st and 99th percentiles lie where those of a CT can lie."""
    counts = _counts(hu)
    share = np.cumsum(counts) / counts.sum()
    low, high = (int(np.searchsorted(share, part)) + _INT16.min for part in (0.01, 0.99))
    return low <= 200 and high > -200


def _has_fat_or_air(hu: npt.NDArray[np.int16]) -> bool:
    """Say whether one voxel in a thousand lies below −50 HU; an MR has none but a few from interpolation."""
    sample = hu.reshape(-1)[:: max(1, hu.size // 1_000_000)]
    return int(np.count_nonzero(sample < -50)) * 1000 >= sample.size
