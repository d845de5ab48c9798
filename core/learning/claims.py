"""One process at a time works in the folder of a run, and whoever looks at it knows whether one does.

The lock is the operating system's, so it goes with its process, however that ends. Its number would not do: the system
gives it to another one some day.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import LearningError

LOCK = "lock"
_PATIENCE_S = 5.0
_STARTING_S = 60.0  # before a process has read its programs and claims the folder


def is_first() -> bool:
    """Say whether this is the process that writes, of those that ``torchrun`` started; before it joined the others."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other processes from working in a folder, which is made if need be; all but the first claim nothing.

    Waits for seconds, as a process that was asked to stop may be about to end.

    Args:
        folder: Of a run.

    Raises:
        LearningError: Another process works there, or the folder cannot be written to.
    """
    if not is_first():
        yield
        return
    lock = FileLock(folder / LOCK, timeout=_PATIENCE_S, mode=0o600, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise LearningError(
            f"Another process is working in {folder} already, and two would spoil it. Wait for its end, or stop it."
        ) from error
    except OSError as error:
        raise LearningError(f"{folder} cannot be written to ({error.strerror}). Choose another folder.") from error
    try:
        yield
    finally:
        lock.release()


def is_claimed(folder: Path) -> bool:
    """Say whether a process works in a folder; takes no time."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0, mode=0o600, thread_local=False):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that this user may only read
        return False


def is_at_work(folder: Path, pid: int, said: Path) -> bool:
    """Say whether a run goes on: it is claimed, or its process has only just begun.

    Args:
        folder: Of the run.
        pid: Of its process.
        said: The file in which it says how far it is.
    """
    if is_claimed(folder):
        return True
    try:
        is_fresh = time.time() - said.stat().st_mtime < _STARTING_S
    except OSError:
        return False
    return is_fresh and _exists(pid)


def _exists(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
