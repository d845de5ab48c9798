"""Whether a mask is still that of the object on the slice before, and where to look for it on the next slice."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.segmentation.prompt import Box

Bools = npt.NDArray[np.bool_]

# Worked out on livers, kidneys, vessels and tumours of 3D-IRCADb and checked on LiTS-117 and the phantom.
MARGIN = 2 / 512  # of the longer side of the slice: how far an object may move or grow from one slice to the next
LEAST_AREA = 0.03  # of the area on the seed: below, what is left is a speck that a box would follow for ever
LEAST_SCORE = 0.6  # predicted IoU: below, the mean Dice of a box is under a half
LEAST_OVERLAP = 0.5  # of the smaller of two neighbours; of the smaller, because thick slices make a lesion taper fast
MOST_GROWTH = 2.0  # in area from one slice to the next, away from the slice that the reader chose
MOST_DRIFT = 1.0  # in mean HU, as a multiple of the standard deviation in the seed: the rule that ends most walks
LEAST_SPREAD = 0.025  # of the window shown (10 HU of 400): what counts as one standard deviation where there is less


class Stop(StrEnum):
    """Why a walk went no further, in words for “stopped at slice 91: …”."""

    DIED = "nothing of the object is left"
    UNSURE = "the model is no longer sure"
    STRAYED = "the mask moved away from the one before"
    JUMPED = "the area more than doubled"
    DRIFTED = "the grey values are no longer those of the object"
    LIMIT = "the last slice asked for"


@dataclass(frozen=True)
class Likeness:
    """What the object looks like on its seed.

    Attributes:
        area: Number of voxels.
        mean_hu: Of the values in it.
        spread_hu: Their standard deviation, at least `LEAST_SPREAD` of the window.
    """

    area: int
    mean_hu: float
    spread_hu: float

    @classmethod
    def of(cls, mask: Bools, hu: npt.NDArray[np.int16], window_width_hu: float) -> "Likeness":
        """Describe a mask ``(H, W)`` that is not empty, on its slice ``hu``."""
        values = hu[mask]
        return cls(values.size, float(values.mean()), max(LEAST_SPREAD * window_width_hu, float(values.std())))

    def objection(self, mask: Bools, before: Bools, score: float, hu: npt.NDArray[np.int16]) -> Stop | None:
        """Say why a mask is not that of the object any more, or return None.

        Args:
            mask: ``(H, W)``.
            before: Of the slice before, not empty.
            score: The model's estimate of the IoU of ``mask``.
            hu: The slice of ``mask``.
        """
        area, area_before = int(mask.sum()), int(before.sum())
        if area < max(1, LEAST_AREA * self.area):
            return Stop.DIED
        if score < LEAST_SCORE:
            return Stop.UNSURE
        if int((mask & before).sum()) < LEAST_OVERLAP * min(area, area_before):
            return Stop.STRAYED
        if area > MOST_GROWTH * area_before:
            return Stop.JUMPED
        is_unlike = abs(float(hu[mask].mean()) - self.mean_hu) > MOST_DRIFT * self.spread_hu
        return Stop.DRIFTED if is_unlike else None


def next_box(mask: Bools) -> Box:
    """Return the box round a mask, larger by `MARGIN` and at least one voxel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    margin = max(1, round(MARGIN * max(mask.shape)))
    box = Box(
        int(rows[0]) - margin, int(columns[0]) - margin, int(rows[-1]) + 1 + margin, int(columns[-1]) + 1 + margin
    )
    return box.clip((mask.shape[0], mask.shape[1]))


def attached(mask: Bools, before: Bools) -> Bools:
    """Keep the parts of a mask that lie over the mask of the slice before; all if none does."""
    parts, _ = ndimage.label(mask, np.ones((3, 3)))
    touching = np.unique(parts[before & mask])
    return np.isin(parts, touching) if touching.size else mask
