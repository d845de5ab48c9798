"""What every test of a page needs: no case and no window of an earlier test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.ui import shelf, windows


@pytest.fixture(autouse=True)
def cases(home: Path) -> Iterator[Path]:
    """The folder of the cases, empty at first."""
    yield home / "cases"
    for window in list(windows._windows.values()):
        window.end()
    shelf._library.cache_clear()
    shutil.rmtree(home / "cases", ignore_errors=True)
