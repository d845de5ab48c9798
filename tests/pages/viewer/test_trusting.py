"""What the browser is told of how far to trust an object, and that it is worked out once for each outline."""

import json
import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.editing.carrying import carry
from core.imaging.volume import LIVER
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box, Prompt
from core.segmentation.propagation import propagate
from core.segmentation.segmenter import Embedding, Prediction
from core.segmentation.stability import stability
from pages.ui import models
from pages.ui.state import AppState, Case
from pages.ui.viewer import trusting
from pages.ui.viewer.trusting import agreement, trust
from tests.core.segmentation.bright import SHAPE, Bright, block, bright_volume

FIRST, MARKED, LAST = 3, 6, 10
THICK, THIN = block(8, 10, 20, 26), block(11, 13, 15, 19)
ROUND = Box(8, 10, 20, 26)  # as tight as can be, so that a box that is moved cuts something off


class Counting(Bright):
    """Counts how often boxes are moved."""

    moved = 0

    def predict_many(self, embedding: Embedding, prompts: Any) -> list[Prediction]:
        self.moved += 1
        return super().predict_many(embedding, prompts)


@pytest.fixture
def segmenter(monkeypatch: pytest.MonkeyPatch) -> Counting:
    segmenter, kept = Counting(), Embeddings(1 << 20)
    monkeypatch.setattr(models, "loaded", lambda _: segmenter)
    monkeypatch.setattr(models, "embeddings", lambda: kept)
    return segmenter


@pytest.fixture
def case(segmenter: Counting) -> Case:
    """Object 1: a box on slice 7, carried to slices 4–11; slice 11 is much smaller than the others."""
    volume = bright_volume({z: THICK for z in range(FIRST, LAST)} | {LAST: THIN}, 14)
    case = Case.of(volume)
    made = {"box": ROUND, "score": 0.9, "model": segmenter.card, "window": segmenter.card.window}
    case.annotation.add(MARKED, THICK, 2, **made)
    steps = propagate(volume, {MARKED: Prompt(ROUND)}, segmenter, models.embeddings(), window=segmenter.card.window)
    carry(case.annotation, steps, model=segmenter.card, identity=1)
    assert case.annotation.finding(1).slices == tuple(range(FIRST, LAST + 1))
    return case


def asked(case: Case, z: int = MARKED, identity: int = 1) -> dict[str, Any]:
    request = SimpleNamespace(query_params={"object": identity, "z": z})
    return dict(json.loads(trust(AppState(), case, request, b"").body))  # type: ignore[arg-type]


def votes(case: Case, z: int) -> tuple[dict[str, Any], np.ndarray]:
    request = SimpleNamespace(query_params={"object": 1, "z": z})
    body = bytes(agreement(AppState(), case, request, b"").body)  # type: ignore[arg-type]
    (length,) = struct.unpack_from("<I", body)
    header = json.loads(body[4 : 4 + length])
    return header, np.frombuffer(body, np.uint8, offset=4 + length).reshape(header["h"], header["w"])


def test_the_slice_whose_area_does_not_fit_comes_first_and_says_so(case: Case) -> None:
    told = asked(case)
    assert told["left"] == 0
    assert told["doubts"][0]["z"] == LAST
    assert told["doubts"][0]["why"] == ["area"]
    assert MARKED not in [doubt["z"] for doubt in told["doubts"]]
    assert {int(z) for z in told["stability"]} == set(range(FIRST, LAST + 1))


def test_a_remark_names_its_slice_and_its_numbers(case: Case) -> None:
    (remark,) = [remark for remark in asked(case)["remarks"] if remark["kind"] == "area_jumps"]
    assert remark == {"z": LAST, "kind": "area_jumps", "value": 0.12, "usual": LAST - 1}  # 24 of 192 pixels


def test_what_lies_outside_of_the_liver_that_was_drawn_is_told(case: Case) -> None:
    assert "outside_liver" not in {remark["kind"] for remark in asked(case)["remarks"]}
    case.annotation.draw({5: block(0, 0, 20, 18)}, "paint", label=LIVER)
    assert [r["value"] for r in asked(case)["remarks"] if r["kind"] == "outside_liver"] == [0.5]
    case.annotation.undo()
    assert "outside_liver" not in {remark["kind"] for remark in asked(case)["remarks"]}


def test_each_outline_is_worked_out_once_also_after_undo_and_redo(case: Case, segmenter: Counting) -> None:
    asked(case)
    assert segmenter.moved == LAST + 1 - FIRST
    case.annotation.draw({8: THIN}, "erase", identity=1)
    case.annotation.undo()
    asked(case)
    assert segmenter.moved == LAST + 1 - FIRST


def test_a_question_works_for_a_moment_only_and_the_slice_on_the_screen_comes_first(
    case: Case, segmenter: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(trusting, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(trusting, "MOMENT_S", 2.5)
    told = asked(case, z=9)
    assert told["left"] == LAST + 1 - FIRST - 2
    assert set(told["stability"]) == {"9", "8"}
    assert told["doubts"], "until all is known the scores rank"


def test_what_was_drawn_by_hand_has_no_stability_and_is_no_doubtful_slice(case: Case) -> None:
    case.annotation.draw({8: THIN}, "erase", identity=1)
    told = asked(case)
    assert "8" not in told["stability"]
    assert 8 not in [doubt["z"] for doubt in told["doubts"]]
    header, _ = votes(case, 8)
    assert header["figure"] is None


def test_an_object_on_one_slice_has_a_stability_and_nothing_to_rank(case: Case) -> None:
    case.annotation.undo()
    told = asked(case)
    assert told["doubts"] == []
    assert list(told["stability"]) == [str(MARKED)]


def test_the_votes_are_those_of_the_moved_boxes(case: Case, segmenter: Counting) -> None:
    header, found = votes(case, MARKED)
    embedding = models.embeddings().of(case.volume, MARKED, segmenter, segmenter.card.window)
    there = stability(segmenter, embedding, Prompt(ROUND), np.random.default_rng(trusting.SEED))
    whole = np.zeros(SHAPE, np.uint8)
    whole[header["y"] : header["y"] + header["h"], header["x"] : header["x"] + header["w"]] = found
    assert np.array_equal(whole, np.rint(there.agreement * 16))
    assert whole.max() == 16
    assert (whole[THICK] < 16).any()
    assert header["figure"] == pytest.approx(there.figure)
