"""The switch between the languages, on every screen."""

import streamlit as st

from pages.ui.state import app_state, show_in, shown_in
from pages.ui.words import LANGUAGES, t

KEY = "language"


def language_switch() -> None:
    """Show the switch; nothing else changes with it than words."""
    with st.container(key="languages"):
        show_in(KEY, app_state().language)
        st.segmented_control(
            t("shell.language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key=KEY,
            required=True,
            label_visibility="collapsed",
            on_change=_take_language,
        )


def _take_language() -> None:
    app_state().language = shown_in(KEY) or app_state().language  # a switch taken off the page may report nothing
