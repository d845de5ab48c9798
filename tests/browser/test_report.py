"""The report opened from a disk, without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.reporting.scores import report
from tests.core.reporting.rows import CREATED, NASTY, cohort, row


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A cohort's report; nothing may be asked of a network, and nothing may go wrong in it."""
    path = tmp_path / "scores.html"
    path.write_text(report(cohort(), title="Model A against Dr. B", created=CREATED), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split(",")[0]))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(f"a name ran as a script: {dialog.message}"), dialog.dismiss()))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    assert wrong == []


def cases(page: Page) -> list[str]:
    return page.locator("table.sortable").first.locator("tbody tr td:first-child").all_inner_texts()


def test_the_plots_are_drawn_and_a_point_tells_its_case(opened: Page) -> None:
    plots = opened.locator(".js-plotly-plot .main-svg").locator("visible=true")
    plots.first.wait_for()
    assert opened.locator(".js-plotly-plot").count() == 3
    opened.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
    points = opened.locator(".js-plotly-plot").first.locator(".points path")
    assert points.count() > 3
    points.nth(1).hover(force=True)  # of Dice, the second worst
    told = opened.locator(".hovertext").first
    told.wait_for()
    assert (told.text_content() or "").strip() == f"{NASTY}: 0.750"


def test_a_click_on_a_header_sorts_and_a_second_turns_it_round(opened: Page) -> None:
    assert cases(opened) == ["missed", NASTY, "perfect", "healthy"]
    header = opened.locator("table.sortable").first.get_by_role("button", name="Volume diff., ml")
    header.click()
    assert cases(opened) == ["missed", "perfect", "healthy", NASTY]  # -0.15, 0, 0, +0.06 ml
    header.click()
    assert cases(opened)[0] == NASTY
    assert opened.locator("th[aria-sort=descending]").count() == 1


def test_a_case_without_the_figure_stays_last_whichever_way_it_is_sorted(opened: Page) -> None:
    header = opened.locator("table.sortable").first.get_by_role("button", name="Dice").first
    header.click()
    assert cases(opened) == ["missed", NASTY, "perfect", "healthy"]
    header.click()
    assert cases(opened) == ["perfect", NASTY, "missed", "healthy"]


def test_nothing_is_wider_than_the_window(opened: Page) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1280
    opened.set_viewport_size({"width": 1920, "height": 1080})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1920


def test_without_scripts_everything_but_the_plots_is_there(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "one.html"
    path.write_text(report([row("a", "xx..", "xxxx")], title="a", created=CREATED), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert "The curve needs JavaScript." in page.inner_text("body")
    assert "0.667" in page.inner_text(".tile")
    assert page.locator("img").bounding_box() is not None
    assert page.locator(".curve").bounding_box() is None
    context.close()
