"""The main job, by hand: open the real CT, box the tumour, get SAM's mask, export it."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image
from playwright.sync_api import Browser, expect

from core.imaging.samples import lits_117
from core.imaging.volume import TUMOUR
from core.scoring.overlap import dice
from core.segmentation.prompt import Box
from tests.browser.reader import Reader

SLICE = 78
SHAPE = (128, 128)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return lits_117()[1].voxels == TUMOUR


def largest(mask: np.ndarray) -> tuple[Box, np.ndarray]:
    """Return the largest connected part of a slice's mask and the tight box round it."""
    parts = SimpleITK.RelabelComponent(SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(mask.astype(np.uint8))))
    part = SimpleITK.GetArrayFromImage(parts) == 1
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1), part


def test_a_box_round_a_real_tumour_gives_its_mask_on_the_grid_of_the_ct(
    reader: Reader, truth: np.ndarray, tmp_path: Path
) -> None:
    box, tumour = largest(truth[SLICE - 1])
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(SLICE)
    reader.draw(box, SHAPE)
    expect(reader.page.get_by_text("confidence")).to_be_visible()

    saved = SimpleITK.ReadImage(str(reader.download("Labels as NIfTI", tmp_path)))

    volume = lits_117()[0]
    assert saved.GetSize() == volume.source.grid.shape[::-1]
    assert saved.GetSpacing() == (1.0, 1.0, 1.0)
    labels = SimpleITK.GetArrayFromImage(saved)
    assert dice(labels[SLICE - 1] == TUMOUR, tumour) >= 0.8
    assert not np.delete(labels, SLICE - 1, axis=0).any()


def test_picture_and_prompts_can_be_taken_away(reader: Reader, truth: np.ndarray, tmp_path: Path) -> None:
    box, _ = largest(truth[SLICE - 1])
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(SLICE)
    reader.draw(box, SHAPE)

    record = json.loads(reader.download("Prompts as JSON", tmp_path).read_text())
    (drawn,) = record["objects"]
    (outline,) = drawn["slices"]
    assert outline["slice"] == SLICE
    assert abs(outline["box"]["rows"][0] - box.y0) <= 1
    assert abs(outline["box"]["columns"][1] - box.x1) <= 1
    picture = np.asarray(Image.open(reader.download("as PNG", tmp_path)).convert("RGB")).astype(int)
    assert (np.ptp(picture, axis=2) > 60).any(), "no coloured mask in the picture"


def test_boxes_stay_on_their_slice_and_can_be_deleted_and_brought_back(reader: Reader, truth: np.ndarray) -> None:
    box, _ = largest(truth[SLICE - 1])
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(SLICE)
    reader.draw(box, SHAPE)
    reader.draw(Box(20, 70, 36, 92), SHAPE)

    reader.page.get_by_text("confidence").first.click()
    reader.page.keyboard.press("ArrowUp")
    expect(reader.page.get_by_text(f"slice {SLICE + 1} of")).to_be_visible()
    reader.settle()
    expect(reader.objects).to_have_count(0)
    reader.page.keyboard.press("ArrowDown")
    expect(reader.objects).to_have_count(2)
    reader.settle()

    reader.objects.first.get_by_role("button").last.click()
    expect(reader.objects).to_have_count(1)
    reader.page.keyboard.press("Control+z")
    expect(reader.objects).to_have_count(2)
    reader.page.keyboard.press("Control+Shift+z")
    expect(reader.objects).to_have_count(1)


def test_clearing_the_canvas_takes_the_masks_along(reader: Reader, truth: np.ndarray) -> None:
    box, _ = largest(truth[SLICE - 1])
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(SLICE)
    reader.draw(box, SHAPE)
    reader.canvas.hover()
    reader.page.get_by_title("Reset canvas").or_(reader.button("Reset canvas")).first.click()
    expect(reader.objects).to_have_count(0)


def test_a_reader_with_initials_of_his_own_does_not_see_what_another_drew(
    reader: Reader, browser: Browser, app_url: str, truth: np.ndarray
) -> None:
    box, _ = largest(truth[SLICE - 1])
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(SLICE)
    reader.draw(box, SHAPE)
    with browser.new_context() as context:
        other = Reader(context.new_page(), app_url)
        expect(other.page.get_by_text("Open a CT")).to_be_visible()
        expect(other.button("Annotate this CT")).to_have_count(0)
        other.page.get_by_role("link", name="Cases").first.click()
        other.page.get_by_role("textbox", name="Your initials").fill("QX")
        other.page.keyboard.press("Enter")
        expect(other.page.get_by_text("On the disk:")).to_be_visible()
        other.page.get_by_role("link", name="Open").first.click()
        other.open_sample("LiTS-117 (real tumour)")
        other.go_to_slice(SLICE)
        expect(other.objects).to_have_count(0)


def test_no_key_press_is_lost_and_the_picture_does_not_bounce_back(reader: Reader) -> None:
    reader.open_sample("LiTS-117 (real tumour)")
    start = reader.slice
    shown = []
    for _ in range(10):
        reader.page.keyboard.press("ArrowDown")
        reader.page.wait_for_timeout(60)
        shown.append(reader.slice)
    assert shown == sorted(shown, reverse=True)
    assert reader.slice == start - 10
    expect(reader.page.get_by_text(f"slice {start - 10} of")).to_be_visible()
    reader.settle()
    assert reader.slice == start - 10


def test_the_wheel_over_the_picture_scrolls_the_slices_and_not_the_page(reader: Reader) -> None:
    reader.open_sample("LiTS-117 (real tumour)")
    start = reader.slice
    reader.canvas.hover()
    for _ in range(3):
        reader.page.mouse.wheel(0, 120)
        reader.page.wait_for_timeout(30)
    expect(reader.page.get_by_text(f"slice {start - 6} of")).to_be_visible()
    assert reader.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


def test_a_box_is_kept_when_the_reader_steps_on_or_leaves_the_page_at_once(reader: Reader) -> None:
    reader.open_sample("LiTS-117 (real tumour)")
    reader.go_to_slice(SLICE)
    reader.drag(Box(20, 70, 36, 92), SHAPE)
    reader.page.wait_for_timeout(60)
    reader.page.keyboard.press("ArrowDown")
    expect(reader.page.get_by_text(f"slice {SLICE - 1} of")).to_be_visible()
    reader.settle()
    reader.page.keyboard.press("ArrowUp")
    expect(reader.objects).to_have_count(1)
    reader.settle()
    reader.drag(Box(60, 20, 80, 50), SHAPE)
    for step in range(8):  # a hand on its way from the picture to the menu
        reader.page.mouse.move(300 - 25 * step, 400 - 45 * step)
        reader.page.wait_for_timeout(100)
    reader.page.get_by_role("link", name="Open").click()
    expect(reader.button("Annotate this CT")).to_be_visible()
    reader.annotate()
    expect(reader.objects).to_have_count(2)


def test_a_click_without_a_drag_leaves_nothing_behind(reader: Reader) -> None:
    reader.open_sample("LiTS-117 (real tumour)")
    reader.canvas.click(position={"x": 200, "y": 220})
    expect(reader.page.get_by_text("That box is too small")).to_be_visible()
    reader.settle()
    expect(reader.objects).to_have_count(0)


def test_the_picture_fits_the_window(browser: Browser, app_url: str) -> None:
    with browser.new_context(viewport={"width": 2560, "height": 1440}) as context:
        large = Reader(context.new_page(), app_url)
        large.open_sample("LiTS-117 (real tumour)")
        place = large.canvas.bounding_box()
        assert place is not None
        assert 1200 < place["height"] < 1440 - place["y"]
