"""Points in the viewer, with a model that takes them: SAM with weights drawn at random.

What such a model finds means nothing; that the points reach it, and that its answer comes back, does.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, expect

from core.imaging.samples import lits_117
from core.segmentation import networks, weights
from core.segmentation.embedding_files import EmbeddingFiles
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.prompt import Box, Point, Prompt
from tests.browser.app import own_home, running_app
from tests.browser.reader import Reader
from tests.browser.test_viewer import SLICE, opened
from tests.browser.viewer import Viewer

ENGINE = "torch fp32"
SHAPE = (128, 128, 128)
ENCODED_MS = 240_000  # SAM's large encoder, on two busy cores
INSIDE, OUTSIDE, BOX = (60, 60), (80, 50), Box(30, 40, 70, 95)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ViT-B as a training script would save it."""
    from segment_anything import sam_model_registry

    assert networks, "its import makes torchvision's importable"
    torch.manual_seed(11)
    folder = tmp_path_factory.mktemp("weights")
    torch.save(sam_model_registry["vit_b"]().state_dict(), folder / "drawn.pth")
    return folder


@pytest.fixture
def viewer(browser: Browser, folder: Path, tmp_path: Path) -> Iterator[Viewer]:
    settings = {"LOBULE_WEIGHTS": str(folder), "LOBULE_HOME": str(own_home(tmp_path / "home")), "LOBULE_ENGINE": ENGINE}
    with running_app(folder / "log", **settings) as url:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        viewer = opened(Reader(context.new_page(), url), "LiTS-117 (real tumour)").loaded()
        viewer.page.get_by_role("button", name="Model").click()
        viewer.page.get_by_role("combobox", name="Model").click()
        viewer.page.get_by_role("option", name="drawn").click()
        viewer.page.keyboard.press("Escape")
        expect(viewer.root.locator("[data-tool=plus]")).not_to_have_attribute("aria-disabled", "true")
        yield viewer
        context.close()


def test_points_and_boxes_give_the_mask_that_the_model_gives_in_python(viewer: Viewer, folder: Path) -> None:
    page, z = viewer.page, SLICE - 1
    viewer.go_to(SLICE)
    green = viewer.pixel(*INSIDE)
    page.keyboard.press("p")
    viewer.click(*INSIDE)
    expect(viewer.objects).to_have_count(1, timeout=ENCODED_MS)
    one = viewer.map(SHAPE)
    assert viewer.asked() == [
        {"do": "points", "z": z, "points": [[*INSIDE, True]], "box": None, "object": None, "label": 2}
    ]
    assert np.subtract(viewer.pixel(INSIDE[0], INSIDE[1] + 1), green)[1] > 20, "no mark where the point is"

    page.keyboard.press("Shift+P")
    viewer.click(*OUTSIDE)
    both = viewer.map(SHAPE)
    page.keyboard.press("b")
    viewer.box(BOX)
    with_box = viewer.map(SHAPE)
    assert len(np.unique(with_box)) == 3, "a box without Ctrl is another object"
    viewer.press("Control+z")
    page.keyboard.press("p")
    page.keyboard.down("Alt")
    viewer.click(OUTSIDE[0] + 20, OUTSIDE[1])
    page.keyboard.up("Alt")
    assert viewer.asked()[0]["points"][-1] == [OUTSIDE[0] + 20, OUTSIDE[1], False]

    ct, segmenter = lits_117()[0], weights.load("drawn", "cpu", folder, ENGINE)
    embeddings = Embeddings(1 << 26, EmbeddingFiles(folder / "cache" / "embeddings", 1 << 30))

    def found(*points: Point, box: Box | None = None) -> np.ndarray:
        mask: np.ndarray = segment_slice(ct, z, Prompt(box, points), segmenter, embeddings).mask
        assert 0 < mask.sum() < mask.size
        return mask

    inside, outside = Point(*INSIDE), Point(*OUTSIDE, positive=False)
    assert ((one[z] > 0) == found(inside)).all()
    assert ((both[z] > 0) == found(inside, outside)).all()
    assert ((with_box[z] == 2) == found(box=BOX)).all()
    viewer.press("Control+z")
    assert (viewer.map(SHAPE) == both).all()
    viewer.press("Control+z")
    assert (viewer.map(SHAPE) == one).all()
    viewer.press("Control+z")
    expect(viewer.objects).to_have_count(0)
    viewer.press("Control+Shift+z")
    assert (viewer.map(SHAPE) == one).all()
