"""The slice on the screen is encoded ahead, whatever the other readers do, and nothing of it outlives its reader."""

import gc
import logging
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from core.imaging.volume import Volume
from core.imaging.window import Window, slice_picture
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.prefetch import Prefetch
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Prediction
from tests.core.segmentation.test_embeddings import ONE, Counting, volume

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20  # only a failing test waits as long


def comes_true(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not (true := condition()) and time.monotonic() < end:
        threading.Event().wait(0.005)
    return true


def slices_shown(model: Counting, ct: Volume) -> list[int]:
    """Say which slices of a CT the model was shown, in that order."""
    pictures = [slice_picture(ct, z, model.card.window) for z in range(ct.slices)]
    return [z for shown in list(model.shown) for z in range(ct.slices) if np.array_equal(shown, pictures[z])]


def busy(model: Counting, prefetch: Prefetch, ct: Volume) -> None:
    """Hold the worker up inside slice 0, so that what is wanted meanwhile waits for the gate."""
    model.gate.clear()
    prefetch.want("first", ct, 0, model)
    assert comes_true(lambda: len(model.shown) == 1)


def test_the_slice_on_the_screen_is_ready_before_it_is_asked_for() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    Prefetch(cache, reach=0).want("a", ct, 3, model)
    assert comes_true(lambda: len(cache) == 1)
    assert cache.of(ct, 3, model).shape == (3, 7)
    assert slices_shown(model, ct) == [3]


def test_while_engines_are_tried_out_only_the_slice_on_the_screen_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ct = Counting(), volume()
    trying = threading.Event()
    trying.set()
    monkeypatch.setattr("core.segmentation.prefetch.is_trying", lambda card: card is model.card and trying.is_set())
    prefetch = Prefetch(Embeddings(10**6))
    prefetch.want("a", ct, 2, model)
    assert comes_true(lambda: len(model.shown) == 1)
    threading.Event().wait(0.3)
    assert slices_shown(model, ct) == [2]
    trying.clear()
    assert comes_true(lambda: len(model.shown) == ct.slices)


def test_only_the_latest_wish_of_a_reader_is_served() -> None:
    model, ct = Counting(), volume()
    prefetch = Prefetch(Embeddings(10**6), reach=0)
    busy(model, prefetch, ct)
    for z in (1, 2, 3):
        prefetch.want("a", ct, z, model)
    prefetch.want("b", ct, 4, model)
    model.gate.set()
    assert comes_true(lambda: len(model.shown) == 3)
    assert slices_shown(model, ct) == [0, 3, 4]


def test_the_oldest_wish_is_served_first() -> None:
    model, ct = Counting(), volume()
    prefetch = Prefetch(Embeddings(10**6), reach=0)
    busy(model, prefetch, ct)
    for reader, z in (("a", 1), ("b", 2), ("c", 3), ("a", 4)):  # a made a new wish after b and c
        prefetch.want(reader, ct, z, model)
    model.gate.set()
    assert comes_true(lambda: len(model.shown) == 4)
    assert slices_shown(model, ct) == [0, 2, 3, 4]


def test_a_reader_who_scrolls_does_not_keep_another_one_waiting() -> None:
    model, ct = Counting(), volume()
    prefetch = Prefetch(Embeddings(10**6), reach=0)
    prefetch.want("still", ct, 1, model)

    def scrolled() -> bool:
        prefetch.want("scrolling", ct, 2, model)
        return 1 in slices_shown(model, ct)

    assert comes_true(scrolled)
    assert comes_true(lambda: 2 in slices_shown(model, ct))  # and is served on coming to rest


def test_a_reader_who_scrolls_makes_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("core.segmentation.prefetch.monotonic", lambda: clock[0])
    model, ct = Counting(), volume()
    prefetch = Prefetch(Embeddings(10**6), reach=0)
    for z in (1, 2, 3):
        prefetch.want("a", ct, z, model)
        clock[0] += 0.15  # a slice every 0.15 s
        assert prefetch._rest() == pytest.approx(0.05)
    clock[0] += 0.06
    prefetch.want("b", ct, 4, model)  # the worker looks at the clock again
    assert comes_true(lambda: len(model.shown) == 1)
    assert slices_shown(model, ct) == [3]


class Failing(Counting):
    """Fails on its first picture, in words that name a patient."""

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        embedding = super().embed(image)
        if len(self.shown) == 1:
            raise RuntimeError("Doe_Jane_1961.nii.gz is on fire")
        return embedding


def test_a_slice_that_fails_does_not_end_the_worker_and_names_nobody_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, cache, ct = Failing(), Embeddings(10**6), volume()
    prefetch = Prefetch(cache, reach=0)
    with caplog.at_level(logging.DEBUG):
        prefetch.want("a", ct, 1, model)
        assert comes_true(lambda: bool(caplog.records))
        prefetch.want("a", ct, 2, model)
        assert comes_true(lambda: len(cache) == 1)
    assert "A slice could not be encoded ahead of time (RuntimeError)" in caplog.text
    assert "Jane" not in caplog.text


def test_a_closed_volume_is_let_go() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    closed = weakref.ref(ct)
    Prefetch(cache, reach=0).want("a", ct, 1, model)
    assert comes_true(lambda: len(cache) == 1)
    del ct

    def gone() -> bool:
        gc.collect()
        return closed() is None

    assert comes_true(gone)


# From the screen outwards


def test_the_other_slices_follow_the_nearest_first() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    prefetch = Prefetch(cache)
    prefetch.want("a", ct, 1, model)
    assert prefetch.is_busy("a")
    assert comes_true(lambda: not prefetch.is_busy("a"))
    assert slices_shown(model, ct) == [1, 2, 0, 3, 4]
    assert prefetch.ready(ct, model) == {0, 1, 2, 3, 4}


def test_what_somebody_looks_at_comes_before_what_nobody_does() -> None:
    model, ct, other = Counting(), volume(), volume(seed=1)
    prefetch = Prefetch(Embeddings(10**6))
    busy(model, prefetch, ct)
    prefetch.want("b", other, 3, model)
    time.sleep(0.25)  # due, as the other slices of the first reader have been all the time
    model.gate.set()
    assert comes_true(lambda: len(model.shown) >= 2)
    assert np.array_equal(model.shown[1], slice_picture(other, 3, model.card.window))


def test_readers_take_turns() -> None:
    model, ct, other = Counting(), volume(), volume(seed=1)
    prefetch = Prefetch(Embeddings(10**6))
    busy(model, prefetch, ct)
    prefetch.want("b", other, 0, model)
    time.sleep(0.25)
    model.gate.set()
    assert comes_true(lambda: len(model.shown) == 10)
    ours = [picture(shown, ct) for shown in model.shown]
    assert ours[:2] == [True, False]
    assert ours.count(True) == 5
    assert all(one != other for one, other in pairwise(ours))


def picture(shown: npt.NDArray[np.uint8], ct: Volume) -> bool:
    return any(np.array_equal(shown, slice_picture(ct, z, Counting().card.window)) for z in range(ct.slices))


def test_nothing_new_is_begun_while_somebody_waits_for_an_answer() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    prefetch = Prefetch(cache)
    with cache.asking():
        prefetch.want("a", ct, 1, model)
        time.sleep(0.4)
        assert model.shown == []
        with cache.asking():  # two readers at once
            pass
        time.sleep(0.1)
        assert model.shown == []
    assert comes_true(lambda: len(model.shown) == 5)


def test_a_prompt_holds_the_background_up() -> None:
    asked: list[bool] = []

    class Watching(Counting):
        def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
            asked.append(bool(cache._asking))
            return super().predict(embedding, prompt)

    model, cache, ct = Watching(), Embeddings(10**6), volume()
    segment_slice(ct, 2, Prompt(Box(0, 1, 2, 4)), model, cache)
    assert (asked, cache._asking) == ([True], 0)


def test_a_reader_who_leaves_is_not_served_any_more() -> None:
    model, ct = Counting(), volume()
    prefetch = Prefetch(Embeddings(10**6))
    busy(model, prefetch, ct)
    prefetch.cancel("first")
    prefetch.cancel("nobody")
    model.gate.set()
    prefetch.want("b", volume(seed=1), 0, model)  # dies at once: nobody holds it
    time.sleep(0.4)
    assert slices_shown(model, ct) == [0]
    assert len(model.shown) == 1


def test_another_model_or_window_takes_the_place_of_the_first() -> None:
    first, second, ct = Counting("a"), Counting("b"), volume()
    prefetch = Prefetch(Embeddings(10**6))
    busy(first, prefetch, ct)
    prefetch.want("first", ct, 2, second, Window(60, 200))
    first.gate.set()
    assert comes_true(lambda: len(second.shown) == 5)
    assert len(first.shown) == 1
    assert prefetch.ready(ct, second, Window(60, 200)) == {0, 1, 2, 3, 4}
    assert prefetch.ready(ct, second) == frozenset()
    assert prefetch.ready(ct, first) == {0}


def test_readers_together_encode_no_more_than_can_be_kept() -> None:
    model, ct, other = Counting(), volume(), volume(seed=1)
    cache = Embeddings(6 * ONE + 1)
    prefetch = Prefetch(cache)
    busy(model, prefetch, ct)
    prefetch.want("b", other, 0, model)
    time.sleep(0.25)
    model.gate.set()
    assert comes_true(lambda: not prefetch.is_busy("first") and not prefetch.is_busy("b"))
    assert (prefetch.ready(ct, model), prefetch.ready(other, model)) == ({0, 1, 2}, {0, 1, 2})
    assert len(model.shown) == 6


def test_who_has_closed_the_page_takes_no_share_of_what_can_be_kept() -> None:
    model, ct, other = Counting(), volume(), volume(seed=1)
    prefetch = Prefetch(Embeddings(5 * ONE + 1))
    there = threading.Event()
    there.set()
    prefetch.want("a", ct, 0, model, attended=there.is_set)
    assert comes_true(lambda: not prefetch.is_busy("a") and prefetch.ready(ct, model) == {0, 1, 2, 3, 4})
    there.clear()
    prefetch.want("b", other, 0, model)
    assert comes_true(lambda: prefetch.ready(other, model) == {0, 1, 2, 3, 4})


def test_a_slice_that_fails_is_not_tried_again_and_again() -> None:
    class Broken(Counting):
        def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
            super().embed(image)
            raise RuntimeError("broken")

    model, ct = Broken(), volume()
    prefetch = Prefetch(Embeddings(10**6))
    prefetch.want("a", ct, 1, model)
    assert comes_true(lambda: not prefetch.is_busy("a"))
    assert sorted(slices_shown(model, ct)) == [0, 1, 2, 3, 4]


def test_slices_forgotten_while_others_are_encoded_come_again_with_the_next_look() -> None:
    class Held(Counting):
        def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
            if len(self.shown) == 2:
                self.gate.clear()
            return super().embed(image)

    model, cache, ct = Held(), Embeddings(10**6), volume()
    prefetch = Prefetch(cache)
    prefetch.want("a", ct, 0, model)
    assert comes_true(lambda: len(model.shown) == 3)
    cache.forget()
    prefetch.want("a", ct, 1, model)
    model.gate.set()
    assert comes_true(lambda: prefetch.ready(ct, model) == {0, 1, 2, 3, 4})


def test_nothing_is_encoded_for_who_has_closed_the_page_until_they_come_back() -> None:
    model, ct = Counting(), volume()
    prefetch = Prefetch(Embeddings(10**6))
    there = threading.Event()
    prefetch.want("a", ct, 1, model, attended=there.is_set)
    prefetch.want("b", ct, 4, model)
    assert comes_true(lambda: not prefetch.is_busy("b"))
    shown = len(model.shown)
    assert prefetch.is_busy("a")
    other = volume(seed=1)
    prefetch.want("a", other, 1, model, attended=there.is_set)
    time.sleep(0.5)
    assert len(model.shown) == shown
    there.set()
    assert comes_true(lambda: prefetch.ready(other, model) == {0, 1, 2, 3, 4})


def test_on_a_graphics_card_the_other_slices_go_in_batches() -> None:
    sizes: list[int] = []

    class Batching(Counting):
        batch = 3

        def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
            sizes.append(len(images))
            return super().embed_many(images)

    model, ct = Batching(), volume()
    prefetch = Prefetch(Embeddings(10**6))
    prefetch.want("a", ct, 1, model)
    assert comes_true(lambda: not prefetch.is_busy("a") and sum(sizes) == 5)
    assert sizes == [1, 3, 1]


def test_a_program_that_ends_while_slices_are_encoded_finishes_the_one_begun_and_no_other() -> None:
    """In a process of its own: what is cut off inside a network there ends it with an abort."""
    code = """
import threading, time
from core.segmentation.embeddings import Embeddings
from core.segmentation.prefetch import Prefetch
from tests.core.segmentation.bright import Bright, bright_volume

began = threading.Event()

class Slow(Bright):
    def embed(self, image):
        print("begun", flush=True)
        began.set()
        time.sleep(0.5)
        print("done", flush=True)
        return super().embed(image)

volume = bright_volume({}, 9)
Prefetch(Embeddings(1 << 20)).want("a", volume, 4, Slow())
began.wait()
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["begun", "done"]
