"""Two predictions of the same cases, in one sentence: which is better, by how much, and whether that may be chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scoring.cohort import Difference, compare
from core.scoring.definitions import Card, card_of
from core.scoring.scorecard import Scorecard

LIKELY = 0.05
FEWEST = 6  # two-sided, the signed-rank test of five cases cannot fall below 0.0625


@dataclass(frozen=True)
class Contrast:
    """What one figure of a label says of two predictions.

    Attributes:
        key: Of the figure.
        difference: The second prediction less the first.
        cases: Each case with a finite figure in both, and the second less the first.
        left_out: Cases that were scored, and lack the figure in one prediction or both.
    """

    key: str
    difference: Difference
    cases: tuple[tuple[str, float], ...]
    left_out: int = 0

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0 and the test says below 5 %."""
        return self.difference.p < LIKELY and (self.difference.low > 0 or self.difference.high < 0)

    @property
    def sentence(self) -> str:
        """In words: A is the first prediction, B the second."""
        if not self.left_out:
            return self._verdict
        cases = f"{self.left_out} case{'s' if self.left_out > 1 else ''}"
        return f"{self._verdict} Left out: {cases} without this figure in A or in B."

    @property
    def _verdict(self) -> str:
        found, card = self.difference, card_of(self.key)
        if not found.n:
            return f"No case has a figure for {card.name} in both predictions."
        if not any(apart for _, apart in self.cases):
            return f"A and B are equal: {card.name} is the same in {_cases(found.n)}."
        sign = -1 if found.mean < 0 else 1
        better = "larger" if not card.better else "better" if sign == card.better else "worse"
        ends = sorted((sign * found.low, sign * found.high))
        size = f"{_number(abs(found.mean), card)} {card.unit} {card.name}".replace("  ", " ")
        if math.isnan(found.low):
            return f"B is {better} by {size} in the one case that both have. One case proves nothing."
        facts = f"[{_number(ends[0], card)}, {_number(ends[1], card)}], {_chance(found.p)}, n = {found.n}"
        if self.is_clear:
            return f"B is {better} by {size} {facts}."
        why = f"fewer than {FEWEST} cases cannot show one" if found.n < FEWEST else "this may be chance"
        return f"No clear difference: B is {better} by {size} on average {facts}; {why}."


def contrast(
    first: Sequence[Scorecard], second: Sequence[Scorecard], label: int, key: str, rng: np.random.Generator
) -> Contrast:
    """Compare two predictions of the same cases, matched by name; see `cohort.compare`.

    Args:
        first: Scores of prediction A.
        second: Scores of prediction B against the same references.
        label: Value of the label.
        key: Of the figure, as in `definitions.CARDS`. An infinite distance counts as the image's diagonal.
        rng: For the bootstrap.
    """
    others = {card.case: card for card in second}
    apart = (
        (card.case, others[card.case].penalised(label, key) - card.penalised(label, key))
        for card in first
        if card.case in others
    )
    cases = tuple((case, by) for case, by in apart if math.isfinite(by))
    scored = others.keys() | {card.case for card in first}
    return Contrast(key, compare(second, first, label, key, rng), cases, len(scored) - len(cases))


def _cases(count: int) -> str:
    return f"all {count} cases" if count > 1 else "the one case"


def _number(value: float, card: Card) -> str:
    return f"{value:.{2 if card.unit else 3}f}".replace("-", "−")


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
