"""The choice between the viewer and the simple canvas."""

import streamlit as st

from pages.ui.state import AppState, show_in, shown_in
from pages.ui.words import t


def mode(state: AppState, *, simple: bool) -> None:
    """Offer the other way to annotate.

    Args:
        state: Of the session.
        simple: Whether the simple canvas is on the screen.
    """
    if state.simple != simple:
        st.rerun()
    show_in("simple", state.simple)
    st.toggle(
        t("mode.simple"),
        key="simple",
        on_change=_take,
        args=(state,),
        width="content",
        help=t("mode.simple_help"),
    )


def _take(state: AppState) -> None:
    state.simple = shown_in("simple")
