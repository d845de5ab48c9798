"""Which volumes the browser may fetch: a token for each open case, good for as long as its session has it open."""

import weakref
from dataclasses import dataclass
from secrets import token_urlsafe

from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.state import AppState, Case

_BYTES = 24


@dataclass(frozen=True)
class _Shared:
    state: "weakref.ref[AppState]"
    key: str
    session: str


_shared: dict[str, _Shared] = {}


def token_of(state: AppState, case: Case) -> str:
    """Return the token of a case that is open in this session; always the same while it is."""
    for token, shared in list(_shared.items()):
        if shared.state() is None:
            del _shared[token]
        elif shared.state() is state and shared.key == case.volume.key:
            return token
    token = token_urlsafe(_BYTES)
    context = get_script_run_ctx()
    _shared[token] = _Shared(weakref.ref(state), case.volume.key, context.session_id if context else "")
    return token


def opened(token: str) -> tuple[AppState, Case] | None:
    """Return what a token stands for; None if there is no such token, or its case or session is gone."""
    shared = _shared.get(token)
    state = shared.state() if shared else None
    case = state.cases.get(shared.key) if shared and state else None
    if shared is None or state is None or case is None or not _lives(shared.session):
        return None
    return state, case


def _lives(session: str) -> bool:
    return exists() and get_instance().is_active_session(session)
