"""The report of a case opened from a disk, without a network, in both languages."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from core.reporting.case import case_report
from core.reporting.case_html import page as page_of
from tests.core.reporting.cases import CREATED, NASTY, case

DRIVER = "GL Driver Message"  # a screenshot reads back what a graphics card drew, which its driver calls slow


@pytest.fixture(params=["en", "zh"])
def opened(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A case's report; nothing may be asked of a network, and nothing may go wrong in it."""
    path = tmp_path / "report.html"
    told = case_report(case(reference=True, nasty=NASTY), created=CREATED, language=request.param, title=NASTY)
    path.write_text(page_of(told), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split(",")[0]))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(f"a name ran as a script: {dialog.message}"), dialog.dismiss()))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    assert [text for text in wrong if DRIVER not in text] == []


def test_the_labels_are_drawn_in_space(opened: Page) -> None:
    scene = opened.locator("#part-scene .js-plotly-plot")
    scene.scroll_into_view_if_needed()
    opened.locator("#part-scene canvas").first.wait_for()
    opened.wait_for_timeout(1500)
    drawn = np.asarray(Image.open(io.BytesIO(scene.screenshot())).convert("RGB")).astype(int)
    assert (drawn[..., 1] > drawn[..., 0] + 20).sum() > 2000  # the liver's green
    assert (drawn[..., 0] > drawn[..., 1] + 40).sum() > 200  # the tumour's red


def test_every_picture_is_there_and_nothing_is_wider_than_the_window(opened: Page) -> None:
    assert opened.locator(".shots img").count() == 8
    opened.wait_for_function("[...document.querySelectorAll('.shots img')].every((i) => i.complete && i.naturalWidth)")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1280
    opened.set_viewport_size({"width": 600, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 600


def test_on_paper_a_picture_stands_where_the_labels_can_be_turned(opened: Page) -> None:
    still, turning = opened.locator("img.still"), opened.locator("div.turning")
    assert (still.is_visible(), turning.is_visible()) == (False, True)
    opened.emulate_media(media="print")
    assert (still.is_visible(), turning.is_visible()) == (True, False)


def test_without_scripts_all_but_the_turning_is_there(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_of(case_report(case(), created=CREATED)), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("img.still").is_visible()
    assert not page.locator("div.turning").is_visible()
    assert "Tumour 1" in page.inner_text("#part-lesions")
    context.close()
