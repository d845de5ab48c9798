"""Annotate: scroll the slices, draw a box round each lesion, get its mask, correct it."""

import streamlit as st

from pages.ui.simple import simple_canvas
from pages.ui.state import app_state
from pages.ui.workbench import workbench

state = app_state()
if state.case is None:
    st.title("No CT is open", anchor=False)
    st.write("Open a sample or one of your own first.")
    st.page_link("open.py", label="Open a CT", icon=":material/folder_open:")
elif state.simple:
    state.case.remount()
    simple_canvas(state, state.case)
else:
    workbench(state, state.case)
