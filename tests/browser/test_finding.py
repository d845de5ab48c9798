"""Find liver and tumours, accept one, delete one, undo; by hand in a real browser, and judged from the saved file.

The network is the tests' own, set by hand: from 0 HU it finds liver, from 85 HU tumour.
"""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from playwright.sync_api import expect

from core.imaging.volume import LIVER
from tests.browser.reader import MODEL_MS, Reader
from tests.browser.viewer import Viewer

SPACING = (2.5, 1.1, 0.9)


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A liver of 60 HU on slices 2 to 9, from 0, with two tumours of 110 HU, as the file of a reader."""
    hu = np.full((12, 80, 112), -100, np.int16)
    hu[2:10, 12:68, 10:80] = 60
    hu[4:7, 20:32, 20:36] = 110
    hu[5:8, 44:60, 48:68] = 110
    hu[6, 44:64, 48:68] = 110  # its largest slice is the seventh
    image = SimpleITK.GetImageFromArray(hu + np.random.default_rng(4).integers(-3, 4, hu.shape).astype(np.int16))
    image.SetSpacing(SPACING[::-1])
    path = tmp_path_factory.mktemp("finding") / "ct.nii.gz"
    SimpleITK.WriteImage(image, str(path))
    return path


def choose_network(viewer: Viewer) -> None:
    """Take the tests' network, in case one comes with Lobule."""
    viewer.reader.button("Model").click()
    page = viewer.page
    page.get_by_role("combobox", name="Finds by itself").click()
    page.get_by_role("option", name="Levels").click()
    page.keyboard.press("Escape")
    expect(viewer.root.locator("[data-act=find]")).to_have_attribute("title", "Looks through the whole CT with: Levels")


def test_proposals_are_found_accepted_deleted_brought_back_and_only_accepted_ones_saved(
    reader: Reader, ct: Path, tmp_path: Path
) -> None:
    expect(reader.button("Phantom")).to_be_visible()  # the page stands
    reader.upload(ct)
    reader.button("Annotate this CT").click()
    viewer = Viewer(reader).loaded()
    choose_network(viewer)
    viewer.page.keyboard.press("s")
    review = viewer.root.locator(".review")
    expect(review).to_contain_text("3 proposals", timeout=MODEL_MS)
    expect(viewer.objects).to_have_count(3)
    expect(viewer.said).to_contain_text("New proposals: 3.")

    viewer.page.keyboard.press("j")  # the liver, the first
    viewer.press("y")
    viewer.shows(7)  # the larger tumour is next, where it is largest
    expect(viewer.objects.nth(1).locator("[aria-current]")).to_have_count(1)
    viewer.press("Delete")
    expect(viewer.objects).to_have_count(2)
    expect(review).to_contain_text("One proposal")

    saved = viewer.labels(tmp_path)
    assert set(np.unique(saved)) == {0, LIVER}, "an open proposal is in the file"
    assert (saved == LIVER).sum() == 8 * 56 * 70

    viewer.press("Control+z")
    expect(review).to_contain_text("2 proposals")
    viewer.press("Control+z")
    expect(review).to_contain_text("3 proposals")
    viewer.act("accept_all")
    viewer.settle()
    expect(review).to_be_hidden()
    assert (viewer.labels(tmp_path) == 2).sum() == 3 * 12 * 16 + 2 * 16 * 20 + 20 * 20
    viewer.press("Control+z")
    viewer.press("Control+z")
    expect(viewer.objects).to_have_count(0)
