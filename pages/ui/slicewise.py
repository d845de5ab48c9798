"""One slice of a compared pair: its errors, distances or outlines, the way from slice to slice, and the curve."""

import math
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.imaging.picture import jpeg
from core.scoring.definitions import HUMAN_DICE, HUMAN_SOURCES, HUMAN_WORDS
from core.scoring.errormap import COLOURS, WORDS
from core.scoring.evidence import worst_slice
from core.scoring.framing import Frame, part_around, whole_slice
from core.scoring.scorecard import LabelScore
from pages.ui.matching_values import is_tumour
from pages.ui.painting import REFERENCE_COLOUR
from pages.ui.pictures import PREDICTION_COLOUR, Shown, colour_bar, legend
from pages.ui.scored import Scored
from pages.ui.state import show_in, shown_in
from pages.ui.surface import surface
from pages.ui.viewing import DISTANCE, SIDE, SURFACE
from pages.ui.words import t
from pages.ui.words.steps import known

WIDER, THIRD = 1.6, 390
CT_COLOUR = (200, 200, 200)
CURVE_HEIGHT, CURVE_LEFT, CURVE_RIGHT = 190, 44, 8


def slice_picture(scored: Scored, label: LabelScore) -> None:
    """Show one slice with its errors or distances, and how to get to the others; or the surface."""
    view = scored.view
    if view.shows == SURFACE:
        surface(scored, label)
        return
    shown = _shown(scored, label, view.height, round(WIDER * view.height))
    with st.container(height=shown.frame.size[0] + 4, border=False, key="metrics_picture"):
        if view.shows == DISTANCE:
            st.image(jpeg(shown.distances(view.z, scored.outline(label.value), view.limit)), width=shown.frame.size[1])
        else:
            st.image(jpeg(shown.errors(view.z, view.opacity)), width=shown.frame.size[1])
    _steps(scored, label)
    if view.shows == DISTANCE:
        _distance_words(scored)


def meaning_of_colours(scored: Scored) -> str:
    """Return HTML that says what the colours of the view mean."""
    view = scored.view
    if view.shows in (DISTANCE, SURFACE):
        return colour_bar(view.limit, scored.unit())
    if view.shows == SIDE:
        return legend(
            {t("slicewise.reference_small"): REFERENCE_COLOUR, t("slicewise.prediction_small"): PREDICTION_COLOUR}
        )
    return legend({known(WORDS[outcome]): colour for outcome, colour in COLOURS.items()})


def _distance_words(scored: Scored) -> None:
    if scored.unit() == "mm":
        st.caption(t("slicewise.distances"))
    else:
        st.caption(t("slicewise.no_size"))


def three_pictures(scored: Scored, label: LabelScore) -> None:
    """Show the CT alone, with the outline of the reference, and with that of the prediction; without a CT both."""
    shown, z = _shown(scored, label, THIRD, THIRD), scored.view.z
    reference, prediction = {t("slicewise.reference"): REFERENCE_COLOUR}, {t("slicewise.prediction"): PREDICTION_COLOUR}
    pictures = [(reference, shown.reference_outline(z)), (prediction, shown.predicted_outline(z))]
    if scored.volume is not None:
        pictures.insert(0, ({"CT": CT_COLOUR}, shown.alone(z)))
    else:
        pictures.append((reference | prediction, shown.both_outlines(z)))
    for column, (words, picture) in zip(st.columns(3, gap="small"), pictures, strict=True):
        with column:
            st.html(legend(words))
            st.image(jpeg(picture), width=shown.frame.size[1])
    _steps(scored, label)


def _steps(scored: Scored, label: LabelScore) -> None:
    """Show the slice slider with a step to either side, and a jump to the worst slice."""
    counts = label.slices[scored.view.z]
    dice = t("slicewise.not_here") if math.isnan(counts.dice) else f"Dice {counts.dice:.3f}"
    if scored.depth < 2:
        st.markdown(f"**{t('slicewise.slice', slice=1)}** · {dice}")
        return
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="steps")
    with row:
        _step(scored, ":material/chevron_left:", -1, t("slicewise.down"))
        show_in("metrics_slice", scored.view.z + 1)
        st.slider(
            t("slicewise.slices"),
            1,
            scored.depth,
            key="metrics_slice",
            label_visibility="collapsed",
            on_change=_take_slice,
            args=(scored,),
        )
        _step(scored, ":material/chevron_right:", 1, t("slicewise.up"))
        worst = worst_slice(label)
        st.button(
            t("slicewise.worst"),
            key="metrics_worst",
            help=t("slicewise.worst_help"),
            on_click=_go_to,
            args=(scored, worst or 0),
        )
        st.markdown(f"**{t('slicewise.slice', slice=scored.view.z + 1)}** · {dice}", width="content")


def _step(scored: Scored, icon: str, by: int, words: str) -> None:
    z = scored.view.z + by
    there = 0 <= z < scored.depth
    st.button(
        "",
        icon=icon,
        key="slice_on" if by > 0 else "slice_back",
        help=words,
        disabled=not there,
        on_click=_go_to,
        args=(scored, z),
    )


def _go_to(scored: Scored, z: int) -> None:
    scored.view.go_to(z)


def _take_slice(scored: Scored) -> None:
    scored.view.go_to(shown_in("metrics_slice") - 1)


def slice_curve(scored: Scored, label: LabelScore) -> None:
    """Plot Dice over the slices; a click on a point shows that slice. The slice shown is marked over the plot.

    The mark is not part of the plot: a plot that changes is built anew, and flickers at every step.
    """
    points = [(z + 1, counts.dice) for z, counts in enumerate(label.slices) if not math.isnan(counts.dice)]
    if not points or scored.depth < 2:
        return
    at, dice = zip(*points, strict=True)
    hover = t("slicewise.hover", slice="%{x}", dice="%{y:.3f}")
    line = go.Scatter(x=at, y=dice, mode="lines+markers", line_color="#2bb3a3", hovertemplate=hover)
    line.update(selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}})
    figure = go.Figure(line)
    low, high = at[0] - 1, at[-1] + 1
    figure.update_layout(
        height=CURVE_HEIGHT,
        margin={"l": CURVE_LEFT, "r": CURVE_RIGHT, "t": 8, "b": 36},
        xaxis={"title": t("slicewise.axis"), "range": [low, high], "automargin": False},
        yaxis={"title": "Dice", "range": [0, 1.05], "automargin": False},
        dragmode=False,
    )
    if is_tumour(label.name):
        figure.add_hrect(*HUMAN_DICE, fillcolor="#ffb454", opacity=0.15, line_width=0)
    key = f"curve_{label.value}"
    with st.container(key="curve", gap="xsmall"):
        st.plotly_chart(
            figure,
            key=key,
            on_select=lambda: _take_point(scored, key),
            selection_mode="points",
            config={"displayModeBar": False},
        )
        st.html(_mark((scored.view.z + 1 - low) / (high - low)))
    if is_tumour(label.name):
        st.caption(t("slicewise.band", words=known(HUMAN_WORDS)), help="\n\n".join(HUMAN_SOURCES))
    else:
        st.caption(t("slicewise.curve"))


def _mark(share: float) -> str:
    """Return HTML of a line at a share of the plot's width."""
    if not 0 <= share <= 1:
        return "<i></i>"
    beside = CURVE_LEFT + CURVE_RIGHT
    return f'<i class="slice-mark" style="left: calc({CURVE_LEFT}px + (100% - {beside}px) * {share:.4f})"></i>'


def _take_point(scored: Scored, key: str) -> None:
    chosen: Any = shown_in(key)
    if chosen and chosen["selection"]["points"]:
        scored.view.go_to(int(chosen["selection"]["points"][0]["x"]) - 1)


def _shown(scored: Scored, label: LabelScore, height: int, widest: int) -> Shown:
    predicted, reference = scored.masks(label.value)
    return Shown(
        predicted, reference, label.value, scored.volume, _frame(scored, label, height, widest), scored.view.window
    )


def _frame(scored: Scored, label: LabelScore, height: int, widest: int) -> Frame:
    whole = whole_slice(scored.pair[1].grid, height, widest)
    return part_around(scored.box(label.value), whole) if scored.view.zoomed else whole
