"""The plots of a report: a box with a point per case for each figure, and Dice over the slices of one case."""

import math
import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go

from core.reporting import wording
from core.scoring.batch import Row
from core.scoring.definitions import HUMAN_DICE, card_of
from core.scoring.ranking import figure_of
from core.scoring.scorecard import LabelScore

GROUPS = (
    ("dice", "iou", "precision", "recall", "nsd", "lesion_recall", "lesion_precision"),
    ("hd95_mm", "assd_mm"),
    ("volume_difference_percent",),
)
_INK, _LINE, _BOX, _MISS, _BAND = "#1f2933", "#0f766e", "rgba(15, 118, 110, 0.13)", "#b42318", "#f59e0b"
_SPREAD = 0.05
_NARROW = 13  # letters of a name on one line
_ABOVE = 1.1  # where cases without a distance are marked: beyond the largest one


def boxes(rows: Sequence[Row], label: int, keys: Sequence[str], with_readers: bool) -> go.Figure:
    """Draw a box over the finite values of each figure, and a point for each case.

    Cases whose distance is infinite are crosses above all others, on no scale: at the diagonal of their image they
    would press all else into a line.

    Args:
        rows: Of the cohort.
        label: Value of the label.
        keys: Of figures with one unit.
        with_readers: Whether to draw how well human readers of liver tumours agree, behind Dice.
    """
    figure = go.Figure()
    values = {key: [(row.case, figure_of(row, label, key)) for row in rows if row.card] for key in keys}
    finite = [value for of_key in values.values() for _, value in of_key if math.isfinite(value)]
    top = _ABOVE * max(finite, default=1.0)
    for at, key in enumerate(keys):
        known = [(case, value) for case, value in values[key] if math.isfinite(value)]
        missed = [(case, top) for case, value in values[key] if math.isinf(value)]
        figure.add_box(
            x=[at] * len(known), y=[value for _, value in known], boxpoints=False, width=0.6, hoverinfo="skip",
            line={"color": _LINE, "width": 2}, fillcolor=_BOX,
        )  # fmt: skip
        _add_points(figure, at, known, _LINE, "circle", f"%{{text}}: %{{y:.3f}} {card_of(key).unit}")
        _add_points(figure, at, missed, _MISS, "x", "%{text}: none: missed or made up")
    if with_readers and "dice" in keys:
        x0, x1 = keys.index("dice") - 0.45, keys.index("dice") + 0.45
        figure.add_shape(type="rect", x0=x0, x1=x1, y0=HUMAN_DICE[0], y1=HUMAN_DICE[1], **_BEHIND)
    figure.update_xaxes(
        tickvals=list(range(len(keys))),
        ticktext=["<br>".join(textwrap.wrap(card_of(key).name, _NARROW)) for key in keys],
    )
    shares = card_of(keys[0]).span == "0 to 1"
    figure.update_yaxes(title=card_of(keys[0]).unit or None, range=[-0.03, 1.05] if shares else None)
    return _laid_out(figure)


def slice_curve(label: LabelScore, with_readers: bool) -> go.Figure:
    """Draw Dice over the slices that hold the label in either mask."""
    points = [(z, counts.dice) for z, counts in enumerate(label.slices, start=1) if not math.isnan(counts.dice)]
    line = go.Scatter(
        x=[z for z, _ in points], y=[dice for _, dice in points], mode="lines+markers", line={"color": _LINE},
        hovertemplate="slice %{x}: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(line)
    if with_readers:
        figure.add_shape(type="rect", xref="paper", x0=0, x1=1, y0=HUMAN_DICE[0], y1=HUMAN_DICE[1], **_BEHIND)
    figure.update_xaxes(title="slice")
    figure.update_yaxes(title="Dice", range=[-0.03, 1.05])
    return _laid_out(figure)


_BEHIND = {"fillcolor": _BAND, "opacity": 0.22, "line_width": 0, "layer": "below"}


def _add_points(
    figure: go.Figure, at: int, points: Sequence[tuple[str, float]], colour: str, symbol: str, told: str
) -> None:
    if not points:
        return
    figure.add_scatter(
        x=[at + (k % 7 - 3) * _SPREAD for k in range(len(points))],
        y=[value for _, value in points],
        text=[wording.plotted(case) for case, _ in points],
        mode="markers",
        marker={"color": colour, "size": 8, "symbol": symbol, "line": {"color": "white", "width": 1}},
        hovertemplate=f"{told}<extra></extra>",
    )


def _laid_out(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        height=340,
        showlegend=False,
        dragmode=False,
        margin={"l": 48, "r": 12, "t": 12, "b": 64},
        font={"family": "system-ui, sans-serif", "size": 14, "color": _INK},
    )
    return figure
