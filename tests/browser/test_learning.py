"""A training on the Learn page outlives its tab, is stopped and gone on with, and its result draws in Annotate."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.learning import runs
from core.learning.plan import usual_plan
from core.learning.split import Split
from core.segmentation.prompt import Box
from tests.browser.app import own_home, running_app
from tests.browser.log import bugs
from tests.browser.reader import Reader
from tests.browser.viewer import Viewer
from tests.core.learning.shapes import patient, save_pictures

PATIENCE_S = 400  # a busy processor draws out the choice of an engine
FEW = (6, 48, 64)


@dataclass(frozen=True)
class Place:
    """An app whose weights and trainings lie in folders of its own."""

    url: str
    home: Path
    weights: Path

    @property
    def epochs(self) -> int:
        """How many the training has done."""
        path = self.home / "runs" / "tuned" / runs.LOG
        return len(path.read_text().splitlines()) if path.is_file() else 0

    def wait_for_epochs(self, count: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while self.epochs < count:
            assert time.monotonic() < end, runs.read_progress(self.home / "runs" / "tuned")
            time.sleep(0.2)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    own, log = own_home(tmp_path / "home"), tmp_path / "log"
    with running_app(log, LOBULE_HOME=str(own), LOBULE_WEIGHTS=str(tmp_path / "weights")) as url:
        (tmp_path / "weights").mkdir()
        yield Place(url, own, tmp_path / "weights")
        runs.ask_to_stop(own / "runs" / "tuned")
    assert not bugs(log.read_text())


def learn(browser: Browser, place: Place) -> Reader:
    return Reader(browser.new_context(viewport={"width": 1280, "height": 720}).new_page(), f"{place.url}/learn")


def test_a_training_outlives_its_tab_is_stopped_and_resumed_and_draws_in_annotate(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    for seed in (1, 2):
        save_pictures(tmp_path / "data", patient(seed, shape=FEW))
    page = learn(browser, place).page
    expect(page.get_by_text("Folder on this computer")).to_be_visible(timeout=1000 * PATIENCE_S)
    page.locator(".st-key-learn_data_folder input").fill(str(tmp_path / "data"))
    page.locator(".st-key-learn_data_folder input").press("Enter")
    page.locator(".st-key-learn_model").get_by_role("combobox").click()
    page.get_by_role("option", name="SAM: mask decoder").click()
    page.get_by_text("Settings", exact=True).click()  # drawn now, though the page ran before
    expect(page.locator(".st-key-learn_sam-decoder_small_optimiser").get_by_role("combobox")).to_have_value("adamw")
    expect(page.locator(".st-key-learn_sam-decoder_small_batch input")).to_have_value(
        str(usual_plan("sam", "", Split(())).settings.batch)
    )
    epochs = page.locator(".st-key-learn_sam-decoder_small_epochs input")
    epochs.fill("4000")
    epochs.press("Tab")
    page.locator(".st-key-learn_sam-decoder_small_patience input").fill("0")
    page.locator(".st-key-learn_sam-decoder_small_patience input").press("Tab")
    page.locator(".st-key-learn_name input").fill("tuned")
    page.locator(".st-key-learn_name input").press("Enter")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="tuned · SAM: mask decoder")).to_be_visible()
    page.context.close()  # the tab is gone

    place.wait_for_epochs(place.epochs + 1)
    reader = learn(browser, place)
    page = reader.page
    expect(page.get_by_text("Best epoch")).to_be_visible()
    page.get_by_role("button", name="Stop").last.click()
    expect(page.get_by_text("Stopped as asked; it can go on.")).to_be_visible(timeout=1000 * PATIENCE_S)
    done = place.epochs
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Go on")).to_have_count(0)
    place.wait_for_epochs(done + 1)
    page.get_by_role("button", name="Stop").last.click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=1000 * PATIENCE_S)

    page.get_by_role("button", name="Add to my models").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Add to my models").click()
    expect(page.get_by_text("tuned is one of your models")).to_be_visible()
    assert (place.weights / "tuned.safetensors").is_file()
    page.get_by_role("button", name="Use in Annotate").click()
    page.get_by_role("link", name="Open a CT").click()
    reader.button("Phantom").first.click()
    reader.button("Annotate this CT").click()
    viewer = Viewer(reader)
    reader.button("Model").first.click()
    picker = page.get_by_role("combobox", name="Model")
    expect(picker).to_have_value("tuned · LiteMedSAM, fine-tuned on liver tumours")
    page.keyboard.press("Escape")
    viewer.box(Box(104, 38, 143, 85))
    expect(viewer.objects).to_have_count(1)
    page.context.close()
