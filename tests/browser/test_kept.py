"""Nothing is lost: the server is killed at any moment, a window is reloaded in the middle of a stroke, two look on."""

import contextlib
import http.client
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.workspace.library import Library
from tests.browser.app import ROOT, free_port, own_home, start, wait_for
from tests.browser.reader import Reader
from tests.browser.viewer import Viewer

KILLS = 25
BACK_MS = 90_000


class Server:
    """The app, to be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.home, self.log, self.port = own_home(folder / "home"), folder / "log", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.begin()

    def begin(self) -> None:
        self.process: subprocess.Popen[bytes] = start(self.port, self.log, LOBULE_HOME=str(self.home))
        wait_for(self.url, self.process, self.log)

    def kill(self) -> None:
        """End it as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    yield running
    if running.process.poll() is None:
        running.kill()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    yield context.new_page()
    context.close()


def opened(page: Page, url: str) -> Viewer:
    reader = Reader(page, url)
    reader.button("Phantom").first.click()
    reader.button("Annotate this CT").click()
    return Viewer(reader)


def base_of(page: Page) -> str:
    """Return the address of the routes of the case on the screen, once the viewer has asked there."""
    found = page.wait_for_function(
        """() => performance.getEntriesByType("resource").map(({ name }) => name)
            .findLast((name) => name.includes("/objects?"))?.replace(/objects.*/, "")"""
    )
    return str(found.json_value())


class Drawing(threading.Thread):
    """Draws without a pause through the route of the viewer, and counts what the server has acknowledged."""

    def __init__(self, base: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.base, self.rng = base, np.random.default_rng(seed)
        self.acknowledged: list[dict[str, object]] = []
        self.asked = 0

    def run(self) -> None:
        while True:
            z, y, x = int(self.rng.integers(2, 46)), int(self.rng.integers(40, 180)), int(self.rng.integers(60, 220))
            command = {"do": "paint", "object": None, "label": 2, "points": [[z, y, x]], "radius_mm": 4.0}
            self.asked += 1
            try:
                sent = urllib.request.Request(
                    f"{self.base}do", json.dumps(command).encode(), {"Content-Type": "application/json"}
                )
                with urllib.request.urlopen(sent, timeout=20) as answer:
                    told = answer.read()
            except (OSError, http.client.HTTPException, ValueError):
                return
            (length,) = struct.unpack_from("<I", told)
            self.acknowledged.append(json.loads(told[4 : 4 + length]))


class Quick(Server):
    """The app, started anew from a process that has imported what takes long; see `again`."""

    def __init__(self, folder: Path) -> None:
        self.home, self.log, self.port = own_home(folder / "home"), folder / "log", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {"LOBULE_HOME": str(self.home), "STREAMLIT_SERVER_HEADLESS": "true"}
        with self.log.open("ab") as output:
            self.mother = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.again", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        self.begin()

    def begin(self) -> None:
        assert self.mother.stdin is not None
        assert self.mother.stdout is not None
        print("again", file=self.mother.stdin, flush=True)
        self.number = int(self.mother.stdout.readline())
        wait_for(self.url, self.mother, self.log)

    def kill(self) -> None:
        os.kill(self.number, signal.SIGKILL)

    def end(self) -> None:
        """End it, and what it is started from."""
        with contextlib.suppress(ProcessLookupError):
            self.kill()
        self.mother.kill()
        self.mother.communicate()


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Quick]:
    running = Quick(tmp_path)
    yield running
    running.end()


def begun(page: Page, seed: int) -> Drawing:
    """Start to draw, and return once a stroke was acknowledged; a window just reloaded may still get another token."""
    for _ in range(100):
        drawing = Drawing(base_of(page), seed)
        drawing.start()
        while drawing.is_alive() and not drawing.acknowledged:
            time.sleep(0.01)
        if drawing.acknowledged:
            return drawing
        time.sleep(0.2)
    raise AssertionError("no stroke was acknowledged")


def test_a_server_killed_at_25_moments_loses_no_acknowledged_stroke(quick: Quick, page: Page) -> None:
    """The browser stays open: it comes back to the case by itself. A stroke that was not answered may be there."""
    opened(page, quick.url)
    rng = np.random.default_rng(25)
    lost = most = 0
    known = 0
    for kill in range(KILLS):
        drawing = begun(page, kill)
        time.sleep(float(rng.uniform(0, 0.4)))
        quick.kill()
        drawing.join(30)
        quick.begin()
        page.reload()
        root = page.locator(".lobule")
        expect(root).to_have_attribute("data-ready", "true", timeout=BACK_MS)
        (row,) = Library(quick.home / "cases").cases()
        drawn = row.lesions - known
        assert not row.trouble
        assert row.has_volume
        lost += max(0, len(drawing.acknowledged) - drawn)
        most = max(most, drawn - len(drawing.acknowledged))
        known = row.lesions
    assert lost == 0
    assert most <= 1, "only the stroke that was on its way may be there without an answer"
    expect(page.locator(".lobule [data-object]")).to_have_count(known)
    expect(page.get_by_text("Everything that was saved is here")).to_be_visible()
    kept = Library(quick.home / "cases").cases()
    assert len(kept) == 1


def test_a_window_that_stays_open_comes_back_to_its_case_when_the_server_does(server: Server, page: Page) -> None:
    viewer = opened(page, server.url)
    viewer.tool("brush")
    viewer.drag((90, 90), (100, 110))
    viewer.settle()
    expect(viewer.objects).to_have_count(1)
    with page.expect_response(lambda answer: "/objects?" in answer.url and answer.ok, timeout=BACK_MS):
        server.kill()
        server.begin()
    expect(page.get_by_text("Everything that was saved is here")).to_be_visible()
    expect(viewer.objects).to_have_count(1)
    viewer.rest()
    viewer.tool("brush")
    viewer.drag((60, 150), (70, 160))
    viewer.settle()
    expect(viewer.objects).to_have_count(2)


def test_a_reload_in_the_middle_of_a_stroke_keeps_all_before_it_and_goes_on(reader: Reader) -> None:
    page = reader.page
    viewer = opened(page, page.url)
    viewer.tool("brush")
    viewer.drag((90, 90), (100, 110))
    viewer.settle()
    expect(viewer.objects).to_have_count(1)
    page.mouse.move(*viewer.place(60, 150))
    page.mouse.down()
    page.mouse.move(*viewer.place(64, 158), steps=4)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.mouse.up()
    viewer = Viewer(reader)
    expect(viewer.objects).to_have_count(1)
    expect(page.get_by_text("You only look on")).to_have_count(0)
    viewer.tool("brush")
    viewer.drag((60, 150), (70, 160))
    viewer.settle()
    expect(viewer.objects).to_have_count(2)


def test_the_second_of_two_windows_looks_on_until_it_takes_over(reader: Reader) -> None:
    first = opened(reader.page, reader.page.url)
    first.tool("brush")
    first.drag((90, 90), (100, 110))
    first.settle()
    other = reader.page.context.new_page()
    second = opened(other, re.sub(r"/annotate.*", "", reader.page.url))
    expect(other.get_by_text("You only look on")).to_be_visible()
    assert np.count_nonzero(second.map((48, 224, 288))) > 0, "what the first has drawn is there to see"
    expect(second.root.locator("[data-tool=brush]:visible")).to_have_count(0)
    first.drag((60, 150), (70, 160))  # goes to the object at hand
    first.settle()
    seen = np.count_nonzero(first.map((48, 224, 288)))
    for _ in range(50):
        if np.count_nonzero(second.map((48, 224, 288))) == seen:
            break
        other.wait_for_timeout(200)
    assert np.count_nonzero(second.map((48, 224, 288))) == seen, "it keeps up"
    with other.expect_response(lambda answer: "/objects?" in answer.url and answer.ok):
        other.get_by_role("button", name="Work here").click()
    expect(other.get_by_text("You only look on")).to_have_count(0)
    second = Viewer(second.reader)
    second.tool("brush")
    second.drag((40, 150), (45, 160))
    second.settle()
    assert np.count_nonzero(second.map((48, 224, 288))) > seen
    expect(reader.page.get_by_text("another window has taken this case over")).to_be_visible()  # at once, untouched
    expect(first.root.locator("[data-tool=brush]:visible")).to_have_count(0)
