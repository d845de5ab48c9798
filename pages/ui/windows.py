"""The windows of this server and what each has open: one that is reloaded goes on, one that has gone gives way.

A reload is a new session to Streamlit. The address names the window by a random token, so that the new session finds
the state of the old one, once no browser is connected to that any more; a copy of the address in a second tab does not.
"""

import time
from typing import Protocol

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui import keeping
from pages.ui.state import AppState, app_state, come_in

WINDOW, CASE, READER = "window", "case", "reader"
_PATIENCE_S, _PAUSE_S = 1.0, 0.05  # a browser may connect anew before the server hears that it went
_windows: dict[str, "Window"] = {}


class Closing(Protocol):
    """Closes in order all that a window has open."""

    def __call__(self, state: AppState) -> None:
        """Close it."""


class Window:
    """A window, for as long as its browser was there ten minutes ago.

    Args:
        state: What it has open.
        close: Called at its end.
    """

    def __init__(self, state: AppState, close: Closing) -> None:
        self.state, self._close = state, close
        self.seen_s = time.monotonic()

    @property
    def session(self) -> str:
        """The session whose browser shows it."""
        return self.state.session

    def end(self) -> None:
        """Close what it has open, and forget it."""
        _windows.pop(self.state.reader, None)
        self._close(self.state)


def enter(close: Closing) -> AppState:
    """Return what this window has open: as before if it was reloaded, else nothing.

    Args:
        close: Called when the window has gone for good.
    """
    session = _session()
    known = _windows.get(str(st.query_params.get(WINDOW, "")))
    if known is not None and known.session != session and _waited_for(known.session):
        keeping.move(known.session, session)
        come_in(known.state)
    state = app_state()
    state.session = session
    if state.reader not in _windows:
        window = _windows[state.reader] = Window(state, close)
        keeping.look_after(window)
    return state


def others(state: AppState) -> list[AppState]:
    """Return what the other windows have open."""
    return [window.state for window in list(_windows.values()) if window.state is not state]


def has_gone(state: AppState) -> bool:
    """Say whether no browser shows a window any more."""
    return not _is_active(state.session)


def show_address(**told: str) -> None:
    """Have the address name the window and the case, so that a reload comes back to them; ``""`` leaves one out."""
    for name in (WINDOW, CASE, READER):
        value = told.get(name, "")
        if not value and name in st.query_params:
            del st.query_params[name]
        elif value and st.query_params.get(name) != value:
            st.query_params[name] = value


def _waited_for(session: str) -> bool:
    """Wait a moment for a browser to be gone from a session, and say whether it is."""
    until = time.monotonic() + _PATIENCE_S
    while _is_active(session) and time.monotonic() < until:
        time.sleep(_PAUSE_S)
    return not _is_active(session)


def _is_active(session: str) -> bool:
    return exists() and get_instance().is_active_session(session)


def _session() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""
