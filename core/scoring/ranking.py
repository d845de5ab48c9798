"""The cases of a cohort in the order in which they need a look: failed first, then worst first."""

import math
from collections.abc import Sequence

from core.scoring.batch import Row
from core.scoring.definitions import card_of
from core.scoring.scorecard import LabelScore


def label_of(row: Row, label: int) -> LabelScore | None:
    """Return the score of a label in a row, or None if the case failed or does not hold the label."""
    return row.card.label(label) if row.card else None


def figure_of(row: Row, label: int, key: str) -> float:
    """Return a figure of a label in a row; ``nan`` if the case failed or has none."""
    return row.card.figure(label, key) if row.card else math.nan


def worst_first(rows: Sequence[Row], label: int, key: str) -> list[Row]:
    """Sort failed cases to the front and cases without the figure to the end; between them the worst comes first.

    A figure of which neither more nor less is better is worst where it is farthest from 0. Equal cases keep
    their order.

    Args:
        rows: From `batch.score_all`.
        label: Value of the label.
        key: Of the figure, as in `definitions.CARDS`.
    """
    better = card_of(key).better

    def place(row: Row) -> tuple[int, float]:
        value = figure_of(row, label, key)
        if row.card is None:
            return 0, 0.0
        if math.isnan(value):
            return 2, 0.0
        return 1, better * value if better else -abs(value)

    return sorted(rows, key=place)


def matching(rows: Sequence[Row], label: int, key: str, name: str = "", limit: float | None = None) -> list[Row]:
    """Keep the cases whose name holds a text and whose figure is worse than a limit.

    Failed cases are never hidden by the limit: nobody knows how bad they are. Cases without the figure are.

    Args:
        rows: From `batch.score_all`.
        label: Value of the label.
        key: Of the figure; more or less must be better.
        name: Part of the name of a case, in small or large letters.
        limit: None keeps all.
    """
    better = card_of(key).better

    def wanted(row: Row) -> bool:
        if name.strip().casefold() not in row.case.casefold():
            return False
        if limit is None or row.card is None:
            return True
        return better * figure_of(row, label, key) < better * limit

    return [row for row in rows if wanted(row)]
