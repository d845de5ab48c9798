"""Make the README's screenshot: ``make screenshot``.

It shows the phantom, which is nobody's CT and may be shown to anybody.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from core.imaging.samples import phantom
from core.segmentation.prompt import Box
from tests.browser import chromium
from tests.browser.app import running_app
from tests.browser.reader import Reader

TARGET = Path(__file__).parent / "screenshot.png"
LESIONS = (Box(104, 38, 143, 85), Box(61, 88, 78, 104))  # both on the slice that the phantom opens on


def main() -> None:
    """Box two tumours of the phantom and save what the screen shows."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder) / "log") as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 800})
        reader = Reader(page, url)
        reader.open_sample("Phantom")
        for box in LESIONS:
            reader.draw(box, phantom()[0].grid.shape[1:])
        page.get_by_text("What SAM saw").click()
        expect(page.get_by_text("with the box as the model got it")).to_be_visible()
        reader.settle()
        page.mouse.move(0, 0)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
