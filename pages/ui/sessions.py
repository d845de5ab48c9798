"""Streamlit's sessions: which one runs now, and whether a browser is connected to one."""

from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx


def own() -> str:
    """Return the name of the session whose page runs now; ``""`` where none does."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def is_connected(session: str) -> bool:
    """Say whether a browser looks at the page of a session: not after its tab was closed."""
    return exists() and bool(get_instance().is_active_session(session))
