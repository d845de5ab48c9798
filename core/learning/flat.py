"""Training of the networks that see one slice at a time: U-Net and the plain CNN."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from core.learning.augmentation import USUAL, Augmentation, Augmenter
from core.learning.cases import Case, Grey, targets
from core.learning.dataset import Dataset
from core.learning.networks import NetworkConfig
from core.learning.networktask import ALL, Batch, Sampling, Save, Seen, SliceTask
from core.learning.pictures import resized, resized_labels, shown
from core.learning.settings import Settings


class FlatTask(SliceTask):
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
        self._images, self._labels = stacked(training.cases, config.side)
        tumour = np.flatnonzero((self._labels == 2).any(axis=(1, 2)))
        super().__init__(config, settings, sampling, save, len(self._images), tumour)
        self._checked = [thinned(case, config.side, sampling.every) for case in (validation.cases or training.cases)]
        self._augmenter = Augmenter(augmentation, (config.side, config.side))

    def _batch(self, chosen: npt.NDArray[np.int64], seed: int) -> Batch:
        images = shown(self._images[chosen])[:, None]
        wanted = torch.from_numpy(targets(self._labels[chosen])).transpose(0, 1)
        return self._augmenter.changed(images, wanted, seed)

    def _checks(self) -> Iterator[tuple[Seen, Grey]]:
        size = self._settings.batch
        for images, labels in self._checked:
            for k in range(0, len(images), size):
                yield shown(images[k : k + size])[:, None], labels[k : k + size]


def stacked(cases: tuple[Case, ...], side: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return all slices of some cases, ``(N, side, side)``, and their labels."""
    images = [resized(case.grey, side) for case in cases]
    return np.concatenate(images), np.concatenate([resized_labels(case.labels, side) for case in cases])


def thinned(case: Case, side: int, every: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return every such slice of a case, and its labels."""
    return resized(case.grey[::every], side), resized_labels(case.labels[::every], side)
