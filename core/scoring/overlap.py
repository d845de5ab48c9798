"""How much of two masks is shared: confusion counts, Dice, IoU and their kin.

What each says when there is nothing to find, or nothing was found:

====================  ======  ======  =========  ======  ===========  ===================
empty                 Dice    IoU     precision  recall  specificity  volume difference %
====================  ======  ======  =========  ======  ===========  ===================
both                  nan     nan     nan        nan     1            nan
only the prediction   0       0       nan        0       1            -100
only the reference    0       0       0          nan     below 1      nan
====================  ======  ======  =========  ======  ===========  ===================

``nan`` means undefined: there is nothing to divide by. It is counted and shown as such (see `cohort`), never
dropped from a mean in silence and never replaced by a flattering 0 or 1.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Confusion:
    """How many voxels were marked rightly and wrongly.

    Attributes:
        tp: In both masks.
        fp: Only in the prediction.
        fn: Only in the reference.
        tn: In neither.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def predicted(self) -> int:
        """Voxels of the prediction."""
        return self.tp + self.fp

    @property
    def reference(self) -> int:
        """Voxels of the reference."""
        return self.tp + self.fn

    @property
    def dice(self) -> float:
        """``2 TP / (2 TP + FP + FN)``, also called F1; see `dice`."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """``TP / (TP + FP + FN)``, also called Jaccard index; see `iou`."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def precision(self) -> float:
        """Share of the prediction that is right, ``TP / (TP + FP)``; positive predictive value."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the reference that was found, ``TP / (TP + FN)``; sensitivity."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float:
        """Share of the background left alone, ``TN / (TN + FP)``; near 1 for any small object."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def accuracy(self) -> float:
        """Share of all voxels that are right; near 1 for any small object."""
        return _ratio(self.tp + self.tn, self.tp + self.tn + self.fp + self.fn)

    @property
    def volume_difference_percent(self) -> float:
        """``100 (|P| - |R|) / |R|``, negative if the prediction is too small."""
        return 100 * _ratio(self.fp - self.fn, self.reference)

    def volume_difference_ml(self, voxel_ml: float) -> float:
        """Return volume of the prediction less that of the reference; 0 says nothing of where they lie."""
        return (self.fp - self.fn) * voxel_ml


def confusion(predicted: Bools, reference: Bools) -> Confusion:
    """Count all four kinds of voxels in one pass and without a copy.

    Args:
        predicted: bool, of one dimension or more.
        reference: bool, the same shape on the same grid.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    return sum(per_slice(predicted, reference), Confusion(0, 0, 0, 0))


def per_slice(predicted: Bools, reference: Bools) -> list[Confusion]:
    """Count as `confusion` does, for each slice (the first axis) by itself."""
    check(predicted, reference)
    counts = []
    for ours, theirs in zip(predicted, reference, strict=True):
        tp = int(np.count_nonzero(ours & theirs))
        fp, fn = int(np.count_nonzero(ours)) - tp, int(np.count_nonzero(theirs)) - tp
        counts.append(Confusion(tp, fp, fn, ours.size - tp - fp - fn))
    return counts


def dice(predicted: Bools, reference: Bools) -> float:
    """Return the Dice coefficient, ``2 |P ∩ R| / (|P| + |R|)``.

    Source: L. R. Dice, Measures of the amount of ecologic association between species, Ecology 26 (1945),
    https://doi.org/10.2307/1932409.

    Args:
        predicted: bool, any shape.
        reference: bool, the same shape on the same grid.

    Returns:
        0 (nothing shared, also if just one is empty) to 1 (equal); ``nan`` if both are empty, because then
        there was nothing to find. Count such cases, do not average over them.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    return confusion(np.atleast_1d(predicted), np.atleast_1d(reference)).dice


def iou(predicted: Bools, reference: Bools) -> float:
    """Return intersection over union, ``|P ∩ R| / |P ∪ R|``; it equals ``dice / (2 - dice)``.

    Source: P. Jaccard, The distribution of the flora in the alpine zone, New Phytologist 11 (1912),
    https://doi.org/10.1111/j.1469-8137.1912.tb05611.x.

    Args:
        predicted: bool, any shape.
        reference: bool, the same shape on the same grid.

    Returns:
        0 to 1; ``nan`` if both are empty, as for `dice`.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    return confusion(np.atleast_1d(predicted), np.atleast_1d(reference)).iou


def check(predicted: Bools, reference: Bools) -> None:
    """Raise ValueError if the shapes differ, TypeError if an array is not bool."""
    if predicted.shape != reference.shape:
        raise ValueError(f"predicted has shape {predicted.shape}, reference {reference.shape}")
    if predicted.dtype != np.bool_ or reference.dtype != np.bool_:
        raise TypeError(f"masks must be bool, got {predicted.dtype} and {reference.dtype}")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
