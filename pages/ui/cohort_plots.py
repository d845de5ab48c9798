"""Pictures of a cohort: boxes with a point per case, and the difference of two predictions case by case."""

from collections.abc import Sequence
from math import isfinite, isinf
from typing import Any

import plotly.graph_objects as go

from core.reporting import wording
from core.scoring.batch import Row
from core.scoring.contrast import Contrast
from core.scoring.definitions import CARDS, HUMAN_DICE
from core.scoring.ranking import figure_of
from pages.ui.words import t
from pages.ui.words.steps import known

POINT, PICKED, WORSE = "#2bb3a3", "#ffb454", "#ff6b6b"
GROUPS = (
    ("dice", "nsd", "precision", "recall"),
    ("hd95_mm", "assd_mm", "hd_mm"),
    ("volume_difference_ml",),
    ("lesion_recall", "lesion_precision", "lesion_dice"),
)
HEIGHT = 310
_SPREAD = 0.045
_ABOVE = 1.1  # where cases without a distance stand: above all others
_NAMES = 30


def group_of(key: str) -> tuple[str, ...]:
    """Return the figures that share a plot with one."""
    return next((group for group in GROUPS if key in group), (key,))


def boxes(rows: Sequence[Row], label: int, key: str, picked: str | None, with_readers: bool) -> go.Figure:
    """Draw a box and a point per case for a figure and those of its kind.

    Cases whose distance is infinite are crosses above all others, on no scale.

    Args:
        rows: Of the cohort.
        label: Value of the label.
        key: Of the figure.
        picked: Name of the case to mark, or None.
        with_readers: Whether to draw how well human readers of liver tumours agree, behind Dice.
    """
    figure, keys = go.Figure(), group_of(key)
    values = {each: [(row.case, figure_of(row, label, each)) for row in rows if row.card] for each in keys}
    top = _ABOVE * max((value for some in values.values() for _, value in some if isfinite(value)), default=1.0)
    for at, each in enumerate(keys):
        finite = [(case, value) for case, value in values[each] if isfinite(value)]
        figure.add_box(
            x=[at] * len(finite), y=[value for _, value in finite], boxpoints=False, width=0.5, hoverinfo="skip",
            line_color="#8fa3ab", fillcolor="rgba(143, 163, 171, 0.15)",
        )  # fmt: skip
        unit = CARDS[each].unit
        told = [f"{wording.plotted(case)}: {wording.number(value, each)} {unit}" for case, value in finite]
        _add_points(figure, at, finite, told, picked, "circle")
        missed = [(case, top) for case, value in values[each] if isinf(value)]
        words = [t("cohort.no_distance", name=wording.plotted(case)) for case, _ in missed]
        _add_points(figure, at, missed, words, picked, "x")
    if with_readers and "dice" in keys:
        low, high = HUMAN_DICE
        figure.add_shape(
            type="rect", x0=-0.4, x1=0.4, y0=low, y1=high, fillcolor=PICKED, opacity=0.2, line_width=0, layer="below"
        )  # fmt: skip
    figure.update_layout(
        **_layout(HEIGHT),
        xaxis={"tickvals": list(range(len(keys))), "ticktext": [known(CARDS[each].name) for each in keys]},
        yaxis={"title": CARDS[key].unit or None, "range": [-0.03, 1.03] if CARDS[key].span == "0 to 1" else None},
    )
    return figure


def _add_points(
    figure: go.Figure, at: int, cases: Sequence[tuple[str, float]], told: Sequence[str], picked: str | None, symbol: str
) -> None:
    """Draw cases beside one another at a place, each with a sentence under the pointer."""
    colour = POINT if symbol == "circle" else WORSE
    figure.add_scatter(
        x=[at + (k % 7 - 3) * _SPREAD for k in range(len(cases))],
        y=[value for _, value in cases],
        mode="markers",
        customdata=[case for case, _ in cases],
        text=list(told),
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": [PICKED if case == picked else colour for case, _ in cases],
            "size": [13 if case == picked else 9 for case, _ in cases],
            "symbol": symbol,
        },
    )


def differences(found: Contrast, picked: str | None) -> go.Figure:
    """Draw how far the second prediction is from the first in every case, best on top, with mean and interval.

    Args:
        found: The comparison.
        picked: Name of the case to mark, or None.
    """
    better = CARDS[found.key].better or 1
    cases = sorted(found.cases, key=lambda case: better * case[1])
    colours = [PICKED if case == picked else POINT if better * by >= 0 else WORSE for case, by in cases]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(cases))), x=[by for _, by in cases], orientation="h", width=0.08, marker_color=colours,
        hoverinfo="skip",
    )  # fmt: skip
    unit = f" {CARDS[found.key].unit}" if CARDS[found.key].unit else ""
    figure.add_scatter(
        y=list(range(len(cases))),
        x=[by for _, by in cases],
        mode="markers",
        customdata=[case for case, _ in cases],
        text=[wording.plotted(case) + f": {by:+.3f}{unit}".replace("-", "−") for case, by in cases],
        hovertemplate="%{text}<extra></extra>",
        marker={"color": colours, "size": 11},
    )
    if isfinite(found.difference.low):
        figure.add_vrect(found.difference.low, found.difference.high, fillcolor=PICKED, opacity=0.2, line_width=0)
    figure.add_vline(0, line_color="#8fa3ab", line_width=1)
    figure.add_vline(found.difference.mean, line_color=PICKED, line_dash="dot", line_width=2)
    few = len(cases) <= _NAMES
    figure.update_layout(
        **_layout(max(170, 60 + 24 * len(cases)) if few else 480),
        xaxis={
            "title": t("cohort.b_less_a", figure=f"{known(CARDS[found.key].name)}{unit and ','}{unit}"),
            "zeroline": False,
        },
        yaxis={
            "tickvals": list(range(len(cases))) if few else [],
            "ticktext": [_short(case) for case, _ in cases] if few else [],
            "range": [-0.7, len(cases) - 0.3],
        },
    )
    return figure


def _short(case: str) -> str:
    return wording.plotted(case if len(case) <= 18 else f"{case[:8]}…{case[-9:]}")


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 0, "r": 0, "t": 10, "b": 0},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
    }
