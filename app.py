"""Lobule: open a CT, box a tumour, get SAM's mask. Run with ``make run``."""

from pathlib import Path

import streamlit as st

from pages.ui.state import app_state

UI = Path(__file__).parent / "pages" / "ui"

st.set_page_config("Lobule", page_icon=str(UI / "lobule.svg"), layout="wide")
st.logo(str(UI / "lobule.svg"), size="large")
st.html(UI / "style.css")
page = st.navigation(
    [
        st.Page("pages/open.py", title="Open", url_path="open", default=True),
        st.Page("pages/annotate.py", title="Annotate", url_path="annotate"),
        st.Page("pages/metrics.py", title="Metrics", url_path="metrics"),
    ],
    position="top",
)
with app_state().turn:
    page.run()
