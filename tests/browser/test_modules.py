"""What the viewer works out in the browser, so that it is seen at once, is what core works out."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from core.editing.brush import stroke
from core.editing.polygon import filled
from core.imaging.grid import Grid
from core.imaging.window import Window
from pages.ui.viewer.routes import code

SHAPE, SPACING = (7, 38, 53), (2.5, 0.8, 0.7)
GRID = Grid.from_geometry(SHAPE, spacing=SPACING)


@pytest.fixture(scope="module")
def page(browser: Browser, app_url: str) -> Iterator[Page]:
    """A page of the app that can import the viewer's modules."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{app_url}/_stcore/health")
    yield page
    context.close()


def run(page: Page, module: str, body: str, **given: Any) -> Any:
    """Run JavaScript with a module's names in ``it`` and what is given in ``given``."""
    address = f"/lobule/viewer/{code()}/{module}"
    return page.evaluate(
        f"async ([address, given]) => {{ const it = await import(address); {body} }}", [address, given]
    )


def masks(found: list[Any], shape: tuple[int, int]) -> dict[int, np.ndarray]:
    return {
        z: np.unpackbits(np.array(bits, np.uint8), count=shape[0] * shape[1]).reshape(shape) > 0 for z, bits in found
    }


PACKED = """const packed = (mask) => {
    const bits = new Array(Math.ceil(mask.length / 8)).fill(0);
    mask.forEach((set, i) => { if (set) bits[i >> 3] |= 128 >> (i & 7); });
    return bits;
};"""


@pytest.mark.parametrize("ball", [False, True])
@pytest.mark.parametrize("radius", [0.3, 1.9, 5.6])
def test_a_stroke_covers_in_the_browser_what_it_covers_in_core(page: Page, ball: bool, radius: float) -> None:
    rng = np.random.default_rng(int(radius * 10) + ball)
    for number in range(12):
        z = number % SHAPE[0]
        ends = rng.uniform(-4, [SHAPE[1] + 4, SHAPE[2] + 4], (1 + number % 5, 2)).round(3)
        points = [[z, y, x] for y, x in ends.tolist()]
        body = f"""{PACKED}
            const stroke = new it.Stroke(given.shape, given.spacing, given.radius, given.ball, () => true);
            for (const point of given.points) stroke.add(point);
            return [...stroke.masks].map(([z, mask]) => [z, packed(mask)]);"""
        told = run(page, "strokes.js", body, shape=SHAPE, spacing=SPACING, radius=radius, ball=ball, points=points)
        drawn, wanted = masks(told, SHAPE[1:]), stroke([(z, y, x) for z, y, x in points], radius, GRID, ball=ball)
        assert drawn.keys() == wanted.keys()
        for at, mask in wanted.items():
            assert (drawn[at] == mask).all(), (points, at)


def test_a_polygon_holds_in_the_browser_what_it_holds_in_core(page: Page) -> None:
    rng = np.random.default_rng(3)
    corners = [rng.uniform(-5, [SHAPE[1] + 5, SHAPE[2] + 5], (3 + n % 6, 2)).round(3).tolist() for n in range(25)]
    corners.append([[3, 4], [3, 20], [17, 20], [17, 4]])  # edges right on the centres of voxels
    body = (
        f"{PACKED} return given.corners.map((one, i) => [i, packed(it.polygonMask(one, given.height, given.width))]);"
    )
    drawn = masks(run(page, "strokes.js", body, corners=corners, height=SHAPE[1], width=SHAPE[2]), SHAPE[1:])
    for number, vertices in enumerate(corners):
        wanted = filled([(y, x) for y, x in vertices], SHAPE[1:])
        assert (drawn[number] == wanted).all(), vertices
    assert drawn[25].sum() == 14 * 16


@pytest.mark.parametrize("window", [Window(40, 400), Window(-600, 1500), Window(33.5, 1), Window(12000, 65535)])
def test_every_value_has_in_the_browser_the_grey_that_core_gives_it(page: Page, window: Window) -> None:
    body = "return [...it.fillGreys(new Uint32Array(65536), given.level, given.width)].join();"
    table = run(page, "greys.js", body, level=window.level_hu, width=window.width_hu)
    told = np.array(table.split(","), "<u4").view(np.uint8).reshape(65536, 4).astype(int)  # red, green, blue, alpha
    values = np.arange(65536).astype(np.uint16).view(np.int16)
    exact = ((values - (window.level_hu - window.width_hu / 2)) * 255 / window.width_hu).clip(0, 255)
    split = np.abs(exact % 1 - 0.5) < 0.01  # between two greys: either is right
    assert (told[:, 0][~split] == window.apply(values)[~split]).all()
    assert np.abs(told[:, 0] - window.apply(values)).max() <= 1
    assert (told[:, :3] == told[:, :1]).all()
    assert (told[:, 3] == 255).all()


def test_outlines_run_along_every_edge_between_objects_and_nowhere_else(page: Page) -> None:
    rng = np.random.default_rng(8)
    ids = np.kron(rng.integers(0, 4, (5, 7)), np.ones((3, 4), int))
    ids[4:9, 9:15] = rng.integers(0, 4, (5, 6))
    rows, columns = ids.shape
    body = "return [...it.outlines(Uint16Array.from(given.ids), given.columns, given.rows)];"
    told = run(page, "raster.js", body, ids=ids.ravel().tolist(), columns=columns, rows=rows)
    padded = np.pad(ids, 1)
    for value, lines in told:
        drawn: set[tuple[float, ...]] = set()
        for x0, y0, x1, y1 in np.reshape(lines, (-1, 4)):
            steps = int(abs(x1 - x0) + abs(y1 - y0))
            dx, dy = (x1 - x0) / steps, (y1 - y0) / steps
            drawn |= {(y0 + (k + 0.5) * dy, x0 + (k + 0.5) * dx) for k in range(steps)}  # middles of unit edges
        inside = padded == value
        across = {(y - 0.5, float(x - 1)) for y, x in np.argwhere(inside[1:] != inside[:-1])}
        down = {(float(y - 1), x - 0.5) for y, x in np.argwhere(inside[:, 1:] != inside[:, :-1])}
        assert drawn == across | down, f"object {value}"
    assert {value for value, _ in told} == {1, 2, 3}
