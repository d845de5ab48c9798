"""Who may change a reader's masks of a case: one window at a time; all others look on and are told who it is.

The lock is the operating system's, so it goes with its process, however that ends. A note beside it says who holds it.
"""

import contextlib
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import CaseError
from core.segmentation.cachefolder import make_private, replacing

_LOCK, _NOTE = "lock", "holder.json"


@dataclass(frozen=True)
class Holder:
    """Who has a case open.

    Attributes:
        who: What the window calls itself, such as its user; may be ``""``.
        computer: Its name.
        process: Its number there.
        since: Seconds since 1970.
    """

    who: str
    computer: str
    process: int
    since: float

    @classmethod
    def here(cls, who: str, now: float) -> "Holder":
        """Return what to say of this process."""
        return cls(who, platform.node(), os.getpid(), now)

    @property
    def is_here(self) -> bool:
        """Whether it is this very process: another window of the same server, from which the case can be taken over."""
        return (self.computer, self.process) == (platform.node(), os.getpid())

    @property
    def sentence(self) -> str:
        """Who holds the case, for the screen."""
        since = time.strftime("%H:%M", time.localtime(self.since)) if self.since else "some time ago"
        who = f" by {self.who}" if self.who else ""
        if self.is_here:
            return f"the case is open in another window{who} since {since}."
        where = self.computer or "another computer"
        return f"the case is open on {where}{who} since {since} (process {self.process})."


class Lock:
    """The lock in a folder. Does not wait."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / _NOTE
        self._lock = FileLock(folder / _LOCK, timeout=0, mode=0o600, thread_local=False)

    def take(self, holder: Holder) -> Holder | None:
        """Take the lock, and return None; or who holds it, then it is not taken.

        Raises:
            CaseError: The folder may not be written to, or its disk is full.
        """
        try:
            make_private(self._folder)
            self._lock.acquire()
        except Timeout:
            return self.holder()
        except OSError as error:
            raise CaseError(
                f"The case cannot be opened: its folder cannot be written to ({error.strerror}). "
                "Free some space, or check its permissions."
            ) from error
        with contextlib.suppress(OSError), replacing(self._note) as file:  # a lock without a note still holds
            file.write(json.dumps(asdict(holder)).encode())
        return None

    def holder(self) -> Holder:
        """Return who took the lock last, as far as that is known."""
        try:
            told = json.loads(self._note.read_text(encoding="utf-8"))
            return Holder(str(told["who"]), str(told["computer"]), int(told["process"]), float(told["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Holder("", "", 0, 0.0)

    def release(self) -> None:
        """Let it go; does nothing if it is not held."""
        self._lock.release()
