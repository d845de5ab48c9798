"""The table of a comparison: every model and protocol with its figures, and the paired tests in words."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # comes with Streamlit, whose tables it formats
import streamlit as st

from core.learning import table
from core.learning.crossval import read_lines
from core.learning.table import COLUMNS, TableRow
from core.scoring.cohort import Summary
from pages.ui.words import t
from pages.ui.words.steps import known

_MOST_ROWS = 16


def tables(folder: Path, rows: Sequence[TableRow], downloads: Callable[[Path], None]) -> None:
    """Show the table and the tests.

    Args:
        folder: Of the study.
        rows: Of its table.
        downloads: Draws what can be taken away.
    """
    head = st.container(horizontal=True, vertical_alignment="center")
    head.caption(t("compare.protocol_help"), width="stretch")
    with head:
        downloads(folder)
    lines = read_lines(folder)
    config: dict[str, Any] = {
        t("compare.model"): st.column_config.TextColumn(pinned=True, width=220),
        t("compare.prompts"): st.column_config.TextColumn(width=285),
    }
    st.dataframe(
        _table(rows, lines[0].unit), hide_index=True, height=38 + 35 * min(len(rows), _MOST_ROWS), placeholder="–",
        column_config=config, key="compare_table",
    )  # fmt: skip
    st.caption(known(table.note(lines)))
    _tests(folder, rows)


def _table(rows: Sequence[TableRow], unit: str) -> Any:
    """Return the table: sorted by the number, shown with its interval."""
    columns = table.head(unit)[2:]
    frame = pd.DataFrame([_line(row, columns) for row in rows])
    style = frame.style
    for at, row in enumerate(rows):
        for (label, key, _), column in zip(COLUMNS, columns, strict=False):
            told = partial(_cell, summary=row.figures[label, key], key=key)
            style = style.format({known(column): told}, subset=pd.IndexSlice[[at], [known(column)]])
    seconds, parameters = (known(column) for column in columns[len(COLUMNS) + 1 :])
    style = style.format({seconds: "{:.3g}"}, subset=[seconds])  # without a subset all else would be as it was
    return style.format({parameters: "{:,}"}, subset=[parameters])


def _line(row: TableRow, columns: Sequence[str]) -> dict[str, Any]:
    figures: list[Any] = [row.figures[label, key].mean for label, key, _ in COLUMNS]
    figures += [t("compare.made_up", count=row.made_up, all=row.without), row.seconds, row.parameters]
    names = {t("compare.model"): known(row.title), t("compare.prompts"): known(row.protocol)}
    return names | {known(column): value for column, value in zip(columns, figures, strict=True)}


def _cell(value: float, summary: Summary, key: str) -> str:
    return "–" if math.isnan(value) else table.cell(summary, key)


def _tests(folder: Path, rows: Sequence[TableRow]) -> None:
    """Say which of two models is better on the same patients, and how sure that is."""
    by_key = {row.key: row for row in rows}
    found = table.contrasts_of(folder)
    if not found:
        return
    st.markdown(f"**{t('compare.tests')}**")
    names = ("pair", "figure", "difference", "p", "n")
    st.dataframe(
        [
            {t(f"compare.test.{name}"): cell for name, cell in zip(names, cells, strict=True)}
            for cells in (table.contrast_cells(one, by_key) for one in found)
        ],
        hide_index=True,
        height=38 + 35 * len(found),
        key="compare_tests",
        column_config={t("compare.test.pair"): st.column_config.TextColumn(width=620)},
    )
    st.caption(t("compare.tests_help"))
