"""The viewer on other screens than a mouse before a window of 1280 by 720: fingers, 4K, screen readers."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, expect

from core.imaging.samples import phantom
from tests.browser.reader import MODEL_MS, Reader
from tests.browser.test_viewer import opened
from tests.browser.viewer import Viewer

SHAPE = phantom()[0].grid.shape
ROW, COLUMN = 120, 60
FOCUSED = """() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused?.closest(".strip, .stage, .panel, .bar")?.classList[0] ?? null;
}"""


class Fingers:
    """Fingers on the axial pane, as a touch screen tells of them."""

    def __init__(self, viewer: Viewer, session: CDPSession) -> None:
        self.viewer, self.session = viewer, session

    def _tell(self, kind: str, places: list[tuple[float, float]]) -> None:
        points: list[dict[str, Any]] = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.viewer.page.wait_for_timeout(20)

    def move(self, *ways: list[tuple[float, float]]) -> None:
        """Put one finger at the start of each way, go along it, lift all."""
        self._tell("touchStart", [way[0] for way in ways])
        for places in zip(*(way[1:] for way in ways), strict=True):
            self._tell("touchMove", list(places))
        self._tell("touchEnd", [])


def way(start: tuple[float, float], end: tuple[float, float], steps: int = 6) -> list[tuple[float, float]]:
    return [tuple(place) for place in np.linspace(start, end, steps)]


@pytest.fixture
def touched(browser: Browser, app_url: str, no_cases: None) -> Iterator[Fingers]:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, has_touch=True)
    viewer = opened(Reader(context.new_page(), app_url), "Phantom").loaded()
    yield Fingers(viewer, context.new_cdp_session(viewer.page))
    context.close()


def test_one_finger_draws_and_two_zoom_and_move_without_drawing(touched: Fingers) -> None:
    viewer = touched.viewer
    viewer.tool("brush")
    before, (x, y) = viewer.transform(), viewer.place(ROW, COLUMN)
    touched.move(way((x - 20, y), (x - 80, y)), way((x + 20, y), (x + 80, y)))
    viewer.page.wait_for_timeout(150)
    after = viewer.transform()
    assert after[2] == pytest.approx(4 * before[2], rel=0.05), "from 40 to 160 px apart"
    assert viewer.place(ROW, COLUMN) == pytest.approx((x, y), abs=2)
    touched.move(way((x - 20, y), (x + 40, y + 30)), way((x + 20, y), (x + 80, y + 30)))
    viewer.page.wait_for_timeout(150)
    assert viewer.place(ROW, COLUMN) == pytest.approx((x + 60, y + 30), abs=2)
    assert not viewer.sent, "two fingers have drawn"
    assert not viewer.map(SHAPE).any()

    viewer.act("fit")
    touched.move(way(viewer.place(ROW, COLUMN), viewer.place(ROW, COLUMN + 30)))
    drawn = viewer.map(SHAPE)[27] > 0
    assert drawn[ROW, COLUMN : COLUMN + 31].all()
    assert len(viewer.sent) == 1
    assert viewer.page.evaluate("window.scrollY") == 0


def test_one_finger_boxes_a_lesion_and_scrolls_with_the_tool_that_draws_nothing(touched: Fingers) -> None:
    viewer = touched.viewer
    touched.move(way(viewer.place(103.5, 37.5), viewer.place(142.5, 84.5)))
    expect(viewer.objects).to_have_count(1, timeout=MODEL_MS)
    assert (viewer.map(SHAPE)[27] > 0).sum() > 300
    first = viewer.slice
    viewer.tool("select")
    x, y = viewer.place(180, 200)
    touched.move(way((x, y), (x, y - 120)))
    viewer.page.wait_for_timeout(200)
    assert viewer.slice > first, "a finger moved upwards goes up in the body"
    touched.move(way((x, y - 120), (x, y)))
    viewer.page.wait_for_timeout(200)
    assert viewer.slice == first


@pytest.mark.parametrize(("width", "height", "smallest"), [(1280, 720, 12), (3840, 2160, 18)])
def test_all_controls_lie_on_the_screen_and_can_be_read(
    browser: Browser, app_url: str, no_cases: None, width: int, height: int, smallest: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    viewer = opened(Reader(context.new_page(), app_url), "Phantom").loaded()
    page = viewer.page
    viewer.tool("brush")
    viewer.click(ROW, COLUMN)
    expect(viewer.objects).to_have_count(1)
    page.wait_for_timeout(500)
    root = viewer.root.bounding_box()
    assert root is not None
    assert height - 20 < root["y"] + root["height"] <= height, "the viewer does not end where the window does"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in viewer.root.locator(":is(button, input, select):visible").all():
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        assert box is not None
        name = control.get_attribute("aria-label") or control.inner_text()
        assert root["x"] <= box["x"] <= root["x"] + root["width"] + 1 - box["width"], name
        assert root["y"] <= box["y"] <= root["y"] + root["height"] + 1 - box["height"], name
    letters = viewer.root.locator(".pane.axial .corner.title").evaluate(
        "(e) => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert letters >= smallest, "too small to read from where one sits"
    pane = viewer.canvas().bounding_box()
    assert pane is not None
    assert pane["width"] * pane["height"] > 0.5 * width * height, "the picture is what counts"
    context.close()


def test_every_control_has_a_name_and_is_reached_with_the_tab_key_in_the_order_of_reading(reader: Reader) -> None:
    viewer = opened(reader, "Phantom").loaded()
    page = viewer.page
    viewer.tool("brush")
    viewer.click(ROW, COLUMN)
    expect(viewer.objects).to_have_count(1)
    viewer.objects.first.get_by_role("button", name="Change object").click()
    told = viewer.root.aria_snapshot()
    controls = re.findall(r"- (button|slider|checkbox|combobox|spinbutton|textbox|option|link|application)(.*)", told)
    assert len(controls) > 40
    nameless = [control for control in controls if not re.match(r' "[^"]+"', control[1])]
    assert not nameless, told
    page.keyboard.press("Escape")

    viewer.root.locator("[data-tool=select]").focus()
    reached = []
    for _ in range(60):
        reached.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
        if reached[-1] is None:
            break
    parts = [part for part, _ in itertools.groupby(found for found in reached if found)]
    assert parts == ["strip", "stage", "panel", "bar"], reached


def test_the_viewer_follows_the_theme_of_the_page_at_once(reader: Reader) -> None:
    viewer = opened(reader, "Phantom")
    for theme, light in (("light", True), ("dark", False), ("light", True)):
        viewer.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        expect(viewer.page.locator(".lobule.light")).to_have_count(int(light))
