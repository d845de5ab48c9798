"""Make the README's screenshot: ``make screenshot``.

It shows the phantom, which is nobody's CT and may be shown to anybody.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from core.segmentation.prompt import Box
from tests.browser import chromium
from tests.browser.app import running_app
from tests.browser.reader import Reader
from tests.browser.viewer import Viewer

TARGET = Path(__file__).parent / "screenshot.png"
LESIONS = (Box(104, 38, 143, 85), Box(61, 88, 78, 104))  # both on the slice that the phantom opens on


def main() -> None:
    """Box two tumours of the phantom and save what the screen shows."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder) / "log", LOBULE_HOME=folder) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 800})
        reader = Reader(page, url)
        reader.button("Phantom").click()
        reader.button("Annotate this CT").click()
        viewer = Viewer(reader).loaded()
        for box in LESIONS:
            viewer.box(box)
        page.keyboard.press("t")
        expect(viewer.canvas("sagittal")).to_be_visible()
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
