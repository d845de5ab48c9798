"""Eight threads, two models and fifty slices give what one thread gives."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from core.imaging.window import Window
from core.segmentation import networks
from core.segmentation.embedding_files import EmbeddingFiles
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.frame import Recipe
from core.segmentation.prefetch import Prefetch
from core.segmentation.prompt import Box, Prompt
from core.segmentation.sam import SamSegmenter
from core.segmentation.segmenter import ModelCard, Prediction, Segmenter
from tests.core.segmentation.conftest import thin_network

SLICES, THREADS = 50, 8
RECIPE = Recipe(1024, "bilinear", False, "min-max", 0.0, Window(40, 400), takes_points=True)


class Small(networks.nn.Module):
    """An encoder that is quick and still tells every picture from every other: 1024² to 64² and 256 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = networks.nn.Conv2d(3, 256, 16, 16)

    def forward(self, pictures: "networks.torch.Tensor") -> "networks.torch.Tensor":
        """Return features ``(B, 256, 64, 64)``."""
        return self.patch(pictures)  # type: ignore[no-any-return]


def model(name: str, factor: float) -> SamSegmenter:
    network = thin_network()
    network.image_encoder = Small()
    for tensor in network.mask_decoder.parameters():
        tensor.data *= factor
    network.eval().requires_grad_(False)
    return SamSegmenter(ModelCard(name, name, RECIPE.window, True, 0.0, "", "", name), network, RECIPE)


@pytest.fixture(scope="module")
def ct() -> Volume:
    grid = Grid.from_geometry((SLICES, 33, 47), (2.0, 0.7, 0.9))
    hu = np.random.default_rng(3).integers(-200, 300, grid.shape).astype(np.int16)
    return Volume(hu, grid, Source("made up", "sample", grid))


def prompt(z: int) -> Prompt:
    return Prompt(Box(2 + z % 5, 3 + z % 7, 20 + z % 11, 30 + z % 13))


@pytest.mark.parametrize("kept", [50, 7])
def test_threads_and_the_background_change_no_answer(ct: Volume, tmp_path: Path, kept: int) -> None:
    models: list[Segmenter] = [model("first", 1.0), model("second", 1.1)]
    jobs = [(z, which) for z in range(SLICES) for which in (0, 1)]
    alone = Embeddings(1 << 40)
    expected = [segment_slice(ct, z, prompt(z), models[which], alone) for z, which in jobs]
    assert len({answer.logits.tobytes() for answer in expected}) == len(jobs)
    shared = Embeddings(kept * 3_200_000, EmbeddingFiles(tmp_path, 1 << 27))  # 64 slices on disk, of 100
    prefetch, together = Prefetch(shared), Barrier(THREADS)

    def work(thread: int) -> list[tuple[int, Prediction]]:
        together.wait(20)
        found = []
        for k in np.random.default_rng(thread).permutation(len(jobs))[:40]:
            z, which = jobs[k]
            prefetch.want(f"reader {thread}", ct, z, models[which])
            found.append((int(k), segment_slice(ct, z, prompt(z), models[which], shared)))
        prefetch.cancel(f"reader {thread}")
        return found

    with ThreadPoolExecutor(THREADS) as threads:
        for found in threads.map(work, range(THREADS)):
            for k, answer in found:
                np.testing.assert_array_equal(answer.mask, expected[k].mask)
                np.testing.assert_allclose(answer.logits, expected[k].logits, atol=1e-4)
    assert shared.nbytes <= shared.limit_bytes


def test_threads_share_what_openvino_compiled(lite_as_chosen: Segmenter, ct: Volume) -> None:
    alone, shared = Embeddings(1 << 40), Embeddings(1 << 40)
    jobs = [k % 6 for k in range(18)]
    expected = {z: segment_slice(ct, z, prompt(z), lite_as_chosen, alone) for z in range(6)}
    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(lambda z: segment_slice(ct, z, prompt(z), lite_as_chosen, shared), jobs))
    for z, answer in zip(jobs, found, strict=True):
        np.testing.assert_array_equal(answer.logits, expected[z].logits)
