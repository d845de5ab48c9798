"""What the browser may fetch: a token for each case and comparison, good for as long as its session has it open."""

import weakref
from dataclasses import dataclass
from secrets import token_urlsafe

from pages.ui import sessions
from pages.ui.state import AppState
from pages.ui.viewer.exhibit import Exhibited

_BYTES = 24


@dataclass(frozen=True)
class _Shared:
    state: "weakref.ref[AppState]"
    what: "weakref.ref[Exhibited]"
    session: str


_shared: dict[str, _Shared] = {}


def token_of(state: AppState, what: Exhibited) -> str:
    """Return the token of something that is open in this session; always the same while it is.

    A window that was reloaded goes on with its state in a new session: what it has open gets another token.
    """
    session = sessions.own()
    for token, shared in list(_shared.items()):
        if shared.state() is None or shared.what() is None:
            del _shared[token]
        elif shared.state() is state and shared.what() is what and shared.session == session:
            return token
    token = token_urlsafe(_BYTES)
    _shared[token] = _Shared(weakref.ref(state), weakref.ref(what), session)
    return token


def opened(token: str) -> tuple[AppState, Exhibited] | None:
    """Return what a token stands for; None if there is no such token, or what it stands for or its session is gone."""
    shared = _shared.get(token)
    state, what = (shared.state(), shared.what()) if shared else (None, None)
    if (
        shared is None
        or state is None
        or what is None
        or not (state.holds(what) and sessions.is_connected(shared.session))
    ):
        return None
    return state, what
