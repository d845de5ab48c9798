"""A prompt of the viewer, from what the browser sends to the object and to what the reader is told of it."""

import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Prediction
from pages.ui import models
from pages.ui.seen import Tried
from pages.ui.state import AppState, Case
from pages.ui.viewer.answers import answer
from pages.ui.viewer.prompts import ask
from pages.ui.viewer.trusting import can_move
from tests.core.segmentation.bright import Bright

SHAPE = (3, 280, 300)  # a slice of more than 256 rows may be enlarged
BOX = [100, 120, 130, 160]


class Unsure(Bright):
    """Less sure on the whole slice than on an enlarged picture."""

    scores = (0.6, 0.9)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        found = super().predict(embedding, prompt)
        return replace(found, score=self.scores[embedding.shape != SHAPE[1:]])


class Vain(Unsure):
    scores = (0.6, 0.62)


class Sure(Unsure):
    scores = (0.95, 0.99)


@pytest.fixture
def case() -> Case:
    """A bright block of 20 by 30 voxels on every slice."""
    hu = np.zeros(SHAPE, np.int16)
    hu[:, 104:124, 125:155] = 200
    grid = Grid.from_geometry(SHAPE, (3.0, 0.7, 0.9))
    return Case.of(Volume(hu, grid, Source("made up", "sample", grid), Intensity.HU))


def state_with(monkeypatch: pytest.MonkeyPatch, segmenter: Bright) -> AppState:
    kept = Embeddings(1 << 24)
    monkeypatch.setattr(models, "segmenter", lambda _: segmenter)
    monkeypatch.setattr(models, "embeddings", lambda: kept)
    return AppState()


def prompt(**other: Any) -> dict[str, Any]:
    return {"do": "box", "z": 1, "box": BOX, "points": [], "object": None, "label": 2, **other}


@pytest.mark.parametrize(
    ("segmenter", "tried", "score"),
    [(Unsure(), Tried(True, 0.6, 0.9), 0.9), (Vain(), Tried(False, 0.6, 0.62), 0.6), (Sure(), None, 0.95)],
)
def test_where_the_model_is_unsure_an_enlarged_picture_is_tried_and_it_is_told_which_was_taken(
    case: Case, monkeypatch: pytest.MonkeyPatch, segmenter: Bright, tried: Tried | None, score: float
) -> None:
    state = state_with(monkeypatch, segmenter)
    identity, told = ask(state, case, prompt())
    assert told == tried
    outline = case.annotation.find(identity)
    assert (outline.score, outline.box) == (score, Box(*BOX))
    assert can_move(outline, segmenter) == (score != 0.9), "moved boxes would be asked of another picture"
    assert outline.frame == Box(104, 125, 124, 155)  # on the slice, whichever picture it was found on
    said = answer(case.annotation, 0, identity, tried=told)
    header = json.loads(said[4 : 4 + struct.unpack_from("<I", said)[0]])
    assert header["tried"] == (tried and {"enlarged": tried.enlarged, "whole": tried.whole, "zoomed": tried.zoomed})
    assert case.seen is not None
    enlarged = bool(tried and tried.enlarged)
    assert case.seen.picture.shape == ((80, 80) if enlarged else SHAPE[1:])  # twice the longer side of the box


def test_an_object_that_is_gone_is_told_before_the_model_is_asked(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = Sure()
    state = state_with(monkeypatch, segmenter)
    with pytest.raises(PromptError, match=r"Object 7 is no longer there\. Choose another"):
        ask(state, case, prompt(object=7))
    assert not segmenter.asked


def test_a_label_that_is_gone_is_told(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PromptError, match="label chosen is no longer there"):
        ask(state_with(monkeypatch, Sure()), case, prompt(label=9))


def test_a_box_in_which_nothing_is_found_leaves_no_object(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PromptError, match="slice 2"):
        ask(state_with(monkeypatch, Sure()), case, prompt(box=[10, 10, 40, 30]))
    assert not case.annotation.outlines


def test_a_box_for_an_object_that_is_carried_is_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_with(monkeypatch, Sure())
    identity, _ = ask(state, case, prompt())
    case.annotation.hold(identity, "Wait until it is done.")
    with pytest.raises(PromptError, match="Wait until it is done"):
        ask(state, case, prompt(z=2, object=identity))
    assert ask(state, case, prompt(z=2))[0] == identity + 1
