"""The report of the open case, made beside the page: one HTML file or a PDF, in English or Chinese."""

from collections.abc import Generator
from datetime import datetime
from functools import partial

import streamlit as st

from core.reporting.segmented import Segmented
from pages.ui.making import make, offered
from pages.ui.outcome import Parcel, outcome_of
from pages.ui.state import Case
from pages.ui.words import LANGUAGES, in_words, language, t

KIND = "report"


def show(case: Case) -> None:
    """Let the reader choose language, form and title, make the report, and offer it."""
    outcome = outcome_of(case)
    left, right = st.columns([1, 1.2], gap="large")
    with left, st.container(border=True):
        spoken = st.radio(
            t("outcome.report.language"),
            list(LANGUAGES),
            list(LANGUAGES).index(language()),
            LANGUAGES.__getitem__,
            key="report_language",
            horizontal=True,
        )
        forms = {"html": t("outcome.report.html"), "pdf": t("outcome.report.pdf")}
        form = st.radio(
            t("outcome.report.form"), list(forms), format_func=forms.__getitem__, key=in_words("report_form")
        )
        typed = st.text_input(
            t("outcome.report.title"), key="report_title", max_chars=80, help=t("outcome.report.title_help")
        )
        make(
            outcome,
            KIND,
            t("outcome.report.make"),
            (t("outcome.step.measuring"), t("outcome.step.writing")),
            partial(_write, outcome.segmented, spoken or "en", form or "html", typed.strip()),
        )
        offered(outcome, KIND)
    with right:
        st.markdown(t("outcome.report.holds"))
        if case.reference is not None:
            st.caption(t("outcome.report.scores"))
        st.caption(t("outcome.report.private"))


def _write(segmented: Segmented, spoken: str, form: str, title: str) -> Generator[Parcel | None, None, None]:
    """Yield None when all is measured, then the report; runs beside the page, in no session."""
    from core.reporting import case_html, case_pdf
    from core.reporting.case import case_report as report_of

    told = report_of(segmented, language=spoken, title=title, created=datetime.now().astimezone())
    yield None
    name = f"{segmented.name}-report-{spoken}.{form}"
    if form == "html":
        yield Parcel(name, case_html.page(told).encode())
        return
    data, font = case_pdf.pdf(told)
    yield Parcel(name, data, (font.warning,) if font.warning else ())
