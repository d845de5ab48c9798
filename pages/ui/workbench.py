"""Annotate with the viewer: one line of choices, and the viewer in the rest of the window."""

import streamlit as st

from pages.ui.card import plain
from pages.ui.casemenu import case_menu, neighbours
from pages.ui.exporting import exports
from pages.ui.finders import finder_picker
from pages.ui.holding import notices
from pages.ui.mode import mode
from pages.ui.side import model
from pages.ui.state import AppState, Case
from pages.ui.toolbar import model_picker
from pages.ui.viewer.face import viewer
from pages.ui.words import t
from pages.ui.words.steps import known


@st.fragment
def workbench(state: AppState, case: Case) -> None:
    """Show the viewer and what goes with it; redrawn alone, without the rest of the page."""
    if state.case is not case:
        st.rerun()  # opened anew meanwhile, as for another reader
    notices(state, case)
    choices = st.container(horizontal=True, vertical_alignment="center", gap="small", key="choices")
    viewer(state, case)  # first: what is said of the model waits until it is loaded
    with choices:
        neighbours(state)
        st.markdown(f"**{plain(known(case.volume.source.name))}**", width="stretch")
        st.caption(t("not_a_device"), width="content")
        mode(state, simple=False)
        with st.popover(t("workbench.model"), icon=":material/neurology:", width="content"):
            model_picker(state)
            finder_picker(state)
            model(state, case)
        case_menu(state, case)
        exports(state, case)
