"""Lays a prediction on its reference's grid: as it is where it fits, resampled where that was asked for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import GeometryError
from core.imaging.matching import extended, laid_on, resampled_on
from core.imaging.passport import Fit, passport
from core.imaging.reading import read_labels, read_mask
from core.imaging.volume import Mask, Volume
from core.scoring.folders import parts

_NAMES = ("The prediction", "the reference")


class OtherGridError(GeometryError):
    """A prediction fits its reference only if it is resampled, which nobody asked for."""


@dataclass(frozen=True)
class Resampled:
    """What resampling made of a label of the prediction.

    Attributes:
        label: Its value.
        before_ml: Volume on the grid of the file.
        after_ml: Volume on the reference's grid.
    """

    label: int
    before_ml: float
    after_ml: float


@dataclass(frozen=True, eq=False)
class Laid:
    """Both masks of a case on one grid.

    Attributes:
        predicted: What was predicted.
        reference: What is taken for the truth.
        resampled: Each label of the prediction; None if it was laid as it is.
    """

    predicted: Mask
    reference: Mask
    resampled: tuple[Resampled, ...] | None = None


def laid(predicted: Path, reference: Path, *, volume: Volume | None = None, resample: bool = False) -> Laid:
    """Read both masks and lay them on the grid of the reference, or on that of a CT.

    Args:
        predicted: A file, or the folder of its slices.
        reference: The same.
        volume: What both were drawn on; then nothing is resampled.
        resample: Whether a prediction on another grid takes the nearest label of each of the reference's voxels.

    Raises:
        OtherGridError: The prediction lies on another grid, and could be resampled.
        LobuleError: A file cannot be read, or cannot be laid on the other in any way.
    """
    if volume is not None:
        theirs, ours = (read_mask(parts(path), volume) for path in (reference, predicted))
        return Laid(ours, theirs)
    ours, theirs = extended(read_labels(parts(predicted)), read_labels(parts(reference)))
    try:
        return Laid(laid_on(ours, theirs.grid, *_NAMES), theirs)
    except GeometryError as error:
        if resample:
            found = resampled_on(ours, theirs.grid, *_NAMES)
            return Laid(found, theirs, _volumes(ours, found))
        if passport(ours.grid, theirs.grid).fit is Fit.RESAMPLE:
            raise OtherGridError(str(error)) from error
        raise


def _volumes(before: Mask, after: Mask) -> tuple[Resampled, ...]:
    first, second = _counted(before), _counted(after)
    return tuple(
        Resampled(value, int(first[value]) * before.grid.voxel_ml, int(second[value]) * after.grid.voxel_ml)
        for value in range(1, 256)
        if first[value]
    )


def _counted(mask: Mask) -> npt.NDArray[np.int64]:
    """Count the voxels of each value, slab by slab to save memory."""
    found = np.zeros(256, np.int64)
    for slab in mask.voxels:
        found += np.bincount(slab.astype(np.uint8, copy=False).reshape(-1), minlength=256)
    return found
