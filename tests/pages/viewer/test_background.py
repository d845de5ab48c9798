"""What the viewer asks of the run that carries objects, and what it is told."""

import json
import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import PromptError
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box
from pages.ui import models
from pages.ui.state import AppState, Case
from pages.ui.viewer.background import begin, carrying, stop
from pages.ui.viewer.carrying import end
from tests.core.segmentation.bright import SHAPE, Bright, block, bright_volume
from tests.pages.viewer.test_carrying import Gated

BODY, BESIDE = block(10, 12, 18, 24), block(20, 30, 26, 37)
MARKED = 6
STATE = AppState()


def opened(monkeypatch: pytest.MonkeyPatch, segmenter: Bright) -> Case:
    """Object 1 with a box on slice 7, object 2 drawn by hand there; both lie on slices 4–11."""
    kept = Embeddings(1 << 20)
    monkeypatch.setattr(models, "segmenter", lambda _: segmenter)
    monkeypatch.setattr(models, "embeddings", lambda: kept)
    case = Case.of(bright_volume({z: BODY | BESIDE for z in range(3, 11)}, 15))
    case.annotation.add(MARKED, BODY, 2, box=Box(9, 11, 19, 25), score=0.9, model=segmenter.card)
    case.annotation.add(MARKED, BESIDE, 2)
    return case


def asked(case: Case, run: int = 0, seen: int = 0) -> tuple[dict[str, Any], np.ndarray]:
    request = SimpleNamespace(query_params={"run": run, "seen": seen})
    body = bytes(carrying(STATE, case, request, b"").body)  # type: ignore[arg-type]
    (length,) = struct.unpack_from("<I", body)
    return json.loads(body[4 : 4 + length]), np.frombuffer(body[4 + length :], "<u2")


def ended(case: Case) -> None:
    assert case.run is not None
    assert case.run.wait(20)


def test_where_nothing_was_carried_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told, ids = asked(opened(monkeypatch, Bright()))
    assert told == {"run": 0, "running": False}
    assert not len(ids)


def test_a_browser_that_lays_out_what_it_is_told_sees_the_object_as_it_becomes(monkeypatch: pytest.MonkeyPatch) -> None:
    case = opened(monkeypatch, Bright())
    assert begin(STATE, case, {"do": "carry", "object": 1, "z": None, "first": None, "last": None}) == 1
    ended(case)
    told, ids = asked(case)
    masks, at = {}, 0
    for region in told["regions"]:
        mask = np.zeros(SHAPE, np.uint16)
        height, width = region["h"], region["w"]
        part = ids[at : at + height * width].reshape(height, width)
        mask[region["y0"] : region["y0"] + height, region["x0"] : region["x0"] + width] = part
        masks[region["z"]], at = mask, at + height * width
    assert at == len(ids)
    for z in range(15):
        there = any(outline.z == z for outline in case.annotation.finding(1).outlines)
        wanted = case.annotation.find(1, z).mask(SHAPE) if there else np.zeros(SHAPE, bool)
        assert np.array_equal(masks.get(z, np.zeros(SHAPE)) == 1, wanted)
    (end_told,) = told["ended"]
    assert end_told == {"object": 1, "slices": list(range(3, 11)), "below": "died", "above": "died", "trouble": ""}
    again, nothing = asked(case, told["run"], told["seen"])
    assert (again["regions"], again["ended"], len(nothing)) == ([], [], 0)
    everything, _ = asked(case, told["run"] + 1, told["seen"])  # it knows another run only
    assert len(everything["regions"]) == len(told["regions"])


def test_a_second_object_waits_for_the_first_also_one_drawn_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = Gated(free=1)
    case = opened(monkeypatch, segmenter)
    begin(STATE, case, {"do": "carry", "object": 1})
    assert segmenter.waits.wait(20)
    begin(STATE, case, {"do": "carry", "object": 2})
    told, _ = asked(case)
    assert (told["running"], told["object"], told["waiting"]) == (True, 1, [2])
    segmenter.gate.set()
    ended(case)
    told, _ = asked(case)
    assert [one["object"] for one in told["ended"]] == [1, 2]
    assert case.annotation.finding(2).slices == tuple(range(3, 11))


def test_an_object_that_is_gone_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    case = opened(monkeypatch, Bright())
    with pytest.raises(PromptError, match="Object 5 is no longer there"):
        begin(STATE, case, {"do": "carry", "object": 5})
    with pytest.raises(PromptError, match="Object 1 is not on slice 4"):
        begin(STATE, case, {"do": "carry", "object": 1, "z": 3})
    assert case.run is None


@pytest.mark.parametrize(
    "wrong", [{"object": "1"}, {"object": None}, {"object": 1, "z": 2.5}, {"object": 1, "first": True}]
)
def test_a_request_that_makes_no_sense_is_a_fault(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="whole number"):
        begin(STATE, opened(monkeypatch, Bright()), {"do": "carry", **wrong})


def test_leaving_the_viewer_ends_the_run_and_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = Gated(free=2)
    case = opened(monkeypatch, segmenter)
    begin(STATE, case, {"do": "carry", "object": 1})
    assert segmenter.waits.wait(20)
    stop(STATE, case, SimpleNamespace(), b"")  # type: ignore[arg-type]
    segmenter.gate.set()
    end(case)
    assert case.run is not None
    assert not case.run.is_running
    assert 3 <= len(case.annotation.finding(1).slices) < 8
