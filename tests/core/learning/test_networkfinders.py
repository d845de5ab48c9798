"""On which slices of a long CT the network behind SAM's encoder looks for the liver."""

import numpy as np
import pytest
import torch
from torch import nn

from core.imaging.grid import Grid
from core.learning.cases import Case
from core.learning.networkfinders import EmbeddingFinder
from core.learning.networks import NetworkConfig
from core.learning.samunet import PICTURES
from core.learning.trained import NetworkCard, TrainedNetwork
from core.segmentation.embeddings import Embeddings
from tests.core.learning.shapes import WINDOW
from tests.core.segmentation.test_embeddings import Counting

LIVER, OTHER, SLICES = slice(90, 150), slice(20, 30), 240


class Bright(nn.Module):
    """Takes whatever is bright in the slice for liver."""

    def forward(self, seen: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        bright = seen[1][:, PICTURES // 2 : PICTURES // 2 + 1] > -1
        return torch.cat([torch.where(bright, 5.0, -5.0), torch.full_like(seen[1][:, :1], -5)], 1)


def long_ct(bright: int = 170) -> Case:
    """A liver, and something smaller that is as bright far from it; no slice is like another."""
    grey = np.random.default_rng(0).integers(10, 30, (SLICES, 48, 64), np.uint8)
    grey[LIVER, 10:40, 10:50] = bright
    grey[OTHER, 20:30, 20:30] = bright
    grid = Grid.from_geometry(grey.shape, (2.0, 1.0, 1.0))
    return Case("long", "long", grey, np.zeros_like(grey), tuple(range(SLICES)), grid)


def finder(segmenter: Counting) -> EmbeddingFinder:
    config = NetworkConfig("samunet", (8,), side=48)
    card = NetworkCard("x", "x", config, WINDOW, base="counting", base_sha256=segmenter.card.sha256)
    return EmbeddingFinder(TrainedNetwork(card, Bright()), segmenter, Embeddings(1 << 24))


@pytest.mark.parametrize("every", [1, 3])
def test_it_looks_closely_only_at_the_liver_and_a_little_beyond(every: int) -> None:
    segmenter, wanted = Counting(), range(0, SLICES, every)
    found = np.stack([one[0] > 0.5 for one in finder(segmenter).probabilities(long_ct(), wanted)])
    sees = {z for z, one in zip(wanted, found, strict=True) if one.any()}
    assert sees == {z for z in wanted if LIVER.start <= z < LIVER.stop}
    assert len(sees) <= len(segmenter.shown) < 24 + (LIVER.stop - LIVER.start + 2 * 3 * SLICES / 24) / every


def test_where_no_liver_is_seen_everything_is_looked_at() -> None:
    segmenter = Counting()
    found = finder(segmenter).probabilities(long_ct(bright=20), range(SLICES))
    assert not any((one > 0.5).any() for one in found)
    assert len(segmenter.shown) == SLICES
