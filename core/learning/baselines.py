"""What one gets without learning: thresholds on HU, region growing from a point, and the ellipse in a box."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.imaging.growing import grown_region
from core.imaging.volume import TUMOUR
from core.learning.cases import Case, Grey
from core.learning.dataset import Dataset
from core.learning.finders import BoxSource, Probabilities

_OPENING_PX = 3
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Thresholds:
    """Two ranges of grey values, chosen on training cases, and the largest connected part of the first.

    Attributes:
        liver: Lowest and highest grey value of liver, tumours included.
        tumour: Of tumour within it.
    """

    liver: tuple[int, int]
    tumour: tuple[int, int]

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `finders.Finder`; 0 or 1."""
        smooth = smoothed(case.grey[list(slices)])
        liver = _within(smooth, self.liver)
        liver = np.stack([ndimage.binary_opening(slab, iterations=_OPENING_PX) for slab in liver])
        largest = cc3d.largest_k(liver.astype(np.uint8), k=1, connectivity=6) > 0
        for slab, grey in zip(largest, smooth, strict=True):
            whole = ndimage.binary_fill_holes(slab)
            tumour = ndimage.binary_opening(whole & _within(grey, self.tumour), iterations=1)
            yield np.stack([whole, tumour]).astype(np.float32)


def fit_thresholds(data: Dataset, every: int = 4) -> Thresholds:
    """Choose the two ranges that give the best Dice over the voxels of every such slice of some cases."""
    shape = (3, 256)
    counts = np.zeros(shape, np.int64)  # of background, liver, tumour
    for case in data.cases:
        smooth, labels = smoothed(case.grey[::every]), case.labels[::every]
        for value in range(3):
            counts[value] += np.bincount(smooth[labels == value], minlength=256)
    liver = best_range(counts[1] + counts[2], counts[0])
    return Thresholds(liver, best_range(counts[2], counts[1]) if counts[2].any() else (0, -1))


def best_range(wanted: _Counts, others: _Counts) -> tuple[int, int]:
    """Return the lowest and highest of 256 grey values between which the Dice is best; the narrowest if several are.

    Args:
        wanted: How many voxels of the object have each value.
        others: How many beside it.
    """
    inside, beside = (np.concatenate([[0], np.cumsum(counts)]) for counts in (wanted, others))
    tp = inside[None, 1:] - inside[:-1, None]  # of the range from row to column
    fp = beside[None, 1:] - beside[:-1, None]
    dice = np.where(np.triu(np.ones((256, 256), bool)), 2 * tp / np.maximum(1, tp + fp + inside[-1]), -1.0)
    ranges = np.argwhere(dice == dice.max())
    low, high = ranges[np.argmin(ranges[:, 1] - ranges[:, 0])]
    return int(low), int(high)


@dataclass(frozen=True)
class InBoxes:
    """What a rule draws in every box, and nothing beyond it.

    Attributes:
        source: Of the boxes.
        draw: Returns what it draws in a part of a slice, ``(h, w)``.
    """

    source: BoxSource
    draw: Callable[[Grey], npt.NDArray[np.bool_]]

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `finders.Finder`; 0 or 1."""
        asked = self.source(case, slices)
        for z in slices:
            found = np.zeros((2, *case.grey.shape[1:]), np.float32)
            for label, box in asked.get(z, ()):
                inside = (slice(box.y0, box.y1), slice(box.x0, box.x1))
                part = found[int(label == TUMOUR)][inside]
                np.maximum(part, self.draw(case.grey[z][inside]), out=part)
            yield found


def grown(part: Grey) -> npt.NDArray[np.bool_]:
    """Return the region that grows from the middle of a part of a slice."""
    return grown_region(part, (part.shape[0] // 2, part.shape[1] // 2))


def inscribed(part: Grey) -> npt.NDArray[np.bool_]:
    """Return the ellipse that fills a part of a slice: what a box says by itself, whatever the picture shows."""
    down, across = ((2 * np.arange(length) + 1) / length - 1 for length in part.shape)
    return np.asarray(down[:, None] ** 2 + across[None] ** 2 <= 1)


def smoothed(grey: Grey) -> Grey:
    """Return slices ``(z, y, x)`` with the noise of single pixels taken away."""
    return np.asarray(ndimage.median_filter(grey, size=(1, 5, 5)))


def _within(grey: Grey, limits: tuple[int, int]) -> npt.NDArray[np.bool_]:
    return np.asarray((grey >= limits[0]) & (grey <= limits[1]))
