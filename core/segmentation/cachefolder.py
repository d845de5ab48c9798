"""Where Lobule keeps what it can make again: compiled networks and embeddings, never in the repository."""

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


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears whole or not at all, readable by its owner only; makes its folder.

    A process that dies inside leaves a file that `is_unfinished` knows, and what was there before stays.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, written = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(written).replace(path)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise


def is_unfinished(path: Path) -> bool:
    """Say whether a file is one that `replacing` has not finished, and perhaps never will."""
    return path.name.startswith(_PREFIX)
