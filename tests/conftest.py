"""What every test needs: a home of its own, so that nothing is read from or left in the user's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Only compiled networks are kept from run to run: to make them anew takes longer than many a test."""
    folder = tmp_path_factory.mktemp("lobule")
    (folder / "cache").mkdir()
    cache = request.config.cache
    if cache is not None:
        (folder / "cache" / "engines").symlink_to(cache.mkdir("lobule-engines"), target_is_directory=True)
    before = os.environ.get("LOBULE_HOME")
    os.environ["LOBULE_HOME"] = str(folder)
    yield folder
    if before is None:
        del os.environ["LOBULE_HOME"]
    else:
        os.environ["LOBULE_HOME"] = before
