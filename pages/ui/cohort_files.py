"""What came of many cases, as files: figures for a spreadsheet or a program, and a report to read and to send."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import numpy as np
import streamlit as st

from core.reporting.scores import Comparison, report
from core.scoring.contrast import contrast
from core.scoring.tables import csv_text, json_text, label_names
from pages.ui.cohorts import Cohort
from pages.ui.words import t

COMPARED = ("dice", "nsd", "hd95_mm", "lesion_f1")
_SEED = 0


def downloads(cohort: Cohort) -> None:
    """Offer the figures as files; made when asked for."""
    files: list[tuple[str, str, Callable[[], str]]] = [
        (t("taking.report"), "lobule-cohort.html", partial(html, cohort)),
        (t("taking.csv"), "lobule-cohort.csv", partial(csv_text, cohort.rows)),
        (t("taking.json"), "lobule-cohort.json", partial(json_text, cohort.rows)),
    ]
    if cohort.second:
        files += [
            (t("cohort.figures_b"), "lobule-cohort-b.csv", partial(csv_text, cohort.second)),
            (t("cohort.everything_b"), "lobule-cohort-b.json", partial(json_text, cohort.second)),
        ]
    for title, name, make in files:
        st.download_button(title, make, name, key=f"take_{name}", on_click="ignore", width="stretch")
    st.caption(t("taking.anywhere"))


def html(cohort: Cohort) -> str:
    """Write the report of the cohort, with the comparison if there is a second prediction."""
    rows = cohort.rows or cohort.second
    title = f"{len(rows)} case{'s' if len(rows) != 1 else ''} scored"
    return report(rows, title=title, created=datetime.now().astimezone(), comparison=_comparison(cohort))


def _comparison(cohort: Cohort) -> Comparison | None:
    if not (cohort.rows and cohort.second):
        return None
    first, second = ([row.card for row in rows if row.card] for rows in (cohort.rows, cohort.second))
    found = tuple(
        (name, contrast(first, second, value, key, np.random.default_rng(_SEED)))
        for value, name in label_names(cohort.rows).items()
        for key in COMPARED
    )
    return Comparison("the first prediction", "the second prediction", found)
