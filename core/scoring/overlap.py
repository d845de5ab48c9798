"""How much of two masks is shared: Dice and IoU."""

import math

import numpy as np
import numpy.typing as npt


def dice(predicted: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> float:
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
    shared, both = _counts(predicted, reference)
    return 2 * shared / both if both else math.nan


def iou(predicted: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> float:
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
    shared, both = _counts(predicted, reference)
    return shared / (both - shared) if both else math.nan


def check(predicted: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> None:
    """Raise ValueError if the shapes differ, TypeError if an array is not bool."""
    if predicted.shape != reference.shape:
        raise ValueError(f"predicted has shape {predicted.shape}, reference {reference.shape}")
    if predicted.dtype != np.bool_ or reference.dtype != np.bool_:
        raise TypeError(f"masks must be bool, got {predicted.dtype} and {reference.dtype}")


def _counts(predicted: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return ``|P ∩ R|`` and ``|P| + |R|``."""
    check(predicted, reference)
    shared = np.count_nonzero(predicted & reference)
    return int(shared), int(np.count_nonzero(predicted) + np.count_nonzero(reference))
