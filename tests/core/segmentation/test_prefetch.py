"""The slice on the screen is encoded ahead, whatever the other readers do, and nothing of it outlives its reader."""

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from core.imaging.volume import Volume
from core.imaging.window import slice_picture
from core.segmentation.embeddings import Embeddings
from core.segmentation.prefetch import Prefetch
from core.segmentation.segmenter import Embedding
from tests.core.segmentation.test_embeddings import Counting, volume

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
