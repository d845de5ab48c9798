"""The switch between English and Chinese in a real browser, with the viewer and an upload on the way."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.segmentation.prompt import Box
from pages.ui.words import catalogue
from tests.browser.reader import Reader
from tests.browser.test_viewer import BOX, SLICE, opened
from tests.browser.viewer import Viewer

CHINESE = catalogue("zh")
LETTERS = re.compile(r"[A-Za-z]{3,}")
KEYS = {"Ctrl", "Shift", "Alt", "Del", "PageUp", "PageDown", "Home", "End", "Enter", "Esc", "Backspace"}
SECOND = Box(20, 60, 40, 80)


def switch(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()


@pytest.fixture
def viewer(reader: Reader) -> Viewer:
    return opened(reader, "LiTS-117 (real tumour)").loaded()


def names(viewer: Viewer) -> list[str]:
    """Return all that the viewer's controls are called, by their tooltips and for screen readers."""
    found: list[str] = viewer.root.evaluate(
        """root => [...root.querySelectorAll("[title], [aria-label]")]
            .flatMap((element) => [element.title, element.getAttribute("aria-label")]).filter(Boolean)"""
    )
    return found


def test_the_switch_turns_every_word_of_the_viewer_and_loses_nothing(viewer: Viewer, tmp_path: Path) -> None:
    page = viewer.page
    viewer.go_to(SLICE)
    viewer.box(BOX)
    viewer.page.keyboard.press("2")
    mask = viewer.labels(tmp_path)

    switch(page, "中文")
    expect(page.get_by_role("link", name="标注")).to_be_visible()
    expect(viewer.root.locator("[data-tool=box]")).to_have_attribute("title", "框 (B)")
    expect(viewer.root.locator("[data-act=undo]")).to_have_attribute("title", f"撤销：框选（第 {SLICE} 层） (Ctrl+Z)")
    expect(viewer.objects).to_contain_text("肿瘤")
    expect(viewer.root.locator(".windowing select option").first).to_have_text("腹部")
    left = {word for name in names(viewer) for word in LETTERS.findall(name)} - KEYS
    assert not left - {"LiteMedSAM", "Levels", "SAM", "Net"}, "the names of the models"
    assert viewer.slice == SLICE
    expect(viewer.root.locator(".pane.axial .corner.window")).to_contain_text("150")

    viewer.page.keyboard.press("?")
    said = viewer.root.locator("dialog.help").inner_text()
    assert CHINESE["viewer.help_wheel"] in said
    assert not set(LETTERS.findall(said)) - KEYS
    viewer.page.keyboard.press("Escape")

    viewer.box(SECOND)
    page.get_by_role("button", name="导出").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="标签图（NIfTI）").click()
    assert "肿瘤" not in waiting.value.suggested_filename
    page.keyboard.press("Escape")

    switch(page, "English")
    expect(viewer.root.locator("[data-tool=box]")).to_have_attribute("title", "Box (B)")
    expect(viewer.objects.first).to_contain_text("tumour")
    expect(viewer.objects).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(viewer.objects).to_have_count(1)
    assert (viewer.labels(tmp_path) == mask).all()


def test_a_chinese_browser_boxes_a_tumour_in_chinese(browser: Browser, app_url: str, no_cases: None) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="zh-CN")
    reader = Reader(context.new_page(), app_url)
    expect(reader.page.get_by_role("heading", name="打开 CT")).to_be_visible()
    reader.button("LiTS-117（真实肿瘤）").click()
    reader.button("标注此 CT").click()
    viewer = Viewer(reader)
    viewer.go_to(SLICE)
    viewer.box(BOX)
    expect(viewer.objects).to_contain_text("1 肿瘤")
    expect(viewer.objects).to_contain_text(f"第 {SLICE} 层")
    context.close()


def test_pickers_answer_in_the_language_that_is_spoken(reader: Reader) -> None:
    """A picker in a closed popover still holds the words in which it was drawn."""
    page = reader.page
    reader.open_sample("Phantom (synthetic, no patient)")
    switch(page, "中文")
    reader.settle()
    page.get_by_role("button", name="显示").click()
    page.get_by_role("combobox", name=re.compile("图像大小")).click()
    page.get_by_role("option", name="小", exact=True).click()
    page.keyboard.press("Escape")
    expect(reader.canvas).to_have_js_property("offsetHeight", 420)
    reader.settle()
    switch(page, "English")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    reader.settle()
    page.keyboard.press("ArrowUp")
    reader.settle()
    expect(reader.canvas).to_have_js_property("offsetHeight", 420)
    expect(page.get_by_role("combobox", name="Window")).to_have_value("Abdomen W400 L40")


def test_the_switch_covers_neither_the_menu_nor_the_way_to_other_pages(reader: Reader) -> None:
    page = reader.page
    expect(page.get_by_role("heading", name="Open a CT")).to_be_visible()
    place = page.get_by_test_id("stLayoutWrapper").filter(has=page.locator("> .st-key-languages"))
    expect(place).to_have_css("position", "fixed")
    here = place.bounding_box()
    menu = page.get_by_test_id("stMainMenu").bounding_box()
    ways = page.get_by_role("link", name="Metrics", exact=True).bounding_box()
    assert here is not None
    assert menu is not None
    assert ways is not None
    assert ways["x"] + ways["width"] < here["x"]
    assert here["x"] + here["width"] < menu["x"]
    assert here["y"] >= 0
    assert here["y"] + here["height"] < 60
