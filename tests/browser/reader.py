"""What a reader does with mouse and keyboard, in a reader's words."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from core.segmentation.prompt import Box

PATIENCE_MS = 30_000
MODEL_MS = 150_000  # the first mask waits for the choice of an engine, which busy processors draw out
expect.set_options(timeout=PATIENCE_MS)


class Reader:
    """Drives one browser window."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def open_sample(self, title: str) -> None:
        self.button(title).click()
        self.annotate()

    def annotate(self) -> None:
        """Go to Annotate and take the simple canvas."""
        self.button("Annotate this CT").click()
        viewer = self.page.locator(".lobule")
        expect(viewer.or_(self.canvas)).to_be_visible()
        if viewer.count():
            self.button("Simple canvas").click()
        expect(self.canvas).to_be_visible()
        self.settle()

    def upload(self, *paths: Path) -> None:
        self.page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])

    def upload_folder(self, folder: Path) -> None:
        self.page.get_by_role("tab", name="A folder").click()
        self.page.locator("input[type=file][webkitdirectory]").set_input_files(str(folder))

    @property
    def canvas(self) -> Locator:
        return self.page.locator("[class*='st-key-canvas_']:not([data-retained]) canvas.upper-canvas")

    def settle(self) -> None:
        """Wait until nothing runs and the picture stands still."""
        resting = self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
        expect(resting).to_be_visible()
        self.page.wait_for_timeout(300)
        expect(resting).to_be_visible()
        expect(self.canvas).to_have_count(1)

    @property
    def slice(self) -> int:
        """The slice that the slice bar shows."""
        return int(self.page.get_by_role("slider", name="Slice", exact=True).input_value())

    def go_to_slice(self, number: int) -> None:
        """Step to a slice, counted from 1, with the arrow keys."""
        while (now := self.slice) != number:
            self.page.keyboard.press("ArrowUp" if now < number else "ArrowDown")
        expect(self.page.get_by_text(f"slice {number} of")).to_be_visible()
        self.settle()

    def draw(self, box: Box, shape: tuple[int, int]) -> None:
        """Drag a box given in voxels of a slice of ``shape``; returns when its mask is there."""
        before = self.objects.count()
        self.drag(box, shape)
        expect(self.objects).to_have_count(before + 1, timeout=MODEL_MS)
        self.settle()

    def drag(self, box: Box, shape: tuple[int, int]) -> None:
        """Press, drag and let go, without waiting for anything."""
        place = self.canvas.bounding_box()
        assert place is not None
        down, across = place["height"] / shape[0], place["width"] / shape[1]
        mouse = self.page.mouse
        mouse.move(place["x"] + box.x0 * across, place["y"] + box.y0 * down)
        mouse.down()
        mouse.move(place["x"] + (box.x0 + box.x1) / 2 * across, place["y"] + (box.y0 + box.y1) / 2 * down, steps=4)
        mouse.move(place["x"] + box.x1 * across, place["y"] + box.y1 * down, steps=4)
        mouse.up()

    @property
    def objects(self) -> Locator:
        """The cards of the objects on the slice."""
        return self.page.locator("[class*='st-key-object_']")

    def download(self, title: str, folder: Path) -> Path:
        """Export something and return where it was saved, under the name it came with."""
        self.button("Export").click()
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name=title).click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        self.page.keyboard.press("Escape")
        return path
