"""Training of the networks that see one slice at a time: U-Net and the plain CNN."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from core.learning.augmentation import USUAL, Augmentation, Augmenter
from core.learning.cases import Case, targets
from core.learning.dataset import Dataset
from core.learning.losses import loss
from core.learning.networks import NetworkConfig, build_network
from core.learning.pictures import resized, resized_labels, shown
from core.learning.settings import Settings
from core.learning.validation import Tally

Batch = tuple[torch.Tensor, torch.Tensor]
Save = Callable[[nn.Module, NetworkConfig, Path, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Sampling:
    """Which examples an epoch is made of.

    Attributes:
        examples: An epoch; 0 takes every slice once.
        tumour_share: Of them that show tumour, if they are drawn.
        every: Validation looks at every such slice.
    """

    examples: int = 0
    tumour_share: float = 0.5
    every: int = 1


ALL = Sampling()


class FlatTask:
    """A network that turns a slice into logits of liver and tumour.

    Args:
        config: Which network.
        training: Cases to learn from.
        validation: Cases to check on; without any, the training cases tell.
        settings: How to train.
        augmentation: How far slices may be changed.
        sampling: Which slices an epoch is made of.
        save: Writes the network; see `trained.save_network`.
    """

    def __init__(
        self,
        config: NetworkConfig,
        training: Dataset,
        validation: Dataset,
        settings: Settings,
        *,
        save: Save,
        augmentation: Augmentation = USUAL,
        sampling: Sampling = ALL,
    ) -> None:
        self.network: nn.Module = build_network(config, settings.seed)
        self._config, self._settings, self._sampling, self._save = config, settings, sampling, save
        self._images, self._labels = stacked(training.cases, config.side)
        self._tumour = np.flatnonzero((self._labels == 2).any(axis=(1, 2)))
        self._checked = [thinned(case, config.side, sampling.every) for case in (validation.cases or training.cases)]
        self._augmenter = Augmenter(augmentation, (config.side, config.side))
        self._loss = loss(settings.loss)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self._order(0)) // self._settings.batch)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield slices ``(B, 1, S, S)`` and targets ``(B, 2, S, S)``."""
        order, size = self._order(epoch), self._settings.batch
        for k in range(0, len(order), size):
            chosen = order[k : k + size]
            images = shown(self._images[chosen])[:, None]
            wanted = torch.from_numpy(targets(self._labels[chosen])).transpose(0, 1)
            seed = hash((self._settings.seed, epoch, k))
            yield self._augmenter.changed(images, wanted, seed)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss of a batch."""
        device = next(self.network.parameters()).device
        images, wanted = (part.to(device) for part in batch)
        return self._loss(self.network(images).float(), wanted)

    def validate(self) -> Mapping[str, float]:
        """Return loss and Dice over the voxels of all validation slices together."""
        tally, device = Tally(self._loss), next(self.network.parameters()).device
        for images, labels in self._checked:
            for k in range(0, len(images), self._settings.batch):
                part = shown(images[k : k + self._settings.batch])[:, None].to(device)
                tally.add(self.network(part).float().cpu(), labels[k : k + self._settings.batch])
        return tally.figures()

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Write the weights."""
        self._save(self.network, self._config, path, facts)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        return order(len(self._images), self._tumour, self._sampling, (self._settings.seed, epoch))


def order(
    slices: int, tumour: npt.NDArray[np.int64], sampling: Sampling, seed: tuple[int, int]
) -> npt.NDArray[np.int64]:
    """Return which slices an epoch shows, and in which order.

    Args:
        slices: There are.
        tumour: Those that show tumour.
        sampling: How many are wanted of both kinds.
        seed: Decides which.
    """
    rng = np.random.default_rng(seed)
    wanted = sampling.examples
    if not wanted:
        return rng.permutation(slices)
    shows = round(wanted * sampling.tumour_share) if len(tumour) else 0
    drawn = [rng.choice(tumour, shows)] if shows else []
    return rng.permutation(np.concatenate([*drawn, rng.integers(0, slices, wanted - shows)]))


def stacked(cases: tuple[Case, ...], side: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return all slices of some cases, ``(N, side, side)``, and their labels."""
    images = [resized(case.grey, side) for case in cases]
    return np.concatenate(images), np.concatenate([resized_labels(case.labels, side) for case in cases])


def thinned(case: Case, side: int, every: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return every such slice of a case, and its labels."""
    return resized(case.grey[::every], side), resized_labels(case.labels[::every], side)
