"""The running app, and a browser as a user drives it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.app import running_app
from tests.browser.log import bugs
from tests.browser.reader import Reader
from tests.core.learning.levels import save_levels


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app leaves its log and its temporary files, and finds a network of the tests."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "temporary").mkdir()
    save_levels(folder / "weights" / "networks")
    return folder


@pytest.fixture(scope="session")
def app_url(app_folder: Path) -> Iterator[str]:
    """Start the app for all tests; whatever they did to it, it must not have met a bug."""
    log = app_folder / "log"
    told = {"TMPDIR": str(app_folder / "temporary"), "LOBULE_WEIGHTS": str(app_folder / "weights")}
    with running_app(log, **told) as url:
        yield url
    found = bugs(log.read_text())
    assert not found, found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def no_cases(home: Path) -> None:
    """No case of an earlier test is there: a sample would come back with what that test drew."""
    shutil.rmtree(home / "cases", ignore_errors=True)


@pytest.fixture
def reader(browser: Browser, app_url: str, no_cases: None) -> Iterator[Reader]:
    """One person in front of one window of 1280 by 720."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    yield Reader(context.new_page(), app_url)
    context.close()
