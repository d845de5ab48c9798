"""Eight threads, two models and fifty slices give what one thread gives."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import numpy.typing as npt
import pytest
import torch

from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from core.segmentation.embedding_files import EmbeddingFiles
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.prefetch import Prefetch
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Prediction, Segmenter
from tests.core.segmentation.test_embeddings import Counting

SLICES, THREADS = 50, 8


class Telling(Counting):
    """Its features and answers are a fingerprint of the model, the picture and the box: any mix-up shows."""

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        self.shown.append(image)
        made = torch.from_numpy(self._random(image.tobytes(), (1, 5, 11, 13))).half().float()
        return Embedding(made, image, image, self.card.sha256)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        asked = embedding.features.float().numpy().tobytes() + embedding.seen.tobytes() + repr(prompt).encode()
        logits = self._random(asked, embedding.shape)
        return Prediction(logits > 0, 0.5, logits)

    def _random(self, content: bytes, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        seed = hashlib.sha256(self.card.sha256.encode() + content).digest()[:8]
        return np.random.default_rng(int.from_bytes(seed, "little")).normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def ct() -> Volume:
    grid = Grid.from_geometry((SLICES, 33, 47), (2.0, 0.7, 0.9))
    hu = np.random.default_rng(3).integers(-200, 300, grid.shape).astype(np.int16)
    return Volume(hu, grid, Source("made up", "sample", grid))


def prompt(z: int) -> Prompt:
    return Prompt(Box(2 + z % 5, 3 + z % 7, 20 + z % 11, 30 + z % 13))


def together(
    ct: Volume, models: list[Segmenter], jobs: list[tuple[int, int]], shared: Embeddings, asked: int
) -> list[tuple[int, Prediction]]:
    """Let all threads ask for jobs, ``(slice, model)``, in orders of their own, with the background running."""
    prefetch, start = Prefetch(shared), Barrier(THREADS)

    def work(thread: int) -> list[tuple[int, Prediction]]:
        start.wait(20)
        found = []
        for k in np.random.default_rng(thread).permutation(len(jobs))[:asked]:
            z, which = jobs[k]
            prefetch.want(f"reader {thread}", ct, z, models[which])
            found.append((int(k), segment_slice(ct, z, prompt(z), models[which], shared)))
        prefetch.cancel(f"reader {thread}")
        return found

    with ThreadPoolExecutor(THREADS) as threads:
        return [answer for found in threads.map(work, range(THREADS)) for answer in found]


@pytest.mark.parametrize(("in_memory", "on_disk"), [(100, 100), (100, 0), (7, 30), (0, 7)])
def test_threads_and_the_background_change_no_answer(ct: Volume, tmp_path: Path, in_memory: int, on_disk: int) -> None:
    models: list[Segmenter] = [Telling("first"), Telling("second")]
    jobs = [(z, which) for z in range(SLICES) for which in (0, 1)]
    expected = [segment_slice(ct, z, prompt(z), models[which], Embeddings(1 << 30)) for z, which in jobs]
    assert len({answer.logits.tobytes() for answer in expected}) == len(jobs)
    one = 5 * 11 * 13 * 2 + 2 * 33 * 47
    shared = Embeddings(in_memory * one, EmbeddingFiles(tmp_path, on_disk * one) if on_disk else None)
    found = together(ct, models, jobs, shared, len(jobs))
    assert len(found) == THREADS * len(jobs)
    for k, answer in found:
        np.testing.assert_array_equal(answer.logits, expected[k].logits)
    assert shared.nbytes <= shared.limit_bytes
    if in_memory == len(jobs):
        assert sum(len(model.shown) for model in models) == 2 * len(jobs)  # once alone, once for all threads


def test_real_networks_share_their_threads_too(lite: Segmenter, lite_as_chosen: Segmenter, ct: Volume) -> None:
    models, jobs = [lite, lite_as_chosen], [(z, which) for z in (3, 4, 20) for which in (0, 1)]
    expected = [segment_slice(ct, z, prompt(z), models[which], Embeddings(1 << 30)) for z, which in jobs]
    for k, answer in together(ct, models, jobs, Embeddings(1 << 30), 3):
        np.testing.assert_allclose(answer.logits, expected[k].logits, atol=1e-3)
