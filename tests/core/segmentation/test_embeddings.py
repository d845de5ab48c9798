"""A slice is encoded once, whoever asks, and the cache keeps to its limit."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.imaging.window import Window, slice_picture
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, EngineNote, ModelCard, Prediction

SEEN_BYTES, FEATURE_BYTES = 2 * 3 * 7, 2 * 5  # the slice and what was seen of it; features in 16 bits
ONE = SEEN_BYTES + FEATURE_BYTES
PROMPT = Prompt(Box(0, 1, 2, 4))


class Counting:
    """A segmenter that keeps what it was shown, and can be held up."""

    device = "cpu"

    def __init__(self, sha256: str = "a") -> None:
        self.card = ModelCard("counting", "Counting", Window(40, 400), True, 0.0, "", "", sha256)
        self.shown: list[npt.NDArray[np.uint8]] = []
        self.gate = threading.Event()
        self.gate.set()

    batch = 1
    engine = EngineNote("counting fp32", "")

    def seen(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return image

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        return [self.embed(image) for image in images]

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        self.shown.append(image)
        assert self.gate.wait(10)
        return Embedding(torch.zeros(1, 5, 1, 1), image, image, self.card.sha256)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        return Prediction(embedding.seen > 100, 0.5, np.zeros((3, 7), np.float32))

    def predict_many(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Prediction]:
        return [self.predict(embedding, prompt) for prompt in prompts]


def volume(seed: int = 0, intensity: Intensity = Intensity.HU) -> Volume:
    grid = Grid.from_geometry((5, 3, 7), (2.0, 0.7, 0.9))
    hu = np.random.default_rng(seed).integers(-200, 300, grid.shape).astype(np.int16)
    return Volume(hu, grid, Source("made up", "sample", grid), intensity)


def test_a_slice_is_encoded_once_in_the_window_of_the_model() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    assert cache.of(ct, 2, model) is cache.of(ct, 2, model, Window(40, 400))
    assert len(model.shown) == 1
    assert np.array_equal(model.shown[0], slice_picture(ct, 2, Window(40, 400)))


def test_another_slice_window_volume_or_model_is_another_embedding() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    cache.of(ct, 2, model)
    cache.of(ct, 3, model)
    cache.of(ct, 2, model, Window(60, 200))
    cache.of(volume(seed=1), 2, model)
    assert len(model.shown) == 4
    assert cache.of(ct, 2, Counting("b")).model == "b"
    assert len(cache) == 5


def test_the_same_weights_fed_in_another_way_are_another_embedding() -> None:
    as_sam, as_medsam, cache, ct = Counting(), Counting(), Embeddings(10**6), volume()
    as_medsam.card = replace(as_sam.card, takes_points=False)  # somebody wrote another recipe beside the file
    assert cache.of(ct, 2, as_sam) is not cache.of(ct, 2, as_medsam)


def test_without_hounsfield_units_the_window_does_not_matter() -> None:
    model, cache, mr = Counting(), Embeddings(10**6), volume(intensity=Intensity.ARBITRARY)
    assert cache.of(mr, 2, model) is cache.of(mr, 2, model, Window(60, 200))


def test_the_least_recently_used_embedding_leaves_first() -> None:
    model, cache, ct = Counting(), Embeddings(2 * ONE + 1), volume()
    for z in (0, 1, 0, 2):  # 1 was not asked for again, so 2 takes its place
        cache.of(ct, z, model)
    assert (len(cache), cache.nbytes) == (2, 2 * ONE)
    cache.of(ct, 0, model)
    assert len(model.shown) == 3
    cache.of(ct, 1, model)
    assert len(model.shown) == 4


def test_an_embedding_above_the_limit_is_given_but_not_kept() -> None:
    model, cache, ct = Counting(), Embeddings(ONE - 1), volume()
    assert cache.of(ct, 0, model).shape == (3, 7)
    assert (len(cache), cache.nbytes) == (0, 0)


def test_an_embedding_above_the_limit_drives_no_other_one_out() -> None:
    class Large(Counting):
        def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
            return Embedding(torch.zeros(1, 50, 1, 1), image, image, self.card.sha256)

    model, cache, ct = Counting(), Embeddings(2 * ONE + 1), volume()
    kept = [cache.of(ct, z, model) for z in (0, 1)]
    assert cache.of(ct, 2, Large("large")).nbytes > cache.limit_bytes
    assert [cache.of(ct, z, model) for z in (0, 1)] == kept
    assert len(model.shown) == 2


def test_threads_that_ask_together_wait_for_one_computation() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    model.gate.clear()
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(cache.of, ct, 2, model) for _ in range(6)]
        model.gate.set()
        assert len({id(future.result()) for future in asked}) == 1
    assert len(model.shown) == 1


def test_different_slices_do_not_wait_for_each_other() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    model.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(cache.of, ct, z, model) for z in (1, 2)]
        for _ in range(500):
            if len(model.shown) == 2:  # both are inside the model at once
                break
            threading.Event().wait(0.01)
        assert len(model.shown) == 2
        model.gate.set()
        assert asked[0].result() is not asked[1].result()


def test_a_failure_is_told_and_not_remembered() -> None:
    class Failing(Counting):
        def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
            if not self.shown:
                self.shown.append(image)
                raise MemoryError("no room")
            return super().embed(image)

    model, cache, ct = Failing(), Embeddings(10**6), volume()
    with pytest.raises(MemoryError, match="no room"):
        cache.of(ct, 0, model)
    assert cache.of(ct, 0, model).shape == (3, 7)


def test_a_slice_is_segmented_through_the_cache() -> None:
    model, cache, ct = Counting(), Embeddings(10**6), volume()
    for _ in range(2):
        answer = segment_slice(ct, 4, PROMPT, model, cache, Window(60, 200))
        assert np.array_equal(answer.mask, slice_picture(ct, 4, Window(60, 200)) > 100)
    assert len(model.shown) == 1
