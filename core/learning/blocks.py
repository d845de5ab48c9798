"""Training of the network that sees several slices at once: V-Net."""

from collections.abc import Iterator

import numpy as np
import torch

from core.learning.augmentation import USUAL, Augmentation, Augmenter
from core.learning.cases import Grey, targets
from core.learning.dataset import Dataset
from core.learning.networks import NetworkConfig
from core.learning.networktask import ALL, Batch, NetworkTask, Sampling, Save, Seen
from core.learning.pictures import resized, resized_labels, shown
from core.learning.settings import Settings


class BlockTask(NetworkTask):
    """A network that turns a block of slices into logits of liver and tumour.

    Args:
        config: Which network.
        training: Cases to learn from.
        validation: Cases to check on; without any, the training cases tell.
        settings: How to train.
        augmentation: How far blocks may be changed.
        sampling: How many blocks make an epoch (0: one for every ``depth`` slices); ``every`` thins validation blocks.
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
        super().__init__(config, settings, sampling, save)
        self._cases = [self._fitting(case.grey, case.labels) for case in training.cases]
        checked = validation.cases or training.cases
        self._checked = [self._fitting(case.grey, case.labels) for case in checked]
        slices = sum(len(grey) for grey, _ in self._cases)
        self._examples = sampling.examples or max(1, slices // config.depth)
        self._augmenter = Augmenter(augmentation, (config.depth, config.side, config.side))

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-self._examples // self._settings.batch)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield blocks ``(B, 1, D, S, S)`` and targets ``(B, 2, D, S, S)``."""
        rng = np.random.default_rng((self._settings.seed, epoch))
        for step in range(self.steps):
            count = min(self._settings.batch, self._examples - step * self._settings.batch)
            drawn = [self._drawn(rng) for _ in range(count)]
            images = torch.stack([shown(grey)[None] for grey, _ in drawn])
            wanted = torch.stack([torch.from_numpy(targets(labels)) for _, labels in drawn])
            yield self._augmenter.changed(images, wanted, hash((self._settings.seed, epoch, step)))

    def _checks(self) -> Iterator[tuple[Seen, Grey]]:
        depth = self._config.depth
        for grey, labels in self._checked:
            for z in range(0, len(grey) - depth + 1, depth * self._sampling.every):
                yield shown(grey[z : z + depth])[None, None], labels[None, z : z + depth]

    def _fitting(self, grey: Grey, labels: Grey) -> tuple[Grey, Grey]:
        """Resize, and repeat the last slice if there are fewer than a block has."""
        missing = max(0, self._config.depth - len(grey))
        both = resized(grey, self._config.side), resized_labels(labels, self._config.side)
        first, second = (np.pad(part, ((0, missing), (0, 0), (0, 0)), mode="edge") for part in both)
        return first, second

    def _drawn(self, rng: np.random.Generator) -> tuple[Grey, Grey]:
        grey, labels = self._cases[int(rng.integers(len(self._cases)))]
        last = len(grey) - self._config.depth
        shows = np.flatnonzero((labels == 2).any(axis=(1, 2)))
        if len(shows) and rng.random() < self._sampling.tumour_share:
            start = int(rng.choice(shows)) - int(rng.integers(self._config.depth))
        else:
            start = int(rng.integers(last + 1))
        start = min(max(0, start), last)
        return grey[start : start + self._config.depth], labels[start : start + self._config.depth]
