"""How the viewer scrolls and answers in a real browser, side by side with the simple canvas.

    python -m benchmarks.scrolling [--shape 200 512 512] [--keys 60] [--boxes 10]

A made CT carries its slice number in eight bright or dark squares, which are read from the canvas in every frame:
what counts is the slice that is painted, not the one that was asked for. Both ways look at the same CT in the same
browser, one after the other in each round.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.app import running_app
from tests.browser.reader import Reader

BITS, SIDE, PITCH, TOP = 8, 36, 48, 40
PATIENCE_MS = 180_000
WAYS = ("viewer", "simple canvas")
PROBE = Path(__file__).with_name("scrolling_probe.js")


@dataclass
class Measured:
    """What one way to look at the CT took; times in ms."""

    key_ms: list[float] = field(default_factory=list)
    painted: int = 0
    pressed: int = 0
    blank: int = 0
    frames: int = 0
    first_ms: float = float("nan")
    mounted_ms: float = float("nan")
    all_ms: float = float("nan")
    bytes_per_slice: float = 0.0
    heap_mb: float = 0.0
    box_ms: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure scrolling and prompting in a browser.")
    parser.add_argument("--shape", type=int, nargs=3, default=(200, 512, 512), metavar=("Z", "Y", "X"))
    parser.add_argument("--keys", type=int, default=60, help="key presses one by one, and as many at 30 a second")
    parser.add_argument("--boxes", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "coded.nii.gz"
        lesion = write_coded(path, tuple(chosen.shape))
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.ARGUMENTS))
        with running_app(Path(folder) / "log") as url:
            found = {way: measure(browser, url, path, way, lesion, chosen) for way in WAYS}
        browser.close()
    print(f"CT of {' x '.join(str(n) for n in chosen.shape)} voxels, headless Chromium, no GPU.\n")
    print(table(found))


def write_coded(path: Path, shape: tuple[int, int, int]) -> tuple[int, int, int, int, int]:
    """Write a CT that shows its slice numbers; return slice and box ``(z, y0, x0, y1, x1)`` of a lesion in it."""
    import SimpleITK

    depth, height, width = shape
    rng = np.random.default_rng(0)
    hu = np.full(shape, -1000, np.int16)
    y, x = np.mgrid[:height, :width]
    body = ((y - height * 0.55) / (height * 0.42)) ** 2 + ((x - width / 2) / (width * 0.46)) ** 2 < 1
    lesion = (y - height * 0.6) ** 2 + (x - width * 0.4) ** 2 < (width * 0.05) ** 2
    for z in range(depth):
        slab = np.where(body, rng.normal(105, 12, (height, width)), -1000)
        slab[lesion] = rng.normal(45, 12, int(lesion.sum()))
        draw_code(slab, z + 1)
        hu[z] = slab
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.75, 0.8, 2.0))
    SimpleITK.WriteImage(image, str(path), useCompression=True, compressionLevel=1)
    rows, columns = np.flatnonzero(lesion.any(axis=1)), np.flatnonzero(lesion.any(axis=0))
    return depth // 2, int(rows[0]) - 2, int(columns[0]) - 2, int(rows[-1]) + 3, int(columns[-1]) + 3


def draw_code(picture: npt.NDArray[np.float64], number: int) -> None:
    for bit in range(BITS):
        left = TOP + bit * PITCH
        picture[TOP : TOP + SIDE, left : left + SIDE] = 240 if number >> bit & 1 else -160


def measure(
    browser: Browser, url: str, path: Path, way: str, lesion: tuple[int, ...], chosen: argparse.Namespace
) -> Measured:
    """Open the CT afresh and scroll and box in one way."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(path=PROBE)
    traffic = Traffic(page, context.new_cdp_session(page))
    reader = Reader(page, url)
    reader.upload(path)
    expect(reader.button("Annotate this CT")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(1000)
    found = Measured()
    open_in(page, reader, way, chosen.shape, found)
    scroll(page, chosen.keys, traffic, found)
    found.heap_mb = traffic.heap_mb()
    prompt(page, lesion, chosen.boxes, found)
    context.close()
    return found


def open_in(page: Page, reader: Reader, way: str, shape: tuple[int, int, int], found: Measured) -> None:
    """Go to Annotate; time the first slice, and for the viewer the whole volume."""
    if way != "viewer":
        reader.annotate()
        page.evaluate("shape => lobuleProbe.start('simple', shape)", shape)
        page.wait_for_function("lobuleProbe.code > 0")
        return
    page.evaluate("shape => lobuleProbe.start('viewer', shape)", shape)
    began = page.evaluate("performance.now()")
    reader.button("Annotate this CT").click()
    page.wait_for_function("lobuleProbe.code > 0")
    found.first_ms = page.evaluate("lobuleProbe.seen[0][0]") - began
    found.mounted_ms = page.evaluate("lobuleProbe.seen[0][0] - lobuleProbe.mounted")
    page.wait_for_function("lobuleProbe.loaded()", timeout=PATIENCE_MS)
    found.all_ms = page.evaluate("performance.now()") - began


def scroll(page: Page, keys: int, traffic: "Traffic", found: Measured) -> None:
    """Press keys one by one, then at 30 a second."""
    page.wait_for_timeout(2000)
    traffic.reset()
    for i in range(keys):
        here = page.evaluate("lobuleProbe.code")
        wanted = here + 1 if i % 20 < 10 else here - 1
        page.keyboard.press("ArrowUp" if wanted > here else "ArrowDown")
        page.wait_for_function("wanted => lobuleProbe.code === wanted", arg=wanted)
        found.key_ms.append(page.evaluate("wanted => lobuleProbe.latency(wanted)", wanted))
    found.bytes_per_slice = traffic.received / keys
    page.wait_for_timeout(1500)
    page.evaluate("lobuleProbe.reset()")
    due = time.perf_counter()
    for i in range(keys):
        page.keyboard.press("ArrowUp" if i < keys // 2 else "ArrowDown")
        due += 1 / 30
        time.sleep(max(0.0, due - time.perf_counter()))
    page.wait_for_timeout(100)
    found.pressed = keys
    found.painted, found.blank, found.frames = page.evaluate("lobuleProbe.counts()")
    page.wait_for_timeout(3000)


def prompt(page: Page, lesion: tuple[int, ...], boxes: int, found: Measured) -> None:
    """Draw a box, wait for its colour, take it back, again and again; the slice is embedded ahead."""
    z, y0, x0, y1, x1 = lesion
    while (here := page.evaluate("lobuleProbe.code")) != z:
        page.keyboard.press("ArrowUp" if here < z else "ArrowDown")
        page.wait_for_function("here => lobuleProbe.code !== here", arg=here)
    page.wait_for_timeout(6000)
    centre = [(y0 + y1) / 2, (x0 + x1) / 2]
    for i in range(boxes + 1):
        page.evaluate("place => lobuleProbe.watch(place)", centre)
        start, end = page.evaluate("corners => corners.map((c) => lobuleProbe.place(c))", [[y0, x0], [y1, x1]])
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=5)
        page.mouse.up()
        page.wait_for_function("lobuleProbe.coloured !== null")
        if i:  # the first warms up
            found.box_ms.append(page.evaluate("lobuleProbe.coloured - lobuleProbe.released"))
        page.wait_for_timeout(1500)
        page.keyboard.press("Control+z")
        page.wait_for_function("!lobuleProbe.isColoured()")
        page.wait_for_timeout(1500)


class Traffic:
    """Counts what the browser receives."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self.received, self._session = 0, session
        session.send("Network.enable")
        session.on("Network.dataReceived", lambda event: self._add(int(event["dataLength"])))
        session.on("Network.webSocketFrameReceived", lambda event: self._add(len(event["response"]["payloadData"])))

    def _add(self, count: int) -> None:
        self.received += count

    def reset(self) -> None:
        """Count from 0 again."""
        self.received = 0

    def heap_mb(self) -> float:
        """Return what JavaScript holds, buffers included."""
        usage = self._session.send("Runtime.getHeapUsage")
        return float(usage["usedSize"] + usage.get("backingStorageSize", 0)) / 1e6


def table(found: dict[str, Measured]) -> str:
    rows = [("", *found)]
    one = list(found.values())

    def row(name: str, *values: str) -> None:
        rows.append((name, *values))

    row("key to new slice, p50 / p95 ms", *(f"{q(m.key_ms, 50):.0f} / {q(m.key_ms, 95):.0f}" for m in one))
    row("slices painted at 30 keys a second", *(f"{m.painted} of {m.pressed}" for m in one))
    row("blank frames", *(f"{m.blank} of {m.frames}" for m in one))
    row("bytes received per slice", *(f"{m.bytes_per_slice:,.0f}" for m in one))
    row("browser heap with buffers, MB", *(f"{m.heap_mb:.0f}" for m in one))
    row("viewer on the page to first slice, ms", *(ms(m.mounted_ms) for m in one))
    row("click on Annotate to first slice, ms", *(ms(m.first_ms) for m in one))
    row("click on Annotate to whole volume, ms", *(ms(m.all_ms) for m in one))
    row("box let go to mask, p50 / p95 ms", *(f"{q(m.box_ms, 50):.0f} / {q(m.box_ms, 95):.0f}" for m in one))
    rows.insert(1, tuple("---" for _ in rows[0]))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def ms(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.0f}"


def q(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else float("nan")


if __name__ == "__main__":
    main()
