"""The plots of a comparison: a figure of every model on every patient, and how the trainings went."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.learning.outcome import Curve, Point
from core.reporting import wording
from core.scoring.cohort import Summary

POINT, MEAN, PICKED, JOIN = "#2bb3a3", "#8fa3ab", "#ffb454", "rgba(143, 163, 171, 0.35)"
PALETTE = ("#2bb3a3", "#ffb454", "#7c9cff", "#ff6b6b", "#b58cff", "#7fbf5f", "#e88ac0", "#5fb7e0")
_ROW_PX, _AROUND_PX = 46, 70
_SPREAD = 0.3
_FEW = 12  # epochs that can all be named on the axis


def strips(
    points: Sequence[Point], names: Mapping[str, str], means: Mapping[str, Summary], *, title: str, share: bool,
    picked: str = "", joined: bool = False,
) -> go.Figure:  # fmt: skip
    """Draw a strip of points, one per patient, for every model, with mean and interval.

    Args:
        points: From `outcome.points`.
        names: Of the models by the keys of their rows, the first on top.
        means: Over the patients, by the same keys.
        title: Of the figure, with its unit.
        share: Whether it goes from 0 to 1.
        picked: Patient to mark.
        joined: Whether a line joins the points of each patient.
    """
    figure = go.Figure()
    places = {key: at for at, key in enumerate(reversed(list(names)))}
    if joined:
        _join(figure, points, places)
    for key, at in places.items():
        found = means[key]
        own = [point for point in points if point.row == key]
        shift = np.linspace(-_SPREAD, _SPREAD, len(own)) if len(own) > 1 else np.zeros(1)
        figure.add_scatter(
            x=[point.value for point in own], y=[at] * len(own) if joined else at + shift[: len(own)], mode="markers",
            marker={"color": [PICKED if point.patient == picked else POINT for point in own],
                    "size": [11 if point.patient == picked else 7 for point in own], "opacity": 0.85},
            customdata=[[point.case, point.row, point.patient] for point in own],
            text=[wording.plotted(point.patient) for point in own], hovertemplate="%{text}: %{x:.3f}<extra></extra>",
        )  # fmt: skip
        if found.n:
            figure.add_scatter(
                x=[found.mean], y=[at], mode="markers", marker={"color": MEAN, "size": 13, "symbol": "diamond"},
                error_x={"type": "data", "symmetric": False, "array": [found.high - found.mean],
                         "arrayminus": [found.mean - found.low], "color": MEAN, "thickness": 3, "width": 8},
                hovertemplate=f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n}<extra></extra>",
            )  # fmt: skip
    figure.update_layout(
        height=_AROUND_PX + _ROW_PX * len(names), margin={"l": 8, "r": 12, "t": 8, "b": 40}, showlegend=False,
        dragmode=False, hovermode="closest",
        xaxis={"title": title, "range": [-0.03, 1.03] if share else None, "zeroline": False},
        yaxis={"tickvals": list(places.values()), "ticktext": [names[key] for key in places], "automargin": True,
               "range": [-0.6, len(names) - 0.4], "zeroline": False},
    )  # fmt: skip
    return figure


def _join(figure: go.Figure, points: Sequence[Point], places: Mapping[str, int]) -> None:
    for patient in dict.fromkeys(point.patient for point in points):
        own = sorted((point for point in points if point.patient == patient), key=lambda point: places[point.row])
        figure.add_scatter(
            x=[point.value for point in own], y=[places[point.row] for point in own], mode="lines",
            line={"color": JOIN, "width": 1}, hoverinfo="skip",
        )  # fmt: skip


def progress_curves(
    curves: Sequence[Curve], keys: Mapping[str, str], names: Mapping[str, str], *, axes: tuple[str, str], height: int,
    share: bool = False,
) -> go.Figure:  # fmt: skip
    """Draw a line for every training and figure over its epochs; a colour for each model, a dash for each figure.

    Args:
        curves: From `outcome.curves`, or of one run.
        keys: Of the figures in the log, with their names.
        names: Of the models, with what the legend calls each curve: ``{fold}`` is filled in.
        axes: Titles of both axes.
        height: In pixels.
        share: Whether the figures go from 0 to 1.
    """
    figure = go.Figure()
    models = list(dict.fromkeys(curve.model for curve in curves))
    dashes = ("solid", "dot", "dash", "dashdot")
    for curve in curves:
        for at, (key, name) in enumerate(keys.items()):
            lines = [line for line in curve.epochs if key in line]
            several = len(models) > 1 or len(curves) > 1
            colour = PALETTE[(models.index(curve.model) if several else at) % len(PALETTE)]
            whose = names[curve.model].format(fold=curve.fold + 1)
            told = whose if len(keys) == 1 else f"{whose} · {name}" if several else name
            figure.add_scatter(
                x=[line["epoch"] for line in lines], y=[line[key] for line in lines],
                mode="lines+markers" if len(lines) < 40 else "lines", name=told, marker={"size": 5},
                line={"color": colour, "width": 2, "dash": dashes[at % len(dashes)] if several else "solid"},
                hovertemplate=f"{told}: %{{y:.4g}}<extra></extra>",
            )  # fmt: skip
    last = max((line["epoch"] for curve in curves for line in curve.epochs), default=1)
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False, hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
        xaxis={"title": axes[0], "automargin": True, "dtick": 1 if last <= _FEW else None},
        yaxis={"title": axes[1], "automargin": True, "range": [-0.02, 1.02] if share else None},
    )  # fmt: skip
    return figure
