"""The slice viewer as a reader uses it: places are voxels, slices count from 1."""

import io
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Request, expect

from core.segmentation.prompt import Box
from tests.browser.reader import MODEL_MS, Reader

LOADED_MS = 60_000
REST_MS = 350
_BASE = re.compile(r".*/lobule/[\w-]{20,}/")  # with a token
GREY = 15  # no further than this lie the channels of a grey apart

_NEXT_PICTURE = """() => new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(done));
    setTimeout(done, 500);  // a window in the background paints nothing
})"""


class Viewer:
    """Drives the viewer of one browser window."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.page = reader, reader.page
        self.root = self.page.locator(".lobule")
        self.sent: list[dict[str, Any]] = []
        self.base = ""
        self.page.on("request", self._note)
        expect(self.root).to_have_attribute("data-ready", "true")
        self.rest()

    def rest(self) -> None:
        """Wait until the picture keeps its place: what stands round it may come later."""
        before = None
        while (now := self.transform()) != before:
            before = now
            self.page.wait_for_timeout(REST_MS)

    def _note(self, request: Request) -> None:
        """Keep what the viewer asks of the server, in order, and where it asks: a case opened anew lies elsewhere."""
        if found := _BASE.match(request.url):
            self.base = found[0]
        if "/do?" in request.url:
            self.sent.append(request.post_data_json)

    def loaded(self) -> "Viewer":
        """Wait until the whole volume is in the browser."""
        expect(self.root).to_have_attribute("data-loaded", "true", timeout=LOADED_MS)
        return self

    def settle(self) -> None:
        """Wait until every command is answered; that one is on its way is only told with the next picture."""
        self.page.evaluate(_NEXT_PICTURE)
        expect(self.root).to_have_attribute("data-busy", "false")

    def canvas(self, plane: str = "axial") -> Locator:
        return self.root.locator(f"canvas[data-plane={plane}]")

    @property
    def slice(self) -> int:
        return int(self.root.get_attribute("data-slice") or 0)

    def go_to(self, number: int) -> None:
        """Step with the arrow keys; returns when that slice is painted."""
        steps = number - self.slice
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowUp" if steps > 0 else "ArrowDown")
        self.shows(number)

    def shows(self, number: int) -> None:
        """Wait until a slice is painted."""
        expect(self.canvas()).to_have_attribute("data-index", str(number - 1))

    def tool(self, name: str) -> None:
        self.root.locator(f"[data-tool={name}]").click()
        expect(self.root.locator(f"[data-tool={name}]")).to_have_attribute("aria-pressed", "true")

    def transform(self, plane: str = "axial") -> tuple[float, float, float, float]:
        """Return where the centre of voxel (0, 0) lies on the page, x and y, and how far the next ones are."""
        x, y, across, down = self.canvas(plane).evaluate(
            """canvas => {
                const { left, top } = canvas.getBoundingClientRect();
                const { x, y, scale, scaleY } = canvas.dataset;
                return [left + Number(x), top + Number(y), Number(scale), Number(scaleY)];
            }"""
        )
        return x, y, across, down

    def place(self, row: float, column: float, plane: str = "axial") -> tuple[float, float]:
        """Return where on the page the voxel lies; whole numbers are centres of voxels."""
        x, y, across, down = self.transform(plane)
        return x + column * across, y + row * down

    def click(self, row: float, column: float, plane: str = "axial") -> None:
        self.page.mouse.click(*self.place(row, column, plane))

    def drag(self, *places: tuple[float, float], button: str = "left") -> None:
        """Press at the first place, go through the others, let go at the last."""
        self.page.mouse.move(*self.place(*places[0]))
        self.page.mouse.down(button=button)  # type: ignore[arg-type]
        for place in places[1:]:
            self.page.mouse.move(*self.place(*place), steps=6)
        self.page.mouse.up(button=button)  # type: ignore[arg-type]

    def box(self, box: Box) -> None:
        """Draw a box; returns when its mask is there."""
        before = self.objects.count()
        self.drag((box.y0 - 0.5, box.x0 - 0.5), (box.y1 - 0.5, box.x1 - 0.5))
        expect(self.objects).to_have_count(before + 1, timeout=MODEL_MS)
        self.settle()

    @property
    def objects(self) -> Locator:
        """The rows of the list of objects."""
        return self.root.locator("[data-object]")

    def asked(self, count: int = 1) -> list[dict[str, Any]]:
        """Return the last commands, once they are answered."""
        self.settle()
        return self.sent[-count:]

    def press(self, keys: str) -> None:
        """Press a key or a chord; returns when what it asked for is done."""
        self.page.keyboard.press(keys)
        self.settle()

    def change(self, name: str, amount: float | None = None, row: int = 0) -> None:
        """Do something from the menu of an object; returns when it is done."""
        self.objects.nth(row).get_by_role("button", name="Change object").click()
        entry = self.root.locator(f".menu [data-act={name}]")
        if amount is not None:
            entry.locator("xpath=../input").fill(f"{amount:g}")
        entry.click()
        self.settle()

    @property
    def said(self) -> Locator:
        """The line over the picture."""
        return self.root.locator(".toast.shown")

    def map(self, shape: tuple[int, int, int]) -> np.ndarray:
        """Return the objects' numbers as the server holds them, ``(z, y, x)``, by the viewer's own way."""
        self.settle()
        base = self.base or self.page.evaluate(
            """() => performance.getEntriesByType("resource").map(({ name }) => name)
                .findLast((name) => name.includes("/volume?")).replace(/volume.*/, "")"""
        )
        # A connection that the server closes just then is tried again, as browsers do.
        told = self.page.request.get(f"{base}objects?since=0", max_retries=3).body()
        (length,) = struct.unpack_from("<I", told)
        found, at = np.zeros(shape, np.uint16), 4 + length
        for region in json.loads(told[4:at])["regions"]:
            z, y0, x0, h, w = (region[side] for side in ("z", "y0", "x0", "h", "w"))
            found[z, y0 : y0 + h, x0 : x0 + w] = np.frombuffer(told, "<u2", h * w, at).reshape(h, w)
            at += 2 * h * w
        return found

    def act(self, name: str) -> None:
        self.root.locator(f"[data-act={name}]:visible").first.click()

    def picture(self, plane: str = "axial") -> np.ndarray:
        """Return what the pane shows, ``(h, w, 3)`` uint8."""
        return np.asarray(Image.open(io.BytesIO(self.canvas(plane).screenshot())).convert("RGB"))

    def pixel(self, row: float, column: float, plane: str = "axial") -> tuple[int, int, int]:
        """Return the colour at a voxel's centre, as it is on the screen."""
        x, y = self.place(row, column, plane)
        spot = self.page.screenshot(clip={"x": round(x), "y": round(y), "width": 1, "height": 1})
        red, green, blue = np.asarray(Image.open(io.BytesIO(spot)).convert("RGB"))[0, 0].tolist()
        return red, green, blue

    def coloured(self, row: float, column: float) -> tuple[int, int, int]:
        """Return the colour at a voxel once it is no grey any more; labels may come after their slice."""
        for _ in range(100):
            if np.ptp(colour := self.pixel(row, column)) > GREY:
                break
            self.page.wait_for_timeout(100)
        return colour

    def labels(self, folder: Path) -> np.ndarray:
        """Export the labels, whatever is still on its way; return them, ``(z, y, x)``, on the CT's own grid."""
        import SimpleITK

        return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(self.reader.download("Labels as NIfTI", folder))))
