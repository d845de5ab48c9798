"""What stands around every screen: its name, its style, and the way from one to the other."""

from pathlib import Path

import streamlit as st

from pages.ui import windows
from pages.ui.shelf import close_all, reader_mark, recall
from pages.ui.words import t
from pages.ui.words.switch import language_switch

UI = Path(__file__).parent / "ui"

st.set_page_config("Lobule", page_icon=str(UI / "lobule.svg"), layout="wide")
state = windows.enter(close_all)
st.logo(str(UI / "lobule.svg"), size="large")
st.html(UI / "style.css")
page = st.navigation(
    [
        st.Page("open.py", title=t("shell.open"), url_path="open", default=True),
        st.Page("annotate.py", title=t("shell.annotate"), url_path="annotate"),
        st.Page("cases.py", title=t("shell.cases"), url_path="cases"),
        st.Page("metrics.py", title=t("shell.metrics"), url_path="metrics"),
    ],
    position="top",
)
with state.turn:
    recall(state, st.query_params.get(windows.CASE, ""), st.query_params.get(windows.READER, ""))
    windows.show_address(window=state.reader, case=state.current or "", reader=reader_mark(state.initials))
    language_switch()
    page.run()
