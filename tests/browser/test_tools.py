"""Every tool of the viewer by hand; what it made is compared voxel by voxel with what Python makes of the same."""

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy import ndimage

from core.editing import morphology
from core.editing.interpolation import between
from core.imaging.samples import phantom
from core.imaging.volume import LIVER, TUMOUR, Volume
from core.imaging.window import PRESETS
from tests.browser.reader import Reader
from tests.browser.test_viewer import likeness, opened
from tests.browser.viewer import Viewer

Z = 27  # the slice that the phantom opens on, from 0
ROW, COLUMN = 120, 60  # inside its largest tumour
NEAR = 0.5  # of a voxel: a click lands no further from where it was meant


@pytest.fixture(scope="module")
def ct() -> Volume:
    return phantom()[0]


@pytest.fixture
def viewer(reader: Reader) -> Viewer:
    return opened(reader, "Phantom").loaded()


def far(ct: Volume, place: list[float], *, flat: bool = False) -> np.ndarray:
    """Return how far each voxel ``(z, y, x)`` lies from a place, in mm; on other slices endlessly far if ``flat``."""
    z, y, x = np.indices(ct.grid.shape)
    sz, sy, sx = ct.grid.spacing
    away = np.sqrt(((z - place[0]) * sz) ** 2 + ((y - place[1]) * sy) ** 2 + ((x - place[2]) * sx) ** 2)
    return np.where(z == round(place[0]), away, np.inf) if flat else away


def changed(viewer: Viewer, ct: Volume) -> np.ndarray:
    return viewer.map(ct.grid.shape) > 0


def polygon(viewer: Viewer, *corners: tuple[float, float]) -> None:
    """Click corner by corner and close with Enter."""
    viewer.tool("polygon")
    for corner in corners:
        viewer.click(*corner)
        viewer.page.wait_for_timeout(400)  # two clicks at once would be a double click
    viewer.press("Enter")


def test_the_ball_paints_a_ball_in_mm_and_the_range_only_what_lies_in_it(viewer: Viewer, ct: Volume) -> None:
    viewer.tool("brush")
    viewer.root.locator("[data-ball=true]").click()
    viewer.click(ROW, COLUMN)
    (asked,) = viewer.asked()
    (place,) = asked["points"]
    assert np.abs(np.subtract(place, (Z, ROW, COLUMN))).max() <= NEAR
    ball = far(ct, place) <= 6
    assert sorted(set(np.nonzero(ball)[0])) == [Z - 1, Z, Z + 1], "slices are 4 mm thick"
    assert (changed(viewer, ct) == ball).all()

    viewer.press("Control+z")
    assert not changed(viewer, ct).any()
    viewer.root.locator("[data-ball=false]").click()
    low, high = viewer.root.get_by_label("Lowest value to paint"), viewer.root.get_by_label("Highest value to paint")
    low.fill("40")
    high.fill("55")
    high.press("Tab")
    viewer.drag((ROW - 12, COLUMN), (ROW + 12, COLUMN))
    (asked,) = viewer.asked()
    assert asked["hu"] == [40, 55]
    line = np.min([far(ct, place, flat=True) for place in asked["points"]], axis=0) <= 6
    painted = changed(viewer, ct)
    inside = (ct.hu >= 40) & (ct.hu <= 55)
    assert painted[inside & line].all()
    assert not (painted & ~inside).any()
    assert 50 < painted.sum() < 0.7 * line.sum(), "the range made no difference"


def test_a_polygon_fills_and_cuts_what_lies_inside_it(viewer: Viewer, ct: Volume) -> None:
    a, b, c = (60.3, 40.2), (60.3, 140.4), (130.2, 90.3)
    polygon(viewer, a, b, c)
    (asked,) = viewer.asked()
    assert np.abs(np.subtract(asked["vertices"], (a, b, c))).max() <= NEAR
    y, x = np.indices(ct.grid.shape[1:])
    sides = [
        (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        for (y0, x0), (y1, x1) in zip(asked["vertices"], np.roll(asked["vertices"], -1, axis=0), strict=True)
    ]
    triangle = np.all(np.array(sides) > 0, axis=0)  # left of every side: the corners were clicked clockwise
    filled = changed(viewer, ct)
    assert (filled[Z] == triangle).all()
    assert filled.sum() == triangle.sum() > 1000

    viewer.root.locator("[data-cut=true]").click()
    polygon(viewer, (70, 70), (70, 100), (90, 100), (90, 70))
    left = changed(viewer, ct)[Z]
    assert not left[72:89, 72:99].any()
    assert (left[:69] == triangle[:69]).all()
    viewer.press("Control+z")
    assert (changed(viewer, ct) == filled).all()


def test_each_entry_of_the_menu_makes_of_an_object_what_core_makes_of_it(viewer: Viewer, ct: Volume) -> None:
    """A ring with a notch, and an island beside it: each operation has something to do."""
    polygon(viewer, (60, 60), (60, 110), (75, 118), (110, 110), (110, 60))
    viewer.root.locator("[data-cut=true]").click()
    polygon(viewer, (80, 80), (80, 95), (92, 95), (92, 80))
    viewer.root.locator("[data-cut=false]").click()
    polygon(viewer, (60, 130), (60, 136), (70, 136), (70, 130))
    before = changed(viewer, ct)
    drawn, grid = {Z: before[Z]}, ct.grid
    assert ndimage.label(before[Z])[1] == 2
    assert ndimage.binary_fill_holes(before[Z]).sum() > before[Z].sum()

    checks = [
        ("fill_holes", None, {Z: ndimage.binary_fill_holes(before[Z])}),
        ("keep_largest", None, morphology.keep_largest(drawn)),
        ("remove_small", 1000, morphology.remove_small(drawn, 1000, grid)),
        ("smooth", 4, morphology.smooth(drawn, 4, grid)),
        ("grow", 3, morphology.grow(drawn, 3, grid)),
        ("shrink", 2.5, morphology.grow(drawn, -2.5, grid)),
    ]
    for name, amount, wanted in checks:
        viewer.change(name, amount)
        made = changed(viewer, ct)
        assert (made[Z] == wanted[Z]).all(), name
        assert (made[Z] != before[Z]).any(), f"{name} had nothing to do"
        assert not np.delete(made, Z, axis=0).any()
        undo = viewer.root.locator("[data-act=undo]")
        expect(undo).to_have_attribute("aria-label", f"Undo: {step(name)}")
        viewer.press("Control+z")
        expect(viewer.root.locator("[data-act=redo]")).to_have_attribute("aria-label", f"Redo: {step(name)}")
        assert (changed(viewer, ct) == before).all()

    viewer.change("remove_small", 1)
    expect(viewer.said).to_contain_text("1 mm³")
    viewer.change("shrink", 45)
    expect(viewer.said).to_be_visible()
    assert (changed(viewer, ct) == before).all(), "a refusal has changed something"


def step(name: str) -> str:
    return {
        "fill_holes": "fill holes of object 1",
        "keep_largest": "keep largest island of object 1",
        "remove_small": "remove islands of object 1 under 1000 mm³",
        "smooth": "smooth object 1 by 4 mm",
        "grow": "grow object 1 by 3 mm",
        "shrink": "shrink object 1 by 2.5 mm",
    }[name]


def test_slices_between_are_filled_in_and_masks_are_copied_found_and_deleted(viewer: Viewer, ct: Volume) -> None:
    page, refused = viewer.page, viewer.said
    polygon(viewer, (60, 60), (60, 110), (90, 110), (90, 60))
    viewer.go_to(Z + 1 + 4)
    polygon(viewer, (70, 70), (70, 130), (115, 125), (110, 75))
    drawn = {z: mask for z, mask in enumerate(changed(viewer, ct)) if mask.any()}
    assert list(drawn) == [Z, Z + 4]
    viewer.change("interpolate")
    found = changed(viewer, ct)
    for z, mask in (drawn | between(drawn, ct.grid.spacing)).items():
        assert (found[z] == mask).all(), f"slice {z + 1}"
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == list(range(Z, Z + 5))
    viewer.change("interpolate")
    expect(refused).to_be_visible()
    assert (changed(viewer, ct) == found).all()

    page.keyboard.press("c")
    viewer.shows(Z + 1 + 5)
    copied = changed(viewer, ct)
    assert (copied[Z + 5] == found[Z + 4]).all()
    page.keyboard.press("Home")
    viewer.shows(1)
    viewer.act("next")
    viewer.shows(Z + 1)
    page.keyboard.press("End")
    page.keyboard.press("[")
    viewer.shows(Z + 1 + 5)
    page.keyboard.press("]")
    expect(refused).to_have_text("No other slice has a mask.")

    viewer.press("Shift+Delete")
    assert (changed(viewer, ct) == found).all()
    viewer.press("Shift+Delete")
    expect(refused).to_have_text("Object 1 is not on this slice.")
    viewer.press("Delete")
    assert not changed(viewer, ct).any()
    expect(viewer.objects).to_have_count(0)
    viewer.press("Control+z")
    assert (changed(viewer, ct) == found).all()


def test_what_cannot_be_done_is_said_in_a_sentence_and_nothing_is_lost(viewer: Viewer, ct: Volume) -> None:
    said, page = viewer.said, viewer.page
    viewer.press("Delete")
    expect(said).to_have_text("Choose an object first: click it, or draw one.")
    viewer.tool("eraser")
    viewer.click(ROW, COLUMN)
    viewer.settle()
    expect(said).to_contain_text("eraser")
    assert not changed(viewer, ct).any()
    page.keyboard.press("End")
    viewer.tool("brush")
    viewer.click(ROW, COLUMN)
    page.keyboard.press("c")
    expect(said).to_have_text("There is no slice beyond this one.")
    assert np.flatnonzero(changed(viewer, ct).any(axis=(1, 2))).tolist() == [ct.grid.shape[0] - 1]

    # LiteMedSAM was trained with boxes alone: its points are there, greyed, and say why
    for name, key in (("plus", "p"), ("minus", "Shift+p")):
        expect(viewer.root.locator(f"[data-tool={name}]")).to_have_attribute("aria-disabled", "true")
        page.keyboard.press(key)
        expect(said).to_contain_text("LiteMedSAM")
        expect(viewer.root.locator("[data-tool=brush]")).to_have_attribute("aria-pressed", "true")
    viewer.root.locator("[data-tool=plus]").click(force=True)
    expect(viewer.root.locator("[data-tool=plus]")).to_have_attribute("aria-pressed", "false")
    assert "LiteMedSAM" in (viewer.root.locator("[data-tool=plus]").get_attribute("title") or "")


def test_labels_and_colours_change_and_masks_can_be_hidden(viewer: Viewer, ct: Volume) -> None:
    page, root = viewer.page, viewer.root
    grey = viewer.pixel(ROW, COLUMN)
    viewer.tool("brush")
    viewer.click(ROW, COLUMN)
    viewer.settle()
    page.mouse.move(0, 0)
    tumour = viewer.coloured(ROW, COLUMN)

    def is_grey() -> bool:
        page.wait_for_timeout(120)
        return bool(np.abs(np.subtract(viewer.pixel(ROW, COLUMN), grey)).max() <= 6)

    eyes = [viewer.objects.first.locator(".eye"), root.locator(f".labels [data-label='{TUMOUR}'] .eye"), None]
    for eye in eyes:
        for hidden in (True, False):
            eye.click() if eye else page.keyboard.press("h")
            page.mouse.move(0, 0)
            assert is_grey() is hidden
    page.keyboard.down("h")
    page.wait_for_timeout(400)
    assert is_grey(), "holding H does not show what lies underneath"
    page.keyboard.up("h")
    assert not is_grey()

    viewer.objects.first.get_by_role("button", name="Change object").click()
    root.locator(".menu select").select_option(str(LIVER))
    viewer.settle()
    page.mouse.move(0, 0)
    expect(viewer.objects.first).to_contain_text("liver")
    for _ in range(100):
        if (changed := np.abs(np.subtract(viewer.coloured(ROW, COLUMN), tumour)).max()) > 25:
            break
        page.wait_for_timeout(100)
    assert changed > 25, "another label, the same colour"

    root.get_by_role("button", name="Add a label").click()
    root.get_by_label("Name of the new label").fill("cyst")
    page.keyboard.press("Enter")
    viewer.settle()
    expect(root.locator(".labels .item").filter(has_text="cyst").locator(".label")).to_have_attribute(
        "aria-pressed", "true"
    )
    viewer.tool("brush")
    viewer.click(ROW, COLUMN + 60)
    expect(viewer.objects.nth(1)).to_contain_text("cyst")
    assert len(np.unique(viewer.map(ct.grid.shape))) == 3
    strength = np.ptp(viewer.coloured(ROW, COLUMN))
    root.get_by_label("Opacity of masks").fill("90")
    page.wait_for_timeout(200)
    assert np.ptp(viewer.pixel(ROW, COLUMN)) > strength + 15


def test_the_picture_zooms_about_the_pointer_moves_and_fits_again(viewer: Viewer) -> None:
    page = viewer.page
    fitted = viewer.transform()
    x, y = viewer.place(ROW, COLUMN)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_timeout(150)
    zoomed = viewer.transform()
    assert zoomed[2] > 1.3 * fitted[2]
    assert zoomed[3] / zoomed[2] == pytest.approx(1.25 / 1.2), "voxels are not as wide as they are high"
    assert viewer.place(ROW, COLUMN) == pytest.approx((x, y), abs=1)

    page.mouse.down(button="middle")
    page.mouse.move(x + 40, y - 25, steps=4)
    page.mouse.up(button="middle")
    page.wait_for_timeout(150)
    assert viewer.place(ROW, COLUMN) == pytest.approx((x + 40, y - 25), abs=1)
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Space")
    page.wait_for_timeout(150)
    assert viewer.place(ROW, COLUMN) == pytest.approx((x, y), abs=1)
    assert not viewer.sent, "moving the picture has drawn something"
    viewer.act("fit")
    page.wait_for_timeout(150)
    assert viewer.transform() == pytest.approx(fitted, abs=0.5)


def test_the_keys_one_to_five_are_the_windows_of_the_list(viewer: Viewer, ct: Volume) -> None:
    for key, window in enumerate(PRESETS.values(), 1):
        viewer.page.keyboard.press(str(key))
        expect(viewer.root.locator(".pane.axial .corner.window")).to_have_text(
            f"W {window.width_hu:.0f} · L {window.level_hu:.0f}"
        )
        viewer.page.wait_for_timeout(100)
        assert likeness(viewer, ct, Z, window) < 12
    assert key == 5
