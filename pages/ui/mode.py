"""The way from the viewer to the simple canvas, and back."""

from functools import partial

import streamlit as st

from pages.ui.state import AppState
from pages.ui.viewer.carrying import end
from pages.ui.words import t


def mode(state: AppState, *, simple: bool) -> None:
    """Offer the other way to annotate.

    It is a button and no switch: a switch that is put up anew may report where the last one stood.

    Args:
        state: Of the session.
        simple: Whether the simple canvas is on the screen.
    """
    if state.simple != simple:
        st.rerun()
    take = partial(_take, state, not simple)
    if simple:
        st.button(t("mode.viewer"), key="to_viewer", help=t("mode.viewer_help"), on_click=take)
    else:
        st.button(t("mode.simple"), key="to_simple", help=t("mode.simple_help"), on_click=take)


def _take(state: AppState, simple: bool) -> None:
    """Go there. The simple canvas cannot show what is carried or searched, nor stop it: that ends before."""
    if simple:
        for case in state.cases.values():
            end(case)
            if case.search is not None:
                case.search.stop()
    state.simple = simple
