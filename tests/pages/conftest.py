"""What every test of a page needs: no case and no window of an earlier test."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from pages.ui import shelf, windows


@pytest.fixture(scope="session", autouse=True)
def components() -> Iterator[None]:
    """What installed packages bring along for a page: looked for once, and not for every test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def cases(home: Path) -> Iterator[Path]:
    """The folder of the cases, empty at first."""
    yield home / "cases"
    for window in list(windows._windows.values()):
        window.end()
    shelf._library.cache_clear()
    shutil.rmtree(home / "cases", ignore_errors=True)
