"""What must not outlast its session: private folders for uploads, and the cases that a window has open.

A folder is deleted when nobody holds it, when its session is over, or the program ends.

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
from typing import Protocol

from streamlit.runtime import exists

from pages.ui import sessions

EMPTY_HANDED_S = 600.0
_PAUSE_S = 60.0
_looked_after: "weakref.WeakSet[OfSession]" = weakref.WeakSet()


class OfSession(Protocol):
    """Something that must not outlast its session by much.

    Attributes:
        seen_s: When that was last active, on the clock of `monotonic`.
    """

    seen_s: float

    @property
    def session(self) -> str:
        """The session that it is of."""

    def end(self) -> object:
        """Called ten minutes after its session was last active."""


class Folder:
    """A private folder of the session that makes it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="lobule-"))  # for its owner only, whatever the umask
        self.end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        self.session = sessions.own()
        self.seen_s = monotonic()
        look_after(self)

    @property
    def is_there(self) -> bool:
        """Whether it has not been deleted."""
        return self.end.alive


def look_after(thing: OfSession) -> None:
    """Have something ended after its session."""
    _looked_after.add(thing)
    _start()


def move(session: str, to: str) -> None:
    """Have another session go on with the folders of one that has gone."""
    for thing in list(_looked_after):
        if isinstance(thing, Folder) and thing.session == session:
            thing.session = to


def sweep(things: Iterable[OfSession], is_active: Callable[[str], bool], now_s: float) -> None:
    """End what is of sessions that were last active ten minutes ago.

    Args:
        things: All there are, such as folders.
        is_active: Says whether a browser is connected to a session.
        now_s: Now, on the clock of `monotonic`.
    """
    for thing in things:
        if is_active(thing.session):
            thing.seen_s = now_s
        elif now_s - thing.seen_s > EMPTY_HANDED_S:
            thing.end()


@cache
def _start() -> None:
    """Start the sweeper, once."""
    Thread(target=_work, name="sweeper", daemon=True).start()


def _work() -> None:
    while True:
        sleep(_PAUSE_S)
        if exists():
            sweep(list(_looked_after), sessions.is_connected, monotonic())
