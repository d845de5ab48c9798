"""Private folders for uploads: deleted when nobody holds them, when their session is over, or the program ends.

Streamlit forgets a session whose browser went away only when another one comes, which may be days later. So a
sweeper looks at every folder once a minute, and deletes it ten minutes after its session was last seen.
"""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

EMPTY_HANDED_S = 600.0
_PAUSE_S = 60.0
_folders: "weakref.WeakSet[Folder]" = weakref.WeakSet()


class Folder:
    """A private folder of the session that makes it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="lobule-"))  # for its owner only, whatever the umask
        self.end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        context = get_script_run_ctx()
        self.session = context.session_id if context else ""
        self.seen_s = monotonic()
        _folders.add(self)
        _start()

    @property
    def is_there(self) -> bool:
        """Whether it has not been deleted."""
        return self.end.alive


def sweep(folders: Iterable[Folder], is_active: Callable[[str], bool], now_s: float) -> None:
    """Delete the folders whose session was last active ten minutes ago.

    Args:
        folders: All there are.
        is_active: Says whether a browser is connected to a session.
        now_s: Now, on the clock of `monotonic`.
    """
    for folder in folders:
        if is_active(folder.session):
            folder.seen_s = now_s
        elif now_s - folder.seen_s > EMPTY_HANDED_S:
            folder.end()


@cache
def _start() -> None:
    """Start the sweeper, once."""
    Thread(target=_work, name="sweeper", daemon=True).start()


def _work() -> None:
    while True:
        sleep(_PAUSE_S)
        if exists():
            sweep(list(_folders), get_instance().is_active_session, monotonic())
