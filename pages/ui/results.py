"""What came of a pair: figures beside a slice of errors, distances or outlines; stepping redraws this alone."""

import math
from typing import Any

import streamlit as st

from core.imaging.window import PRESETS
from core.scoring.evidence import worst_slice
from core.scoring.lesions import Lesion
from core.scoring.scorecard import LabelScore
from pages.ui.card import plain
from pages.ui.figures import all_figures, definitions, tiles
from pages.ui.scored import SIDE, VIEWS, Scored
from pages.ui.slicewise import meaning_of_colours, slice_curve, slice_picture, three_pictures
from pages.ui.state import show_in, shown_in

SIZES = {376: "Fits a laptop", 560: "Large", 760: "Very large"}
LIMITS = (1.0, 2.0, 5.0, 10.0, 20.0)


def results(scored: Scored) -> None:
    """Show everything there is of a comparison."""
    notes = [f":material/info: {plain(note)}" for note in dict.fromkeys(scored.card.notes)]
    if notes:
        st.caption("  \n".join(notes))
    if not scored.card.labels:
        st.info("Neither mask holds a label: there is nothing to score.")
    else:
        _panel(scored)
    definitions()


@st.fragment
def _panel(scored: Scored) -> None:
    label = _head(scored)
    side = scored.view.shows == SIDE
    if side:
        three_pictures(scored, label)
    left, right = st.columns([1, 1.1], gap="medium")
    with left:
        if side:
            tiles(scored, label)
        else:
            slice_picture(scored, label)
    with right:
        if not side:
            tiles(scored, label)
        slice_curve(scored, label)
    lesions, figures = st.columns([1, 1.3], gap="large")
    with lesions:
        _lesions(scored, label)
    with figures:
        st.markdown("**All figures**")
        all_figures(scored, label)


def _head(scored: Scored) -> LabelScore:
    """Show the choice of label and view; return the scores of the label."""
    view = scored.view
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="panel_head")
    names = {label.value: label.name[:1].upper() + label.name[1:] for label in scored.card.labels}
    with row:
        show_in("metrics_label", view.label)
        st.segmented_control(
            "Label",
            list(names),
            format_func=lambda value: plain(names[value]),
            key="metrics_label",
            label_visibility="collapsed",
            required=True,
            on_change=_take_label,
            args=(scored,),
        )
        show_in("metrics_view", view.shows)
        st.segmented_control(
            "View",
            VIEWS if scored.depth > 1 else VIEWS[:-1],
            key="metrics_view",
            label_visibility="collapsed",
            required=True,
            on_change=_take_view,
            args=(scored,),
        )
        with st.popover("Picture", icon=":material/visibility:"):
            _how(scored)
        st.html(meaning_of_colours(scored), width="content")
    return scored.label()


def _take_label(scored: Scored) -> None:
    view = scored.view
    view.label = shown_in("metrics_label")
    counts = scored.label().slices[view.z]
    if not counts.predicted and not counts.reference:
        view.z = worst_slice(scored.label()) or 0


def _take_view(scored: Scored) -> None:
    scored.view.shows = shown_in("metrics_view")


def _how(scored: Scored) -> None:
    """Show how to show. A popover is drawn when it is opened: its widgets need their values with them."""
    view, names = scored.view, list(PRESETS)
    args = (scored,)
    st.toggle("Only the part around the label", view.zoomed, key="metrics_zoom", on_change=_take_how, args=args)
    st.slider(
        "Opacity of the colours", 0.0, 1.0, view.opacity, 0.05, key="metrics_opacity", on_change=_take_how, args=args
    )
    sizes = list(SIZES)
    at = sizes.index(view.height)
    st.selectbox("Size", sizes, at, SIZES.__getitem__, "metrics_height", on_change=_take_how, args=args)
    at = LIMITS.index(view.limit)
    title = f"Colours of distances end at, in {scored.unit()}"
    st.selectbox(title, LIMITS, at, "{:g}".format, "metrics_limit", on_change=_take_how, args=args)
    if scored.volume is not None and scored.volume.has_hu:
        at = next(i for i, window in enumerate(PRESETS.values()) if window == view.window)
        st.selectbox("Window of the CT", names, at, key="metrics_window", on_change=_take_how, args=args)


def _take_how(scored: Scored) -> None:
    view = scored.view
    view.zoomed, view.opacity = shown_in("metrics_zoom"), shown_in("metrics_opacity")
    view.limit, view.height = shown_in("metrics_limit"), shown_in("metrics_height")
    if scored.volume is not None and scored.volume.has_hu:
        view.window = PRESETS[shown_in("metrics_window")]


def _lesions(scored: Scored, label: LabelScore) -> None:
    """List the lesions that were found, missed and made up; a click on a row shows its slice."""
    table = label.lesions
    found = [("found", match.reference, match.dice) for match in table.matches]
    found += [("missed", lesion, math.nan) for lesion in table.missed]
    found += [("made up", lesion, math.nan) for lesion in table.false]
    st.markdown(f"**Lesions**: {len(table.matches)} found, {len(table.missed)} missed, {len(table.false)} made up")
    if not found:
        return
    key = f"lesions_{label.value}"
    slices = [min(max(round(lesion.centre[0]), 0), len(label.slices) - 1) for _, lesion, _ in found]
    st.dataframe(
        [_row(what, lesion, dice) for what, lesion, dice in found],
        hide_index=True,
        height=min(12, len(found)) * 35 + 38,
        key=key,
        on_select=lambda: _take_lesion(scored, key, slices),
        selection_mode="single-row",
    )
    st.caption("Tick a lesion to see its slice.")


def _take_lesion(scored: Scored, key: str, slices: list[int]) -> None:
    rows = shown_in(key)["selection"]["rows"]
    if rows:
        scored.view.z = slices[rows[0]]


def _row(what: str, lesion: Lesion, dice: float) -> dict[str, Any]:
    return {
        "": what,
        "slice": round(lesion.centre[0]) + 1,
        "ml": None if math.isnan(lesion.volume_ml) else round(lesion.volume_ml, 2),
        "size": f"{lesion.voxels} voxels" if lesion.band is None else f"{lesion.band}",
        "Dice": "–" if math.isnan(dice) else f"{dice:.3f}",
    }
