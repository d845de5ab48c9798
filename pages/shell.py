"""What stands around every screen: its name, its style, and the way from one to the other."""

from pathlib import Path

import streamlit as st

from pages.ui import windows
from pages.ui.returning import come_back
from pages.ui.shelf import close_all
from pages.ui.signing import signed_in
from pages.ui.state import app_state
from pages.ui.words import t
from pages.ui.words.switch import language_switch

UI = Path(__file__).parent / "ui"

st.set_page_config("Lobule", page_icon=str(UI / "lobule.svg"), layout="wide")
windows.enter(close_all)  # not held here: what this script names outlives the session
st.logo(str(UI / "lobule.svg"), size="large")
st.html(UI / "style.css")
page = st.navigation(
    [
        st.Page("open.py", title=t("shell.open"), url_path="open", default=True),
        st.Page("annotate.py", title=t("shell.annotate"), url_path="annotate"),
        st.Page("results.py", title=t("shell.results"), url_path="results"),
        st.Page("cases.py", title=t("shell.cases"), url_path="cases"),
        st.Page("metrics.py", title=t("shell.metrics"), url_path="metrics"),
        st.Page("learn.py", title=t("shell.learn"), url_path="learn"),
        st.Page("compare.py", title=t("shell.compare"), url_path="compare"),
    ],
    position="top",
)
with app_state().turn:
    language_switch()
    if signed_in():
        come_back(app_state())
        page.run()
