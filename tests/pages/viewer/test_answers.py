"""What the browser is told is enough to show what the server holds."""

import json
import math
import struct
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.editing.annotation import Annotation
from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR
from core.segmentation.prompt import Box, Point
from pages.ui.viewer.answers import answer

GRID = Grid.from_geometry((4, 9, 13), spacing=(5.0, 0.75, 0.5))


class Browser:
    """Keeps the object map as the viewer does: by applying answers."""

    def __init__(self) -> None:
        self.version = 0
        self.map = np.zeros(GRID.shape, np.uint16)

    def take(self, said: bytes) -> dict[str, Any]:
        (length,) = struct.unpack_from("<I", said)
        header = json.loads(said[4 : 4 + length])
        at = 4 + length
        for z in header["cleared"]:
            self.map[z] = 0
        for region in header["regions"]:
            shape = region["h"], region["w"]
            ids = np.frombuffer(said, "<u2", math.prod(shape), at).reshape(shape)
            at += ids.nbytes
            y0, x0 = region["y0"], region["x0"]
            self.map[region["z"], y0 : y0 + shape[0], x0 : x0 + shape[1]] = ids
        assert at == len(said)
        self.version = header["version"]
        return dict(header)


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_a_browser_that_knows_nothing_hears_of_every_object() -> None:
    annotation = Annotation(GRID)
    liver = annotation.draw({1: block(0, 0, 9, 13), 2: block(1, 1, 8, 12)}, "paint", label=LIVER)
    made = {"box": Box(2, 3, 6, 8), "points": (Point(3, 4), Point(5, 7, positive=False)), "score": 0.875}
    tumour = annotation.draw({2: block(2, 3, 5, 7)}, "box on slice 3", label=TUMOUR, **made)
    header = (browser := Browser()).take(answer(annotation, 0, tumour))
    assert (browser.map[1] == liver).all()
    assert (browser.map[2] == tumour).sum() == 12
    assert browser.map[2, 7, 11] == liver
    assert header["active"] == tumour
    assert header["undo"] == "box on slice 3"
    (told,) = [told for told in header["objects"] if told["id"] == tumour]
    assert told["slices"] == [2]
    assert told["ml"] == 0.0225  # 12 voxels of 5 x 0.75 x 0.5 mm
    assert told["prompts"] == [{"z": 2, "box": [2, 3, 6, 8], "points": [[3, 4, True], [5, 7, False]]}]


def test_what_no_model_made_has_no_score() -> None:
    annotation = Annotation(GRID)
    annotation.draw({0: block(0, 0, 2, 3)}, "paint", label=LIVER)
    assert Browser().take(answer(annotation, 0))["objects"][0]["score"] is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 9), st.integers(0, 4)), max_size=12))
def test_a_browser_that_applies_every_answer_shows_what_the_server_holds(moves: list[tuple[int, ...]]) -> None:
    annotation, browser = Annotation(GRID), Browser()
    for z, y, x, what in moves:
        known = [finding.id for finding in annotation.findings]
        if what == 0:
            annotation.undo()
        elif what == 1:
            annotation.redo()
        elif what == 2 and known:
            annotation.remove(known[0])
        elif what == 3 and known:
            annotation.draw({z: block(y, x, y + 1, x + 4)}, "paint", identity=known[-1])
        else:
            annotation.draw({z: block(y, x, y + 3, x + 2)}, "paint", label=1 + z % 2)
        if x % 3:  # sometimes it hears of several steps at once
            browser.take(answer(annotation, browser.version))
    browser.take(answer(annotation, browser.version))
    for z in range(GRID.shape[0]):
        assert np.array_equal(browser.map[z], annotation.object_slice(z))
