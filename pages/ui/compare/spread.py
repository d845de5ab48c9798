"""Every patient of a comparison: a figure of every model on each, and the patients a model is worst on."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from core.learning import outcome, table
from core.learning.crossval import read_lines
from core.learning.outcome import Point
from core.learning.table import COLUMNS, TableRow
from core.reporting.study_plots import strips
from pages.ui.card import plain
from pages.ui.compare.state import Studies, names_of
from pages.ui.learn.detail import NO_BAR
from pages.ui.learn.state import kept
from pages.ui.state import show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

_WORST = 8


def spread(studies: Studies, folder: Path, rows: Sequence[TableRow]) -> None:
    """Show the points of all patients, and a list of the worst for one model."""
    label, key = _figure(studies)
    points = outcome.points(folder, label, key)
    unit = outcome.unit_of(read_lines(folder))
    names = names_of({row.key: (known(row.title), known(row.protocol)) for row in rows})
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        title = known(table.name_of(label, key)) + (f", {unit}" if key.endswith("_mm") else "")
        joined = st.toggle(t("compare.join"), help=t("compare.join_help"), **kept(studies.values, "spread_join", False))
        picked = next((point.patient for point in points if point.case == studies.case), "")
        figure = strips(
            points, names, {row.key: row.figures[label, key] for row in rows}, title=title,
            share=not key.endswith("_mm"), picked=picked, joined=joined,
        )  # fmt: skip
        st.plotly_chart(
            figure, key="spread_plot", config=NO_BAR, on_select=partial(_take_point, studies), selection_mode="points"
        )
        st.caption(t("compare.spread_help"))
    with right:
        _worst(studies, rows, points, key)


def _figure(studies: Studies) -> tuple[int, str]:
    titles = {f"{label} {key}": known(table.name_of(label, key)) for label, key, _ in COLUMNS}
    key = in_words("spread_figure")
    show_in(key, f"{studies.figure[0]} {studies.figure[1]}")
    st.selectbox(
        t("cohort.figure"), list(titles), format_func=titles.__getitem__, key=key, width=320,
        on_change=partial(_take_figure, studies, key), label_visibility="collapsed",
    )  # fmt: skip
    return studies.figure


def _take_figure(studies: Studies, key: str) -> None:
    label, _, figure = shown_in(key).partition(" ")
    studies.figure = int(label), figure


def _take_point(studies: Studies) -> None:
    points = shown_in("spread_plot")["selection"]["points"]
    if points and points[0].get("customdata"):
        studies.case, studies.row = points[0]["customdata"][:2]
        studies.slices.pop(studies.case, None)


def _worst(studies: Studies, rows: Sequence[TableRow], points: Sequence[Point], key: str) -> None:
    """List the patients that a model is worst on; a click picks one for the slices."""
    titles = {row.key: f"{known(row.title)} · {known(row.protocol)}" for row in rows}
    if studies.row not in titles:
        studies.row = "unet" if "unet" in titles else next(iter(titles))
    picker = in_words("spread_row")
    show_in(picker, studies.row)
    st.selectbox(
        t("compare.worst_of"), list(titles), format_func=titles.__getitem__, key=picker,
        on_change=partial(_take_row, studies, picker),
    )  # fmt: skip
    worst = outcome.worst_first(points, studies.row, key)
    st.dataframe(
        [{t("compare.patient"): point.patient, t("compare.value"): point.value, t("compare.fold"): point.fold + 1}
         for point in worst],
        hide_index=True, height=38 + 35 * min(len(worst), _WORST), key=f"spread_worst_{studies.row}_{key}",
        on_select=partial(_take_worst, studies, worst, f"spread_worst_{studies.row}_{key}"),
        selection_mode="single-cell",
        column_config={t("compare.value"): st.column_config.NumberColumn(format="%.3f")},
    )  # fmt: skip
    if studies.case:
        st.caption(f":material/check: {t('compare.picked', name=plain(studies.case))}")
    else:
        st.caption(t("compare.pick"))


def _take_row(studies: Studies, key: str) -> None:
    studies.row = shown_in(key)


def _take_worst(studies: Studies, worst: Sequence[Point], key: str) -> None:
    cells = shown_in(key)["selection"]["cells"]
    if cells and cells[0][0] < len(worst):
        studies.case = worst[cells[0][0]].case
        studies.slices.pop(studies.case, None)
