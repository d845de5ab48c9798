"""The viewer by hand: mouse, wheel and keys in a real browser; what comes of it is read from pixels or in Python."""

import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from core.imaging.samples import lits_117, phantom
from core.imaging.volume import TUMOUR, Volume
from core.imaging.window import PRESETS, Window, slice_picture
from core.scoring.overlap import dice
from core.segmentation.prompt import Box
from tests.browser.reader import Reader
from tests.browser.viewer import Viewer

SLICE = 78
BOX = Box(3, 52, 27, 92)


@pytest.fixture(scope="module")
def ct() -> Volume:
    return lits_117()[0]


@pytest.fixture(scope="module")
def tumour() -> np.ndarray:
    return lits_117()[1].voxels == TUMOUR


@pytest.fixture
def viewer(reader: Reader) -> Viewer:
    return opened(reader, "LiTS-117 (real tumour)")


def opened(reader: Reader, sample: str) -> Viewer:
    reader.button(sample).click()
    reader.button("Annotate this CT").click()
    return Viewer(reader)


def greys_on_screen(viewer: Viewer, rows: range, columns: range) -> np.ndarray:
    """Return the green channel at voxel centres of the axial pane."""
    picture, frame = viewer.picture().astype(int), viewer.canvas().bounding_box()
    assert frame is not None
    x, y, across, down = viewer.transform()
    at_rows = [int(y - frame["y"] + row * down) for row in rows]
    at_columns = [int(x - frame["x"] + column * across) for column in columns]
    return np.asarray(picture[np.ix_(at_rows, at_columns)][..., 1], float)


def likeness(viewer: Viewer, ct: Volume, z: int, window: Window) -> float:
    """Return the mean difference in grey levels between the screen and core's picture of a slice."""
    rows, columns = range(20, 110, 3), range(14, 118, 3)
    wanted = slice_picture(ct, z, window)[np.ix_(rows, columns)].astype(float)
    return float(np.abs(greys_on_screen(viewer, rows, columns) - wanted).mean())


def test_the_wheel_scrolls_and_each_slice_is_the_one_core_would_paint(viewer: Viewer, ct: Volume) -> None:
    viewer.loaded()
    first = viewer.slice
    x, y = viewer.place(60, 60)
    viewer.page.mouse.move(x, y)
    for _ in range(3):
        viewer.page.mouse.wheel(0, -100)
        viewer.page.wait_for_timeout(50)
    viewer.shows(first + 3)
    z = first + 2
    here = likeness(viewer, ct, z, PRESETS["Abdomen"])
    assert here < 12, "smoothing alone does not explain the difference"
    assert here < 0.6 * likeness(viewer, ct, z + 4, PRESETS["Abdomen"])


def test_dragging_with_the_right_button_changes_the_window(viewer: Viewer, ct: Volume) -> None:
    viewer.loaded()
    before = viewer.picture().astype(int).mean()
    viewer.drag((40, 40), (90, 40), button="right")
    said = viewer.root.locator(".pane.axial .corner.window").inner_text()
    width, level = (float(number.replace("−", "-")) for number in re.findall(r"[−-]?\d+", said))
    assert (width, level) != (400, 40)
    assert abs(viewer.picture().astype(int).mean() - before) > 3
    assert likeness(viewer, ct, viewer.slice - 1, Window(level, width)) < 12
    viewer.page.keyboard.press("2")
    preset = list(PRESETS.values())[1]
    expect(viewer.root.locator(".pane.axial .corner.window")).to_contain_text(f"{preset.width_hu:.0f}")
    assert likeness(viewer, ct, viewer.slice - 1, preset) < 12


def test_a_box_round_a_real_tumour_gives_its_mask_and_undo_takes_it_back(
    viewer: Viewer, tumour: np.ndarray, tmp_path: Path
) -> None:
    viewer.go_to(SLICE)
    inside = viewer.pixel(14, 75)
    viewer.box(BOX)
    assert np.ptp(viewer.pixel(14, 75)) > np.ptp(inside) + 15, "no colour where the tumour is"
    found = viewer.labels(tmp_path)
    boxed = np.zeros_like(tumour[SLICE - 1])
    boxed[BOX.y0 : BOX.y1, BOX.x0 : BOX.x1] = tumour[SLICE - 1, BOX.y0 : BOX.y1, BOX.x0 : BOX.x1]
    assert dice(found[SLICE - 1] == TUMOUR, boxed) >= 0.8
    assert not np.delete(found, SLICE - 1, axis=0).any()

    viewer.page.keyboard.press("Control+z")
    expect(viewer.objects).to_have_count(0)
    viewer.settle()
    assert np.abs(np.subtract(viewer.pixel(14, 75), inside)).max() <= 8, "the mask is still there"
    viewer.page.keyboard.press("Control+Shift+z")
    expect(viewer.objects).to_have_count(1)
    assert (viewer.labels(tmp_path) == found).all()


def test_brush_and_eraser_change_the_mask_in_python(viewer: Viewer, tmp_path: Path) -> None:
    viewer.go_to(60)
    viewer.tool("brush")
    viewer.drag((40, 40), (40, 70))
    expect(viewer.objects).to_have_count(1)
    painted = viewer.labels(tmp_path)[59] > 0
    assert painted[40, 38:73].all()
    rows = np.flatnonzero(painted[:, 55])
    assert len(rows) > 3
    assert rows.mean() == pytest.approx(40, abs=0.6)

    viewer.tool("eraser")
    viewer.drag((25, 55), (55, 55))
    left = viewer.labels(tmp_path)[59] > 0
    assert not left[30:50, 55].any()
    assert left[40, 40]
    assert left[40, 70]
    viewer.page.keyboard.press("Control+z")
    viewer.settle()
    assert ((viewer.labels(tmp_path)[59] > 0) == painted).all()


def test_fifty_strokes_can_be_taken_back_and_brought_again(viewer: Viewer, tmp_path: Path) -> None:
    viewer.go_to(60)
    viewer.tool("brush")
    for i in range(50):
        viewer.drag((20 + i, 30 + i % 7), (20 + i, 40 + i % 7))
    everything = viewer.labels(tmp_path)
    for _ in range(50):
        viewer.page.keyboard.press("Control+z")
    expect(viewer.objects).to_have_count(0)
    for _ in range(50):
        viewer.page.keyboard.press("Control+Shift+z")
    expect(viewer.objects).to_have_count(1)
    viewer.settle()
    assert (viewer.labels(tmp_path) == everything).all()


def test_a_click_in_one_plane_leads_the_others(reader: Reader) -> None:
    viewer = opened(reader, "Phantom")
    viewer.loaded()
    depth, height, width = phantom()[0].grid.shape
    viewer.page.keyboard.press("t")
    expect(viewer.canvas("coronal")).to_be_visible()
    expect(viewer.canvas("coronal")).to_have_attribute("data-index", re.compile(r"\d+"))
    z, x = depth // 3, width // 4
    viewer.click(depth - 1 - z, x, "coronal")  # the head is on top
    viewer.shows(z + 1)
    expect(viewer.canvas("sagittal")).to_have_attribute("data-index", str(x))
    viewer.page.keyboard.down("Shift")
    viewer.click(height // 2, width // 2)
    viewer.page.keyboard.up("Shift")
    expect(viewer.canvas("coronal")).to_have_attribute("data-index", str(height // 2))
    expect(viewer.canvas("sagittal")).to_have_attribute("data-index", str(width // 2))


def test_the_errors_of_a_comparison_are_shown_in_the_viewer(viewer: Viewer, tumour: np.ndarray) -> None:
    viewer.go_to(SLICE)
    viewer.box(BOX)
    page = viewer.page
    page.get_by_role("link", name="Metrics").click()  # at once: the app is about to hear of the box
    viewer.reader.button("Score").last.click()
    page.get_by_text("All planes", exact=True).click()
    errors = Viewer(viewer.reader).loaded()
    errors.go_to(SLICE)
    missed = np.argwhere(tumour[SLICE - 1])
    row, column = missed[missed[:, 0] > 60][0]  # outside of the box, so nobody found it
    red, green, blue = errors.coloured(row, column)
    assert blue > red + 20, "what was missed is not blue"
    red, green, blue = errors.coloured(14, 75)
    assert green > red + 20, "what was found is not green"
    assert errors.root.locator("[data-tool=brush]").is_hidden()


def test_nobody_else_can_fetch_a_volume_and_its_session_takes_the_way_along(browser: Browser, app_url: str) -> None:
    context = browser.new_context()
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    opened(Reader(page, app_url), "LiTS-117 (real tumour)").loaded()
    address = next(url for url in asked if "/volume?" in url)
    token = re.search(r"/lobule/([\w-]+)/volume", address)
    assert token is not None
    assert len(token[1]) >= 32
    with urllib.request.urlopen(address) as answer:
        assert len(answer.read()) % (2 * 128 * 128) == 0
        assert answer.headers["Cache-Control"] == "no-store"
    foreign = address.replace(token[1], token[1][::-1])
    assert status_of(foreign) == 404
    context.close()
    for _ in range(100):
        if (gone := status_of(address)) == 404:
            break
        time.sleep(0.1)
    assert gone == 404, "the volume outlives its session"


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
