"""Make the pictures of ``docs/viewer.md``, or those that are named: ``make tour``, ``python -m docs.tour brush``.

They show the phantom, which is nobody's CT and may be shown to anybody.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.segmentation.prompt import Box
from tests.browser import chromium
from tests.browser.app import running_app
from tests.browser.reader import Reader
from tests.browser.viewer import Viewer

FOLDER = Path(__file__).parent / "viewer"
SIZE = {"width": 1280, "height": 720}
QUALITY = 80
PATIENCE_MS = 60_000
LARGE, SMALL = Box(104, 38, 143, 85), Box(61, 88, 78, 104)  # tumours on the slice that the phantom opens on
LARGE_ROW, LARGE_COLUMN = 123, 61  # in the middle of the larger one
Stop = Callable[[Viewer], None]


def main() -> None:
    """Use every tool once and save what the screen shows."""
    chosen = sys.argv[1:] or list(STOPS)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (browser, url):
        for name in chosen:
            stop = STOPS[name]
            shutil.rmtree(Path(folder) / "cases", ignore_errors=True)  # or the phantom has what was drawn before
            viewer = opened(browser, url, light=name == "light")
            stop(viewer)
            save(viewer.page, FOLDER / f"{name}.jpg")
            viewer.page.context.close()


@contextmanager
def running(home: Path) -> Iterator[tuple[Browser, str]]:
    """Start the app, with a data folder of its own, and a browser; give both."""
    with (
        running_app(home / "log", LOBULE_HOME=str(home)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.ARGUMENTS))
        yield browser, url
        browser.close()


def opened(browser: Browser, url: str, *, light: bool = False) -> Viewer:
    """Open the phantom in a new window."""
    page = browser.new_context(viewport=SIZE, color_scheme="light" if light else "dark").new_page()
    reader = Reader(page, url)
    reader.button("Phantom").click()
    reader.button("Annotate this CT").click()
    return Viewer(reader).loaded()


def save(page: Page, path: Path) -> None:
    """Save what the window shows."""
    expect(page.locator(".stability:visible", has_text="Checking how")).to_have_count(0, timeout=PATIENCE_MS)
    page.wait_for_timeout(600)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(path, quality=QUALITY, optimize=True)


def reading(viewer: Viewer) -> None:
    """The liver window, the value under the pointer."""
    viewer.page.keyboard.press("2")
    viewer.page.mouse.move(*viewer.place(LARGE_ROW, LARGE_COLUMN))


def planes(viewer: Viewer) -> None:
    """Three planes with a crosshair in the larger tumour."""
    viewer.box(LARGE)
    viewer.page.keyboard.press("t")
    expect(viewer.canvas("sagittal")).to_be_visible()
    viewer.page.keyboard.down("Shift")
    viewer.click(LARGE_ROW, LARGE_COLUMN)
    viewer.page.keyboard.up("Shift")


def boxes(viewer: Viewer) -> None:
    """Two boxes and their masks."""
    viewer.box(LARGE)
    viewer.box(SMALL)
    viewer.page.mouse.move(*viewer.place(95, 150))


def points(viewer: Viewer) -> None:
    """Points are greyed with a model that was trained with boxes alone; a key says why."""
    viewer.page.keyboard.press("p")


def brush(viewer: Viewer) -> None:
    """The middle of a stroke."""
    zoomed(viewer)
    viewer.tool("brush")
    stroke(viewer, [(112, 50), (115, 64), (124, 72), (134, 66)])


def ball(viewer: Viewer) -> None:
    """A ball in three planes."""
    viewer.page.keyboard.press("t")
    expect(viewer.canvas("sagittal")).to_be_visible()
    viewer.tool("brush")
    viewer.root.locator("[data-ball=true]").click()
    for _ in range(7):
        viewer.page.keyboard.press(".")
    viewer.click(LARGE_ROW, LARGE_COLUMN)
    viewer.page.keyboard.down("Shift")
    viewer.click(LARGE_ROW, LARGE_COLUMN)
    viewer.page.keyboard.up("Shift")
    viewer.settle()


def value_range(viewer: Viewer) -> None:
    """A stroke over the edge of the tumour takes only the tumour's values."""
    zoomed(viewer)
    viewer.tool("brush")
    low, high = viewer.root.get_by_label("Lowest value to paint"), viewer.root.get_by_label("Highest value to paint")
    low.fill("20")
    high.fill("85")
    high.press("Tab")
    stroke(viewer, [(112, 74), (121, 79), (130, 77), (137, 70)])


def eraser(viewer: Viewer) -> None:
    """What leaks is erased."""
    zoomed(viewer)
    viewer.box(LARGE)
    viewer.tool("eraser")
    stroke(viewer, [(106, 76), (118, 82), (132, 80)])


def polygon(viewer: Viewer) -> None:
    """Corners on the way round."""
    zoomed(viewer)
    viewer.tool("polygon")
    for corner in ((106, 55), (112, 76), (128, 82), (140, 68)):
        viewer.click(*corner)
        viewer.page.wait_for_timeout(400)
    viewer.page.mouse.move(*viewer.place(136, 48))


def menu(viewer: Viewer) -> None:
    """All that can be done with an object."""
    viewer.box(LARGE)
    viewer.objects.first.get_by_role("button", name="Change object").click()


def between(viewer: Viewer) -> None:
    """Two outlined slices, those between filled in; marks along the slider."""
    viewer.tool("polygon")
    around(viewer, LARGE_ROW, LARGE_COLUMN, 16)
    viewer.go_to(viewer.slice - 6)
    around(viewer, LARGE_ROW, LARGE_COLUMN, 13)
    viewer.change("interpolate")
    viewer.go_to(viewer.slice + 3)
    viewer.page.keyboard.press("t")
    viewer.page.keyboard.down("Shift")
    viewer.click(LARGE_ROW, LARGE_COLUMN)
    viewer.page.keyboard.up("Shift")


def carry(viewer: Viewer) -> None:
    """One box carried through the slices of the lesion."""
    viewer.box(LARGE)
    viewer.page.keyboard.press("a")
    expect(viewer.objects.first).to_contain_text("–", timeout=PATIENCE_MS)
    expect(viewer.root.locator("[data-act=carry]")).to_be_visible(timeout=PATIENCE_MS)
    viewer.page.keyboard.press("t")
    viewer.page.keyboard.down("Shift")
    viewer.click(LARGE_ROW, LARGE_COLUMN)
    viewer.page.keyboard.up("Shift")


def heat(viewer: Viewer) -> None:
    """Where masks of moved boxes agree."""
    zoomed(viewer)
    viewer.box(LARGE)
    expect(viewer.root.locator(".stability:visible", has_text="Checking how")).to_have_count(0, timeout=PATIENCE_MS)
    viewer.page.keyboard.press("m")


def find(viewer: Viewer) -> None:
    """What the best network here proposes."""
    viewer.page.keyboard.press("s")
    expect(viewer.root.locator(".review")).to_be_visible(timeout=PATIENCE_MS)
    viewer.page.keyboard.press("j")
    viewer.page.keyboard.press("j")


def explain(viewer: Viewer) -> None:
    """What the model made of a box, in four pictures."""
    viewer.box(LARGE)
    page = viewer.page
    page.set_viewport_size({"width": 1280, "height": 1120})
    viewer.reader.button("Model").click()
    page.get_by_text("What SAM saw").click()
    viewer.reader.button("Explain…").click()
    expect(page.get_by_text("4 · How sure it is")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)


def labels(viewer: Viewer) -> None:
    """A label of one's own, outlines alone."""
    viewer.box(LARGE)
    viewer.root.get_by_role("button", name="Add a label").click()
    viewer.root.get_by_label("Name of the new label").fill("cyst")
    viewer.page.keyboard.press("Enter")
    viewer.settle()
    viewer.box(SMALL)
    viewer.root.get_by_label("Opacity of masks").fill("0")


def window(viewer: Viewer) -> None:
    """Level and width while the right button is held."""
    viewer.page.mouse.move(*viewer.place(80, 150))
    viewer.page.mouse.down(button="right")
    viewer.page.mouse.move(*viewer.place(110, 95), steps=8)


def keys(viewer: Viewer) -> None:
    """Every key and gesture."""
    viewer.page.keyboard.press("?")


def export(viewer: Viewer) -> None:
    """What can be taken away."""
    boxes(viewer)
    viewer.reader.button("Export").click()


def metrics(viewer: Viewer) -> None:
    """The errors of a drawn mask against the labels of the phantom, in three planes."""
    viewer.box(LARGE)
    page = viewer.page
    page.get_by_role("link", name="Metrics").click()
    viewer.reader.button("Score").last.click()
    page.get_by_text("All planes", exact=True).click()
    errors = Viewer(viewer.reader).loaded()
    errors.go_to(errors.slice + 1)
    page.keyboard.down("Shift")
    errors.click(LARGE_ROW, LARGE_COLUMN)
    page.keyboard.up("Shift")
    errors.root.evaluate("(root) => root.scrollIntoView({ block: 'end' })")


def canvas(viewer: Viewer) -> None:
    """The simple canvas with the same object."""
    viewer.box(LARGE)
    viewer.reader.button("Simple canvas").click()
    expect(viewer.reader.canvas).to_be_visible()
    viewer.reader.settle()


def chinese(viewer: Viewer) -> None:
    """The interface in Chinese."""
    viewer.box(LARGE)
    viewer.page.get_by_role("radio", name="中文", exact=True).click()
    expect(viewer.objects).to_contain_text("肿瘤")


def zoomed(viewer: Viewer) -> None:
    """Bring the larger tumour nearer."""
    viewer.page.mouse.move(*viewer.place(LARGE_ROW, LARGE_COLUMN))
    for _ in range(5):
        viewer.page.keyboard.press("+")
    viewer.page.wait_for_timeout(200)


def stroke(viewer: Viewer, places: list[tuple[float, float]]) -> None:
    """Draw, and keep the button down."""
    viewer.page.mouse.move(*viewer.place(*places[0]))
    viewer.page.mouse.down()
    for place in places[1:]:
        viewer.page.mouse.move(*viewer.place(*place), steps=8)


def around(viewer: Viewer, row: float, column: float, radius: float) -> None:
    """Click a polygon round a place, and close it."""
    for down, across in ((-1, 0), (-0.6, 0.9), (0.5, 1), (1, 0.1), (0.6, -0.9), (-0.5, -1)):
        viewer.click(row + down * radius, column + across * radius)
        viewer.page.wait_for_timeout(400)
    viewer.page.keyboard.press("Enter")
    viewer.settle()


STOPS: dict[str, Stop] = {
    "reading": reading,
    "window": window,
    "planes": planes,
    "box": boxes,
    "points": points,
    "brush": brush,
    "range": value_range,
    "ball": ball,
    "eraser": eraser,
    "polygon": polygon,
    "between": between,
    "menu": menu,
    "carry": carry,
    "heat": heat,
    "find": find,
    "explain": explain,
    "labels": labels,
    "export": export,
    "metrics": metrics,
    "canvas": canvas,
    "keys": keys,
    "light": boxes,
    "chinese": chinese,
}

if __name__ == "__main__":
    main()
