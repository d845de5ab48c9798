"""The figures of the open case: lesions and labels in tables, and the lesion that was chosen with its diameters."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.imaging.label import Label
from core.reporting.quantify import Measured, Quantities
from core.reporting.shots import shot_of, slice_of
from core.reporting.words import catalogue
from pages.ui.card import plain
from pages.ui.outcome import Outcome, measured, outcome_of
from pages.ui.state import Case, shown_in
from pages.ui.words import language, many, t
from pages.ui.words.steps import title

_DEFINED = ("lesion", "volume", "density", "diameter", "extent", "liver", "burden", "surface")
_ROWS = 8
_COLUMNS: dict[str, tuple[str, Callable[[Measured], Any]]] = {
    "ml": ("%.2f", lambda one: one.volume_ml),
    "hu": ("%.0f", lambda one: one.density.mean),
    "sd": ("%.0f", lambda one: one.density.sd),
    "longest": ("%.1f", lambda one: one.diameter.longest_mm if one.diameter else math.nan),
    "across": ("%.1f", lambda one: one.diameter.across_mm if one.diameter else math.nan),
    "at": ("%d", lambda one: slice_of(one) + 1),
    "slices": ("", lambda one: f"{one.first + 1}–{one.last + 1}"),
    "extent": ("", lambda one: " × ".join(f"{mm:.0f}" for mm in one.extent_mm)),
    "surface": ("%.1f", lambda one: one.to_surface_mm),
}
_IN_MM = ("ml", "longest", "across", "extent", "surface")


def show(case: Case) -> None:
    """Show what was measured, or how far that is."""
    outcome = outcome_of(case)
    if not measured(outcome, "quantities") or outcome.quantities is None:
        return
    found, labels = outcome.quantities, outcome.segmented.held
    _tiles(found, labels)
    if found.liver_is_cut:
        st.warning(t("outcome.cut"), icon=":material/content_cut:")
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        if found.lesions:
            st.markdown(f"**{t('outcome.lesions')}**")
            _lesions(case, outcome, found.lesions, labels)
        st.markdown(f"**{t('outcome.labels')}**")
        whole = [column for column in _COLUMNS if column not in ("longest", "across", "at", "surface")]
        st.dataframe(_rows(case, found.labels, labels, whole), hide_index=True, column_config=_formats(case))
        _definitions()
    with right:
        lesion = outcome.shown(found.lesions)
        if lesion is None:
            st.caption(t("outcome.no_lesion"))
        else:
            _picture(case, outcome, lesion, labels)


def _tiles(found: Quantities, labels: Sequence[Label]) -> None:
    """Show the figures that matter most."""
    tiles: list[tuple[str, str]] = []
    for label in labels:
        lesions = found.lesions_of(label.value)
        if lesions:
            name, ml = plain(title(label.name)), sum(one.volume_ml for one in lesions)
            tiles.append((name, many("cases.lesions", len(lesions))))
            tiles += [] if math.isnan(ml) else [(t("outcome.tile.ml", label=name), f"{ml:.1f} ml")]
    longest = max((one.diameter.longest_mm for one in found.lesions if one.diameter), default=math.nan)
    tiles += [] if math.isnan(longest) else [(t("outcome.tile.longest"), f"{longest:.1f} mm")]
    tiles += [] if math.isnan(found.liver_ml) else [(t("outcome.tile.liver"), f"{found.liver_ml:.0f} ml")]
    if not math.isnan(found.burden_percent):
        tiles.append((t("outcome.tile.burden"), f"{found.burden_percent:.1f} %"))
    with st.container(key="tiles", gap="xsmall"):
        for start in range(0, len(tiles), 6):
            row = tiles[start : start + 6]
            for column, (name, text) in zip(st.columns(max(len(row), 4), gap="xsmall"), row, strict=False):
                column.metric(name, text)


def _lesions(case: Case, outcome: Outcome, lesions: tuple[Measured, ...], labels: Sequence[Label]) -> None:
    key = f"lesions_{outcome.version}_{language()}"
    st.dataframe(
        _rows(case, lesions, labels, [column for column in _COLUMNS if column != "sd"]),
        hide_index=True,
        column_config=_formats(case),
        height=min(len(lesions), _ROWS) * 35 + 38,
        key=key,
        on_select=lambda: _take(outcome, lesions, key),
        selection_mode="single-row",
    )
    st.caption(t("outcome.choose"))


def _take(outcome: Outcome, lesions: tuple[Measured, ...], key: str) -> None:
    rows = shown_in(key)["selection"]["rows"]
    if rows:
        outcome.lesion = (lesions[rows[0]].label, lesions[rows[0]].number)


def _rows(
    case: Case, things: Sequence[Measured], labels: Sequence[Label], columns: Sequence[str]
) -> list[dict[str, Any]]:
    names = {label.value: title(label.name) for label in labels}
    shown = [column for column in columns if case.volume.grid.has_spacing or column not in _IN_MM]
    rows = []
    for one in things:
        name = f"{names[one.label]} {one.number}" if one.number else names[one.label]
        values = {_head(case, column): _COLUMNS[column][1](one) for column in shown}
        rows.append({t("outcome.column.what"): name} | {head: _known(value) for head, value in values.items()})
    return rows


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _head(case: Case, column: str) -> str:
    return t(f"outcome.column.{column}") + (" HU" if column in ("hu", "sd") and case.volume.has_hu else "")


def _formats(case: Case) -> dict[str, Any]:
    told = {_head(case, column): form for column, (form, _) in _COLUMNS.items() if form}
    return {head: st.column_config.NumberColumn(format=form) for head, form in told.items()}


def _picture(case: Case, outcome: Outcome, lesion: Measured, labels: Sequence[Label]) -> None:
    """Show a lesion where it is longest, with both lines drawn, and lead there."""
    name = next(title(label.name) for label in labels if label.value == lesion.label)
    z = slice_of(lesion)
    said = t("outcome.picture", name=f"{name} {lesion.number}", slice=z + 1)
    if found := lesion.diameter:
        size = t("outcome.size", longest=f"{found.longest_mm:.1f}", across=f"{found.across_mm:.1f}")
        said = f"{said} · {size}"
    st.image(shot_of(outcome.segmented, lesion).after, caption=plain(said), width="stretch")
    st.caption(_density(case, lesion))
    if st.button(t("outcome.show", slice=z + 1), key="show_lesion", icon=":material/draw:", width="stretch"):
        case.go_to(z)
        st.switch_page("annotate.py")


def _density(case: Case, lesion: Measured) -> str:
    found = lesion.density
    values = {key: f"{getattr(found, key):.0f}".replace("-", "−") for key in ("mean", "p5", "median", "p95")}
    sd = "" if math.isnan(found.sd) else f" ± {found.sd:.0f}"
    return t("outcome.density", unit=" HU" if case.volume.has_hu else "", sd=sd, **values)


def _definitions() -> None:
    """Say what every figure means, in the words of the report."""
    with st.expander(t("figures.definitions"), icon=":material/menu_book:"):
        words = catalogue(language())
        for term in _DEFINED:
            st.markdown(f"**{plain(words[f'define.{term}'])}** {plain(words[f'define.{term}_words'])}")
