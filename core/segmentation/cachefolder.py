"""Where Lobule keeps things, never in the repository: what it can make again in a cache, the user's work elsewhere."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import platformdirs

HOME = "LOBULE_HOME"  # the environment variable that moves everything Lobule keeps
_PREFIX = ".writing-"


def cache_folder() -> Path:
    """Return the folder, which need not exist: in ``LOBULE_HOME`` if that is set, else in the user's own cache."""
    home = os.environ.get(HOME)
    return Path(home).expanduser() / "cache" if home else Path(platformdirs.user_cache_dir("lobule", appauthor=False))


def data_folder() -> Path:
    """Return the folder of what cannot be made again, which need not exist: in ``LOBULE_HOME``, or the user's own."""
    home = os.environ.get(HOME)
    return Path(home).expanduser() if home else Path(platformdirs.user_data_dir("lobule", appauthor=False))


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, readable by their owner only.

    Raises:
        OSError: It cannot be made.
    """
    for missing in [path for path in (folder, *folder.parents) if not path.exists()][::-1]:
        missing.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Write a file that appears whole or not at all, readable by its owner only; makes its folder.

    A process that dies inside leaves a file that `is_unfinished` knows, and what was there before stays.

    Args:
        path: Its name; a file of that name is replaced.
        durable: Whether it must outlast a power cut from here on; waits for the disk.

    Raises:
        OSError: It cannot be written.
    """
    make_private(path.parent)
    descriptor, written = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(written).replace(path)
        if durable:
            sync_folder(path.parent)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; does nothing where folders cannot be opened (Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_unfinished(path: Path) -> bool:
    """Say whether a file is one that `replacing` has not finished, and perhaps never will."""
    return path.name.startswith(_PREFIX)
