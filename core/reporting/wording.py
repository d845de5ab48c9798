"""Figures as people read them: three digits of a share, units, and a word where there is no number."""

import html
import math

from core.scoring.batch import Row
from core.scoring.cohort import Summary
from core.scoring.definitions import card_of
from core.scoring.ranking import figure_of, label_of
from core.scoring.sheet import NO_DISTANCE, without_distance

_DIGITS = {"": 3, "mm": 2, "ml": 2, "%": 1}


def number(value: float, key: str) -> str:
    """Write a figure without its unit; a word where there is no number."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return NO_DISTANCE
    return f"{value:.{_DIGITS[card_of(key).unit]}f}".replace("-", "−")


def figure(row: Row, label: int, key: str, with_unit: bool = True) -> str:
    """Write a figure of a label; of an infinite distance why there is none and, with units, what it counts as."""
    value, score = figure_of(row, label, key), label_of(row, label)
    if row.card and score and math.isinf(value):
        return without_distance(score, row.card.diagonal_mm if with_unit else None)
    unit = card_of(key).unit if with_unit and math.isfinite(value) else ""
    return f"{number(value, key)} {unit}".rstrip()


def title(key: str, tolerances_mm: set[float]) -> str:
    """Name a figure; with the tolerance where it has one."""
    if not key.endswith("nsd"):
        return card_of(key).name
    return f"{card_of(key).name} at {' or '.join(f'{mm:g}' for mm in sorted(tolerances_mm))} mm"


def heading(key: str, tolerances_mm: set[float]) -> str:
    """Name a figure for the narrow column of a table, with its unit."""
    short = {"dice": "Dice", "iou": "IoU", "recall": "Recall", "volume_difference_ml": "Volume diff."}
    name = title(key, tolerances_mm).replace("Normalised surface", "Surface")
    return ", ".join(filter(None, (short.get(key, name), card_of(key).unit)))


def mean(found: Summary, key: str) -> str:
    """Write a mean and its interval."""
    if not found.n:
        return "none"
    interval = "" if math.isnan(found.low) else f" [{number(found.low, key)}, {number(found.high, key)}]"
    return number(found.mean, key) + interval


def median(found: Summary, key: str) -> str:
    """Write a median and the quartiles."""
    if not found.n:
        return "none"
    return f"{number(found.median, key)} ({number(found.first_quartile, key)} to {number(found.third_quartile, key)})"


def plotted(name: str) -> str:
    """Return a name that plotly shows as it is: it takes ``<b>`` and ``&amp;`` for marks, and knows no ``&quot;``."""
    return html.escape(name, quote=False)


def empty(value: float | None) -> str:
    """Write what a figure is where a mask is empty, as in `definitions.EMPTY_RULES`."""
    if value is None:
        return "a number"
    if math.isnan(value):
        return "undefined"
    return NO_DISTANCE if math.isinf(value) else f"{value:g}".replace("-", "−")
