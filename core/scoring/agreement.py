"""How well two or more readers of one CT agree, and what they would have drawn together.

STAPLE weighs each reader by how often he agrees with the estimate, and the estimate by these weights, in turn:
S. K. Warfield et al., Simultaneous truth and performance level estimation, IEEE TMI 23 (2004),
https://doi.org/10.1109/TMI.2004.828354. Voxels on which the readers vote alike are alike to it, so it runs on the
``2 ** readers`` patterns of votes and how often each occurs, not on voxels: milliseconds instead of seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.scoring.overlap import Bools, check, confusion

Floats = npt.NDArray[np.float64]
MOST_READERS = 16
_FIRST_GUESS = 0.99999  # of sensitivity and specificity, as in ITK
_ROUNDS = 500
_STILL = 1e-9


@dataclass(frozen=True, eq=False)
class Staple:
    """What STAPLE found.

    Attributes:
        probability: float32, the shape of the masks: how likely each voxel belongs to the object.
        sensitivity: ``(readers,)``; ``nan`` if no voxel belongs to it.
        specificity: ``(readers,)``; ``nan`` if every voxel does.
        rounds: How often it went through, at most 500.
    """

    probability: npt.NDArray[np.float32]
    sensitivity: Floats
    specificity: Floats
    rounds: int

    @property
    def consensus(self) -> Bools:
        """Voxels that more likely belong than not."""
        return np.asarray(self.probability > 0.5)


def pairwise_dice(masks: Sequence[Bools]) -> Floats:
    """Return Dice of every reader with every other, ``(readers, readers)``, 1 on the diagonal.

    ``nan`` where both masks are empty; a reader always agrees with himself.

    Args:
        masks: bool, two or more of one shape on one grid.

    Raises:
        ValueError: There is just one mask, or the shapes differ.
        TypeError: A mask is not bool.
    """
    _check_all(masks)
    found = np.eye(len(masks))
    for i, j in combinations(range(len(masks)), 2):
        found[i, j] = found[j, i] = confusion(masks[i], masks[j]).dice
    return found


def votes(masks: Sequence[Bools]) -> npt.NDArray[np.uint8]:
    """Count for each voxel the readers who marked it."""
    _check_all(masks)
    counted = np.zeros(masks[0].shape, np.uint8)
    for mask in masks:
        counted += mask
    return counted


def majority(masks: Sequence[Bools]) -> Bools:
    """Return the voxels that more than half of the readers marked; half of an even number is not enough."""
    return np.asarray(votes(masks) > len(masks) // 2)


def disagreement(masks: Sequence[Bools]) -> npt.NDArray[np.float32]:
    """Return 0 where all readers agree, up to 1 where they are split in halves.

    ``4 v (1 - v)`` of the share of votes ``v``: the variance of a vote over its greatest value.
    """
    share = votes(masks) / np.float32(len(masks))
    return np.asarray(4 * share * (1 - share), np.float32)


def staple(masks: Sequence[Bools], prior: float | None = None) -> Staple:
    """Estimate what the readers saw, and how well each of them saw it.

    Args:
        masks: bool, 2 to 16 of one shape on one grid. Cut them to the object and some margin: how much
            background there is changes the answer, as in every STAPLE.
        prior: Share of voxels that belong to the object; the mean over the readers by default.

    Raises:
        ValueError: Too few or too many masks, the shapes differ, or the prior is no share.
        TypeError: A mask is not bool.
    """
    _check_all(masks)
    patterns = np.zeros(masks[0].shape, np.uint16)
    for reader, mask in enumerate(masks):
        patterns |= mask.astype(np.uint16) << np.uint16(reader)
    counts = _pattern_counts(patterns, 2 ** len(masks))
    voted = (np.arange(len(counts))[:, None] >> np.arange(len(masks)) & 1).astype(np.bool_)
    share = float(counts @ voted.mean(axis=1) / counts.sum()) if prior is None else prior
    if not 0 <= share <= 1:
        raise ValueError(f"prior must lie in 0..1, got {share}")
    belongs, sensitivity, specificity, rounds = _maximise(counts, voted, share)
    return Staple(belongs.astype(np.float32)[patterns], sensitivity, specificity, rounds)


def _pattern_counts(patterns: npt.NDArray[np.uint16], kinds: int) -> Floats:
    counts = np.zeros(kinds)
    for slab in patterns:
        counts += np.bincount(slab.ravel(), minlength=kinds)
    return counts


def _maximise(counts: Floats, voted: Bools, prior: float) -> tuple[Floats, Floats, Floats, int]:
    """Alternate between the estimate and the readers' weights until neither moves.

    Args:
        counts: How many voxels have each pattern of votes.
        voted: ``(patterns, readers)``.
        prior: Share of voxels that belong.

    Returns:
        How likely a voxel of each pattern belongs, sensitivities, specificities, rounds.
    """
    sensitivity = specificity = np.full(voted.shape[1], _FIRST_GUESS)
    belongs = np.zeros(len(counts))
    if prior in (0, 1):
        return np.full(len(counts), prior), sensitivity * np.nan, specificity * np.nan, 0
    rounds, moved = 0, math.inf
    while rounds < _ROUNDS and moved > _STILL:
        rounds += 1
        inside = prior * np.where(voted, sensitivity, 1 - sensitivity).prod(axis=1)
        outside = (1 - prior) * np.where(voted, 1 - specificity, specificity).prod(axis=1)
        before, belongs = belongs, inside / np.maximum(inside + outside, 1e-300)
        with np.errstate(invalid="ignore"):  # an estimate of nothing, or of everything, has no such rate
            sensitivity = (counts * belongs) @ voted / (counts @ belongs)
            specificity = (counts * (1 - belongs)) @ ~voted / (counts @ (1 - belongs))
        moved = float(np.abs(belongs - before).max())
    return belongs, sensitivity, specificity, rounds


def _check_all(masks: Sequence[Bools]) -> None:
    if not 2 <= len(masks) <= MOST_READERS:
        raise ValueError(f"agreement needs 2 to {MOST_READERS} masks, got {len(masks)}")
    for mask in masks[1:]:
        check(masks[0], mask)
