"""Many cases together: what the figures are on average, how sure that is, and what two predictions differ by.

A case can have no figure (``nan``: neither mask holds the label, or there is no voxel size) or an infinite one (a
distance to something missed). Means over what is left flatter whoever misses most, so each summary comes twice:

============  ======================================  ====================================================
summary       infinite distance                       ``nan``
============  ======================================  ====================================================
defined       left out, counted in ``infinite``       left out, counted in ``undefined``
penalised     counts as the diagonal of its image     left out, counted in ``undefined``
============  ======================================  ====================================================

``n`` is what entered, so that ``n + infinite + undefined`` is the number of cases.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.scoring.overlap import Confusion
from core.scoring.scorecard import Scorecard

Floats = npt.NDArray[np.float64]
_RESAMPLES = 2000
_DRAWN_AT_ONCE = 1 << 20  # numbers, so that thousands of cases take no more memory than few


@dataclass(frozen=True)
class Summary:
    """A figure over some cases.

    Attributes:
        n: Cases that entered.
        undefined: Cases without the figure.
        infinite: Cases left out because their distance is infinite; 0 if penalised.
        mean: ``nan`` if nothing entered, as all below.
        median: Half of the cases lie below.
        first_quartile: A quarter lies below.
        third_quartile: Three quarters lie below.
        low: Lower end of the 95 % bootstrap interval of the mean; ``nan`` below two cases.
        high: Its upper end.
    """

    n: int
    undefined: int
    infinite: int
    mean: float
    median: float
    first_quartile: float
    third_quartile: float
    low: float
    high: float


@dataclass(frozen=True)
class ThreeDice:
    """Three numbers that are all called "Dice".

    Attributes:
        pooled: Over the voxels of all cases together; large objects rule.
        per_case: Mean over the cases where it is defined.
        per_lesion: Mean over all reference lesions, 0 for missed ones; small lesions rule.
        n: Cases in the mean per case.
        undefined: Cases without a Dice: neither mask holds the label.
        lesions: In the mean per lesion.
    """

    pooled: float
    per_case: float
    per_lesion: float
    n: int
    undefined: int
    lesions: int


@dataclass(frozen=True)
class Difference:
    """First less second prediction of the same cases.

    Attributes:
        n: Cases where both have a finite figure.
        left_out: The other cases that both hold.
        mean: Of the differences.
        low: Lower end of its 95 % bootstrap interval over cases.
        high: Its upper end.
        p: Two-sided, of the Wilcoxon signed-rank test; 1 if all are equal, ``nan`` without a case.
    """

    n: int
    left_out: int
    mean: float
    low: float
    high: float
    p: float


def summaries(cards: Sequence[Scorecard], label: int, key: str, rng: np.random.Generator) -> tuple[Summary, Summary]:
    """Summarise a figure of a label over cases: defined only, and penalised.

    Args:
        cards: One per case.
        label: Value of the label.
        key: Of the figure, as in `definitions.CARDS`.
        rng: For the bootstrap.
    """
    values = np.array([card.figure(label, key) for card in cards], np.float64)
    diagonals = np.array([card.diagonal_mm for card in cards], np.float64)
    defined = summarise(values, rng)
    if not defined.infinite:
        return defined, defined
    return defined, summarise(np.where(np.isinf(values), diagonals, values), rng)


def summarise(values: npt.ArrayLike, rng: np.random.Generator) -> Summary:
    """Summarise the finite ones of some values and count the others."""
    given = np.asarray(values, np.float64)
    used = given[np.isfinite(given)]
    undefined, infinite = int(np.isnan(given).sum()), int(np.isinf(given).sum())
    if not len(used):
        return Summary(0, undefined, infinite, *(math.nan,) * 6)
    first, median, third = np.percentile(used, (25, 50, 75)).tolist()
    return Summary(len(used), undefined, infinite, float(used.mean()), median, first, third, *_interval(used, rng))


def _interval(values: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean (B. Efron, Annals of Statistics 7, 1979)."""
    if len(values) < 2:
        return math.nan, math.nan
    at_once = max(1, _DRAWN_AT_ONCE // len(values))
    draws = (
        rng.integers(0, len(values), (min(at_once, _RESAMPLES - k), len(values))) for k in range(0, _RESAMPLES, at_once)
    )
    means = np.concatenate([values[drawn].mean(axis=1) for drawn in draws])
    low, high = np.percentile(means, (2.5, 97.5)).tolist()
    return low, high


def three_dice(cards: Sequence[Scorecard], label: int) -> ThreeDice:
    """Return Dice pooled over voxels, per case and per lesion."""
    scores = [score for card in cards if (score := card.label(label))]
    pooled = sum((score.counts for score in scores), Confusion(0, 0, 0, 0)).dice
    lesions = [dice for score in scores for dice in score.lesions.dice]
    cases = [dice for score in scores if not math.isnan(dice := score.counts.dice)]
    return ThreeDice(pooled, _mean(cases), _mean(lesions), len(cases), len(cards) - len(cases), len(lesions))


def compare(
    first: Sequence[Scorecard], second: Sequence[Scorecard], label: int, key: str, rng: np.random.Generator
) -> Difference:
    """Compare two predictions of the same cases, matched by name.

    Source of the test: F. Wilcoxon, Biometrics Bulletin 1 (1945), https://doi.org/10.2307/3001968.

    Args:
        first: Scores of one prediction.
        second: Scores of the other, against the same references.
        label: Value of the label.
        key: Of the figure. An infinite distance counts as the image's diagonal.
        rng: For the bootstrap.
    """
    others = {card.case: card for card in second}
    shared = [(card, others[card.case]) for card in first if card.case in others]
    pairs = np.array([[card.penalised(label, key) for card in pair] for pair in shared]).reshape(-1, 2)
    both = np.isfinite(pairs).all(axis=1)
    apart = pairs[both, 0] - pairs[both, 1]
    if not len(apart):
        return Difference(0, len(shared), *(math.nan,) * 4)
    low, high = _interval(apart, rng)
    p = float(stats.wilcoxon(apart).pvalue) if apart.any() else 1.0
    return Difference(len(apart), int((~both).sum()), float(apart.mean()), low, high, p)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
