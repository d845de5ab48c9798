"""How a pair is measured, and its figures as files."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from core.reporting.scores import report
from core.scoring.surfaces import Definition
from core.scoring.tables import csv_text, json_text
from pages.ui.scored import Scored
from pages.ui.viewing import Settings
from pages.ui.words import t
from pages.ui.words.steps import known

NAME = "lobule-scores"


def settings(scored: Scored) -> None:
    """Let the reader choose tolerance, percentile and the definitions of other tools."""
    now = scored.settings
    with st.popover(t("taking.settings"), icon=":material/tune:"), st.form("measure", border=False):
        tolerance_mm = st.number_input(
            t("taking.tolerance"), 0.0, 50.0, now.tolerance_mm, 0.5, "%0.1f", key="tolerance_mm"
        )
        percentile = st.number_input(
            t("taking.percentile"),
            50,
            100,
            round(now.percentile),
            key="percentile",
            help=t("taking.percentile_help"),
        )
        st.markdown(t("taking.more"))
        wanted = tuple(
            kind
            for kind in (Definition.MONAI, Definition.SURFEL)
            if st.checkbox(known(kind), kind in now.others, key=f"measure_{kind.name.lower()}")
        )
        if st.form_submit_button(t("taking.again"), type="primary", key="measure_again"):
            with st.spinner(t("taking.measuring")):
                scored.measure(Settings(float(tolerance_mm), float(percentile), wanted))
            st.rerun(scope="app")


def take_away(scored: Scored) -> None:
    """Offer the figures as CSV, JSON and one HTML file; made when asked for."""
    with st.popover(t("taking.download"), icon=":material/download:"):
        _download(t("taking.report"), "html", lambda: _report(scored))
        _download(t("taking.csv"), "csv", lambda: csv_text([scored.row()]))
        _download(t("taking.json"), "json", lambda: json_text([scored.row()]))
        st.caption(t("taking.anywhere"))


def _report(scored: Scored) -> str:
    return report([scored.row()], title=scored.case, created=datetime.now().astimezone())


def _download(title: str, suffix: str, make: Callable[[], str]) -> None:
    st.download_button(title, make, f"{NAME}.{suffix}", key=f"take_{suffix}", on_click="ignore", width="stretch")
