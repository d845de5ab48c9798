"""Annotate: scroll the slices, draw a box round each lesion, get its mask."""

import streamlit as st

from pages.ui.prompting import collect, look_ahead
from pages.ui.side import exports, model, objects
from pages.ui.slicebar import slice_bar
from pages.ui.slices import canvas, heading
from pages.ui.state import AppState, Case, app_state
from pages.ui.toolbar import toolbar

NARROWEST = 420
HEADING = 44


@st.fragment
def workbench(state: AppState, case: Case) -> None:
    """Show the slice and everything about it; redrawn alone, without the rest of the page."""
    height, width = state.picture_size(case)
    with st.container(horizontal=True, gap="medium"):
        picture = st.container(width=max(width, NARROWEST), height=height + HEADING, border=False, key="picture")
        side = st.container(width="stretch", gap="small")
    with picture:
        head = st.container(horizontal=True, vertical_alignment="center", key="head")
        head.caption(heading(case), width="content")
        with head, st.spinner("SAM is at work…", width="content"):
            look_ahead(state, case)
            collect(state, case)
        canvas(state, case)
    with side:
        slice_bar(state, case)
        toolbar(state, case)
        objects(state, case)
        exports(state, case)
        model(state, case)
        st.caption("Not a medical device: research and teaching use.")


state = app_state()
if state.case is None:
    st.title("No CT is open", anchor=False)
    st.write("Open a sample or one of your own first.")
    st.page_link("pages/open.py", label="Open a CT", icon=":material/folder_open:")
else:
    state.case.remount()
    workbench(state, state.case)
