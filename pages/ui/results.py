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
from pages.ui.scored import Scored
from pages.ui.slicewise import meaning_of_colours, slice_curve, slice_picture, three_pictures
from pages.ui.state import app_state, show_in, shown_in
from pages.ui.viewer.face import comparison
from pages.ui.viewing import DISTANCE, ERRORS, PLANES, SIDE, SURFACE, VIEWS
from pages.ui.words import in_words, t
from pages.ui.words.steps import known, title

SIZES = {376: "small", 560: "large", 760: "very_large"}
VIEW_WORDS = {
    ERRORS: "results.view.errors",
    DISTANCE: "results.view.distances",
    SIDE: "results.view.side",
    PLANES: "results.view.planes",
    SURFACE: "results.view.surface",
}
LIMITS = (1.0, 2.0, 5.0, 10.0, 20.0)


def results(scored: Scored) -> None:
    """Show everything there is of a comparison."""
    notes = [f":material/info: {plain(known(note))}" for note in dict.fromkeys(scored.card.notes)]
    if notes:
        st.caption("  \n".join(notes))
    if not scored.card.labels:
        st.info(t("pairing.no_label"))
    else:
        _panel(scored)
    definitions()


@st.fragment
def _panel(scored: Scored) -> None:
    label = _head(scored)
    wide = scored.view.shows in (SIDE, PLANES)
    if scored.view.shows == SIDE:
        three_pictures(scored, label)
    elif wide:
        comparison(app_state(), scored)
    left, right = st.columns([1, 1.1], gap="medium")
    with left:
        if wide:
            tiles(scored, label)
        else:
            slice_picture(scored, label)
    with right:
        if not wide:
            tiles(scored, label)
        slice_curve(scored, label)
    lesions, figures = st.columns([1, 1.3], gap="large")
    with lesions:
        _lesions(scored, label)
    with figures:
        st.markdown(f"**{t('results.all')}**")
        all_figures(scored, label)


def _head(scored: Scored) -> LabelScore:
    """Show the choice of label and view; return the scores of the label."""
    view = scored.view
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="panel_head")
    names = {label.value: plain(title(label.name)) for label in scored.card.labels}
    views = {view: t(words) for view, words in VIEW_WORDS.items()}
    with row:
        label, shows = in_words("metrics_label"), in_words("metrics_view")
        show_in(label, view.label)
        st.segmented_control(
            t("results.label"),
            list(names),
            format_func=names.__getitem__,
            key=label,
            label_visibility="collapsed",
            required=True,
            on_change=_take_label,
            args=(scored, label),
        )
        show_in(shows, view.shows)
        st.segmented_control(
            t("results.view"),
            VIEWS if scored.depth > 1 else VIEWS[:-2],
            format_func=views.__getitem__,
            key=shows,
            label_visibility="collapsed",
            required=True,
            on_change=_take_view,
            args=(scored, shows),
        )
        with st.popover(t("results.picture"), icon=":material/visibility:"):
            _how(scored)
        st.html(meaning_of_colours(scored), width="content")
    return scored.label()


def _take_label(scored: Scored, key: str) -> None:
    view = scored.view
    view.label = shown_in(key)
    counts = scored.label().slices[view.z]
    if not counts.predicted and not counts.reference:
        view.go_to(worst_slice(scored.label()) or 0)


def _take_view(scored: Scored, key: str) -> None:
    scored.view.shows = shown_in(key)


def _how(scored: Scored) -> None:
    """Show how to show. A popover is drawn when it is opened: its widgets need their values with them."""
    view = scored.view
    height, window = in_words("metrics_height"), in_words("metrics_window")
    how: dict[str, Any] = {"on_change": _take_how, "args": (scored, height, window)}
    st.toggle(t("results.zoom"), view.zoomed, key="metrics_zoom", **how)
    st.slider(t("results.opacity"), 0.0, 1.0, view.opacity, 0.05, key="metrics_opacity", **how)
    sizes = {pixels: t(f"results.size.{size}") for pixels, size in SIZES.items()}
    at = list(sizes).index(view.height)
    st.selectbox(t("results.size"), list(sizes), at, sizes.__getitem__, key=height, **how)
    at = LIMITS.index(view.limit)
    st.selectbox(t("results.limit", unit=scored.unit()), LIMITS, at, "{:g}".format, key="metrics_limit", **how)
    if scored.volume is not None and scored.volume.has_hu:
        at = next(i for i, window in enumerate(PRESETS.values()) if window == view.window)
        names = {name: known(name) for name in PRESETS}
        st.selectbox(t("results.window"), list(names), at, names.__getitem__, key=window, **how)


def _take_how(scored: Scored, height: str, window: str) -> None:
    view = scored.view
    view.zoomed, view.opacity = shown_in("metrics_zoom"), shown_in("metrics_opacity")
    view.limit, view.height = shown_in("metrics_limit"), shown_in(height)
    if scored.volume is not None and scored.volume.has_hu:
        view.window = PRESETS[shown_in(window)]


def _lesions(scored: Scored, label: LabelScore) -> None:
    """List the lesions that were found, missed and made up; a click on a row shows its slice."""
    table = label.lesions
    found = [("found", match.reference, match.dice) for match in table.matches]
    found += [("missed", lesion, math.nan) for lesion in table.missed]
    found += [("made up", lesion, math.nan) for lesion in table.false]
    counts = {"found": len(table.matches), "missed": len(table.missed), "made_up": len(table.false)}
    st.markdown(t("results.lesions", **counts))
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
    st.caption(t("results.tick"))


def _take_lesion(scored: Scored, key: str, slices: list[int]) -> None:
    rows = shown_in(key)["selection"]["rows"]
    if rows:
        scored.view.go_to(slices[rows[0]])


def _row(what: str, lesion: Lesion, dice: float) -> dict[str, Any]:
    return {
        "": known(what),
        t("results.column.slice"): round(lesion.centre[0]) + 1,
        "ml": None if math.isnan(lesion.volume_ml) else round(lesion.volume_ml, 2),
        t("results.column.size"): t("results.voxels", count=lesion.voxels) if lesion.band is None else str(lesion.band),
        "Dice": "–" if math.isnan(dice) else f"{dice:.3f}",
    }
