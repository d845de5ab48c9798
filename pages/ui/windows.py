"""The windows of this server and what each has open: one that is reloaded goes on, one that has gone gives way.

A reload is a new session to Streamlit. The address names the window by a random token, so that the new session finds
the state of the old one, once no browser is connected to that any more; a copy of the address in a second tab does not.
"""

import time
from threading import Thread
from typing import Protocol
from weakref import finalize, ref

import streamlit as st
from streamlit.runtime import get_instance

from pages.ui import keeping, sessions
from pages.ui.case import Case
from pages.ui.state import AppState, app_state, come_in

WINDOW, CASE, READER = "window", "case", "reader"
_PATIENCE_S, _PAUSE_S = 1.0, 0.05  # a browser may connect anew before the server hears that it went
_windows: dict[str, "Window"] = {}


class Closing(Protocol):
    """Closes in order what a window had open."""

    def __call__(self, reader: str, cases: dict[str, Case]) -> None:
        """Close it; the cases are gone after."""


class Window:
    """A window, for as long as its session is there and a browser showed it in the last ten minutes.

    Args:
        state: What it has open. It is not held: Streamlit forgets it with the session.
        close: Called at the end.
    """

    def __init__(self, state: AppState, close: Closing) -> None:
        self._state, self._reader, self._close = ref(state), state.reader, close
        self._cases = state.cases
        self.seen_s = time.monotonic()
        finalize(state, self._forgotten).atexit = False

    @property
    def state(self) -> AppState | None:
        """What it has open, or None if its session is forgotten."""
        return self._state()

    @property
    def session(self) -> str:
        """The session whose browser shows it, or showed it last."""
        state = self._state()
        return state.session if state is not None else ""

    def end(self) -> None:
        """Close what it has open, and forget it."""
        _windows.pop(self._reader, None)
        state = self._state()
        if state is not None:
            state.current, state.recalled = None, False
        self._close(self._reader, self._cases)

    def _forgotten(self) -> None:
        """Close it beside whatever thread the state happens to end in."""
        if _windows.get(self._reader) is self:
            Thread(target=self.end, name="closing", daemon=True).start()


def enter(close: Closing) -> AppState:
    """Return what this window has open: as before if it was reloaded, else nothing.

    Args:
        close: Called when the window has gone for good.
    """
    session = sessions.own()
    known = _windows.get(str(st.query_params.get(WINDOW, "")))
    left = known.state if known else None
    if known and left and known.session != session and _waited_for(known.session):
        keeping.move(known.session, session)
        come_in(left)
    state = app_state()
    state.session = session
    if state.reader not in _windows:
        _windows[state.reader] = Window(state, close)
        keeping.look_after(_windows[state.reader])
    return state


def others(state: AppState) -> list[AppState]:
    """Return what the other windows have open."""
    states = [window.state for window in list(_windows.values())]
    return [other for other in states if other is not None and other is not state]


def has_gone(state: AppState) -> bool:
    """Say whether no browser shows a window any more."""
    return not sessions.is_connected(state.session)


def wake(state: AppState) -> None:
    """Have a window drawn anew, for what it shows was changed from outside; nothing if no browser shows it."""
    if not sessions.is_connected(state.session):
        return
    shown = get_instance()._session_mgr.get_active_session_info(state.session)
    if shown is not None:
        shown.session.request_rerun(shown.session._client_state)  # as Streamlit does when a source file changes


def address() -> tuple[str, str]:
    """Return the case and the reader that the address names; ``""`` for none."""
    return str(st.query_params.get(CASE, "")), str(st.query_params.get(READER, ""))


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
    while sessions.is_connected(session) and time.monotonic() < until:
        time.sleep(_PAUSE_S)
    return not sessions.is_connected(session)
