"""What the browser is told of slices that were encoded ahead."""

import json
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import EngineNote, Segmenter
from pages.ui import models
from pages.ui.state import AppState, Case
from pages.ui.viewer import readiness
from pages.ui.viewer.prompts import look
from pages.ui.viewer.readiness import pause, ready, runs
from tests.core.segmentation.bright import Bright, block, bright_volume


class Worker:
    """Notes what is wanted, and encodes nothing."""

    def __init__(self, kept: Embeddings) -> None:
        self.ready, self.wanted = kept.ready, []

    def want(self, reader: str, _: Any, z: int, *__: Any) -> None:
        self.wanted.append(z)

    def cancel(self, reader: str) -> None:
        self.wanted.clear()

    def is_busy(self, reader: str) -> bool:
        return bool(self.wanted)


@pytest.fixture
def case() -> Case:
    return Case.of(bright_volume({2: block(3, 4, 9, 12)}, 7))


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    segmenter, kept = Bright(), Embeddings(1 << 20)
    worker = Worker(kept)
    monkeypatch.setattr(models, "segmenter", lambda _: segmenter)
    monkeypatch.setattr(models, "loaded", lambda _: segmenter)
    monkeypatch.setattr(models, "embeddings", lambda: kept)
    monkeypatch.setattr(models, "prefetch", lambda: worker)
    return worker


def asked(state: AppState, case: Case) -> dict[str, Any]:
    return dict(json.loads(ready(state, case, SimpleNamespace(), b"").body))  # type: ignore[arg-type]


def test_slices_that_were_encoded_are_told_as_runs(case: Case, worker: Worker) -> None:
    segmenter = models.segmenter("")
    models.embeddings().of_many(case.volume, [5, 1, 2, 3], segmenter, models.fed_window(case, segmenter))
    told = asked(AppState(), case)
    assert told["runs"] == [[1, 3], [5, 5]]
    assert (told["loading"], told["busy"], told["engine"]) == (False, False, "by hand fp32")


def test_with_another_window_no_slice_is_ready(case: Case, worker: Worker) -> None:
    segmenter = models.segmenter("")
    models.embeddings().of(case.volume, 3, segmenter, models.fed_window(case, segmenter))
    case.feed_screen = True
    assert asked(AppState(), case)["runs"] == []


def test_a_pause_takes_back_what_was_wanted_and_looking_wants_nothing_until_it_ends(case: Case, worker: Worker) -> None:
    state = AppState()
    look(state, case, 4)
    assert asked(state, case)["busy"]
    pause(state, case, SimpleNamespace(), b'{"paused": true}')  # type: ignore[arg-type]
    look(state, case, 5)
    told = asked(state, case)
    assert (told["busy"], told["paused"]) == (False, True)
    pause(state, case, SimpleNamespace(), b'{"paused": false}')  # type: ignore[arg-type]
    assert worker.wanted == [5]


def test_a_pause_while_the_model_is_loaded_is_kept(case: Case, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    state, load = AppState(), models.segmenter

    def slow(name: str) -> Segmenter:
        pause(state, case, SimpleNamespace(), b'{"paused": true}')  # type: ignore[arg-type]
        return load(name)

    monkeypatch.setattr(models, "segmenter", slow)
    look(state, case, 4)
    assert not asked(state, case)["busy"]


def test_while_a_model_loads_the_question_is_answered_at_once(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    coming: Future[Segmenter] = Future()
    monkeypatch.setattr(models, "_loading", lambda _: coming)
    told = asked(AppState(), case)
    assert told["loading"]
    coming.set_result(Bright())
    assert models.loaded("litemedsam") is not None


def test_it_is_told_that_engines_are_tried_out(case: Case, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(AppState(), case)["trying"] is False
    monkeypatch.setattr(readiness, "is_trying", lambda card: card.sha256 == Bright.card.sha256)
    assert asked(AppState(), case)["trying"] is True


def test_a_model_that_cannot_be_loaded_is_not_loading_for_ever(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: Future[Segmenter] = Future()
    failed.set_exception(MemoryError())
    monkeypatch.setattr(models, "_loading", lambda _: failed)
    assert models.loaded("litemedsam") is None
    assert asked(AppState(), case)["busy"] is False


def test_another_engine_is_told(case: Case, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bright, "engine", EngineNote("torch fp32", "The graphics card is full."))
    told = asked(AppState(), case)
    assert (told["engine"], told["reason"]) == ("torch fp32", "The graphics card is full.")


@pytest.mark.parametrize(
    ("slices", "joined"), [([], []), ([4], [[4, 4]]), ([0, 1, 2, 7, 9, 10], [[0, 2], [7, 7], [9, 10]])]
)
def test_runs_join_neighbours(slices: list[int], joined: list[list[int]]) -> None:
    assert runs(frozenset(np.array(slices, int).tolist())) == joined
