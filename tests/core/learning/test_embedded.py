"""The network behind SAM's encoder, on embeddings that LiteMedSAM itself makes of made-up slices."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.errors import WeightsError
from core.imaging.grid import Grid
from core.learning.augmentation import NONE, Augmentation
from core.learning.cases import Case
from core.learning.dataset import Dataset
from core.learning.embedded import EmbeddedTask, Eye, changed
from core.learning.finders import EmbeddingFinder, network_finder
from core.learning.networks import NetworkConfig, build_network
from core.learning.networktask import Sampling
from core.learning.settings import Settings
from core.learning.trained import NetworkCard, load_network, save_network
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter
from tests.core.learning.shapes import WINDOW, patient
from tests.core.learning.test_networks import dices
from tests.core.segmentation.conftest import lite  # noqa: F401  fixture

CONFIG = NetworkConfig("samunet", (16,), side=256)
MOVES = Augmentation(flip=0, move=1, turn_degrees=20, scale=0.2, shift=0.1, grey=0)


def slices(case: Case, first: int, end: int) -> Case:
    """A few slices of a case."""
    part = slice(first, end)
    grid = Grid.from_geometry((end - first, *case.grid.shape[1:]), has_spacing=False)
    return Case(case.name, case.patient, case.grey[part], case.labels[part], case.numbers[part], grid)


def card(lite: Segmenter) -> NetworkCard:  # noqa: F811
    return NetworkCard("mine", "SAM-U-Net", CONFIG, WINDOW, base=lite.card.name, base_sha256=lite.card.sha256)


def test_it_learns_a_few_slices_by_heart(lite: Segmenter) -> None:  # noqa: F811
    sampling, data = Sampling(examples=2, tumour_share=1.0), Dataset((slices(patient(3), 4, 6),), WINDOW)
    one = EmbeddedTask(
        CONFIG, data, Dataset((), WINDOW), Settings(batch=2), save=lambda *_: None, segmenter=lite,
        kept=Embeddings(1 << 28), augmentation=NONE, sampling=sampling,
    )  # fmt: skip
    optimiser = torch.optim.Adam(one.network.parameters(), 1e-2)
    (batch,) = one.batches(0)
    for _ in range(80):
        optimiser.zero_grad()
        one.loss(batch).backward()
        optimiser.step()
        if min(dices(one.network(batch[0]), batch[1])) > 0.97:
            break
    assert min(dices(one.network(batch[0]), batch[1])) > 0.95


def test_what_is_seen_and_what_is_wanted_move_alike() -> None:
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = (((rows - 30) ** 2 + (columns - 25) ** 2) < 150).float()[None, None].repeat(3, 1, 1, 1)
    (features, pictures), wanted = changed((disc, disc), disc, MOVES, torch.Generator().manual_seed(1))
    for seen in (features, pictures):
        both = ((seen > 0.5) & (wanted > 0.5)).sum()
        assert 2 * both / ((seen > 0.5).sum() + (wanted > 0.5).sum()) > 0.95
    assert (wanted - disc).abs().sum() > 100


def test_it_finds_on_slices_of_their_own_size_and_reads_back_alike(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    case = patient(4)
    save_network(build_network(CONFIG, 7), card(lite), tmp_path / "mine.safetensors")
    trained = load_network(tmp_path / "mine.safetensors")
    finder = EmbeddingFinder(trained, lite, Embeddings(1 << 28))
    (found,) = finder.probabilities(case, [5])
    assert found.shape == (2, *case.grey.shape[1:])
    eye = Eye(lite, Embeddings(1 << 28), CONFIG.side)
    height, width = eye.seen(case, 5)
    with torch.inference_mode():
        framed = torch.sigmoid(trained.network(eye.of([(case, 5)])))[0, :, :height, :width].numpy()
    middle = tuple(n // 2 for n in found.shape[1:])
    again = tuple(n // 2 for n in framed.shape[1:])
    assert found[:, *middle] == pytest.approx(framed[:, *again], abs=0.05)
    assert found.mean() == pytest.approx(framed.mean(), abs=0.01)


def test_the_embeddings_of_another_model_are_refused(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "mine.safetensors"
    save_network(build_network(CONFIG), replace(card(lite), base_sha256="0" * 64), path)
    with pytest.raises(WeightsError, match="SAM-U-Net reads the embeddings of litemedsam"):
        network_finder(load_network(path))
