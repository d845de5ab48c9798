"""The simple canvas: slices as pictures from the server, to draw boxes on, where the viewer is too much."""

import streamlit as st

from pages.ui.casemenu import case_menu, neighbours
from pages.ui.exporting import exports
from pages.ui.holding import notices
from pages.ui.mode import mode
from pages.ui.prompting import collect, look_ahead
from pages.ui.side import model, objects
from pages.ui.slicebar import slice_bar
from pages.ui.slices import canvas, heading
from pages.ui.state import AppState, Case
from pages.ui.toolbar import toolbar
from pages.ui.words import t

NARROWEST = 420
HEADING = 44


@st.fragment
def simple_canvas(state: AppState, case: Case) -> None:
    """Show the slice and everything about it; redrawn alone, without the rest of the page."""
    if state.case is not case:
        st.rerun()  # opened anew meanwhile, as for another reader
    notices(state, case)
    height, width = state.picture_size(case)
    with st.container(horizontal=True, gap="medium"):
        picture = st.container(width=max(width, NARROWEST), height=height + HEADING, border=False, key="picture")
        side = st.container(width="stretch", gap="small")
    with picture:
        head = st.container(horizontal=True, vertical_alignment="center", key="head")
        head.caption(heading(case), width="content")
        with head, st.spinner(t("simple.at_work"), width="content"):
            look_ahead(state, case)
            collect(state, case)
        canvas(state, case)
    with side:
        slice_bar(state, case)
        toolbar(state, case)
        objects(state, case)
        exports(state, case)
        with st.container(horizontal=True):
            neighbours(state)
            case_menu(state, case)
        model(state, case)
        mode(state, simple=True)
        st.caption(t("not_a_device"))
