"""The network behind SAM's encoder, on embeddings that LiteMedSAM itself makes of made-up slices."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import WeightsError
from core.imaging.grid import Grid
from core.learning.augmentation import NONE
from core.learning.cases import Case
from core.learning.dataset import Dataset
from core.learning.embedded import EmbeddedTask
from core.learning.networkfinders import EmbeddingFinder, network_finder
from core.learning.networks import NetworkConfig, build_network
from core.learning.networktask import Sampling
from core.learning.settings import Settings
from core.learning.trained import NetworkCard, load_network, save_network
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter
from tests.core.learning.shapes import WINDOW, patient
from tests.core.learning.test_networks import dices
from tests.core.segmentation.conftest import lite  # noqa: F401  fixture

CONFIG = NetworkConfig("samunet", (8,), side=48)


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
    seen, wanted = batch[0], (batch[1] > 0.5).float()
    for _ in range(200):
        optimiser.zero_grad()
        one.loss(batch).backward()
        optimiser.step()
        if min(dices(one.network(seen), wanted)) > 0.97:
            break
    assert min(dices(one.network(seen), wanted)) > 0.95


def test_it_finds_on_slices_of_their_own_size_and_reads_back_alike(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    case, kept = patient(4), Embeddings(1 << 28)
    data, sampling = Dataset((slices(case, 3, 8),), WINDOW), Sampling(examples=8)
    task = EmbeddedTask(
        CONFIG, data, Dataset((), WINDOW), Settings(batch=8), save=lambda *_: None, segmenter=lite,
        kept=kept, augmentation=NONE, sampling=sampling,
    )  # fmt: skip
    optimiser = torch.optim.Adam(task.network.parameters(), 1e-2)
    for epoch in range(60):
        (batch,) = task.batches(epoch)
        optimiser.zero_grad()
        task.loss(batch).backward()
        optimiser.step()
    save_network(task.network, card(lite), tmp_path / "mine.safetensors")
    finder = EmbeddingFinder(load_network(tmp_path / "mine.safetensors"), lite, kept)
    for whole in (case, slices(case, 3, 8)):
        wanted = range(3, 8) if whole is case else range(5)
        found = np.stack([liver > 0.5 for liver, _ in finder.probabilities(whole, wanted)])
        truth = whole.labels[list(wanted)] > 0
        assert found.shape == truth.shape
        assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.9


def test_the_embeddings_of_another_model_are_refused(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "mine.safetensors"
    save_network(build_network(CONFIG), replace(card(lite), base_sha256="0" * 64), path)
    with pytest.raises(WeightsError, match="SAM-U-Net reads the embeddings of litemedsam"):
        network_finder(load_network(path))
