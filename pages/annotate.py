"""Annotate: scroll the slices, draw a box round each lesion, get its mask, correct it."""

import streamlit as st

from pages.ui.card import plain
from pages.ui.simple import simple_canvas
from pages.ui.state import app_state
from pages.ui.words import t
from pages.ui.workbench import workbench

state = app_state()
if state.case is None:
    st.title(t("annotate.none_title"), anchor=False)
    if state.trouble:
        st.error(plain(state.trouble), icon=":material/error:")
    st.write(t("annotate.none_text"))
    st.page_link("open.py", label=t("annotate.none_link"), icon=":material/folder_open:")
    st.page_link("cases.py", label=t("annotate.none_cases"), icon=":material/folder_managed:")
elif state.simple:
    state.case.remount()
    simple_canvas(state, state.case)
else:
    workbench(state, state.case)
