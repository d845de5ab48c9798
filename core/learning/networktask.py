"""What the trainings of all networks that find liver and tumours have in common."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from core.learning.cases import Grey
from core.learning.losses import loss
from core.learning.networks import NetworkConfig, build_network
from core.learning.settings import Settings
from core.learning.validation import Tally

Seen = torch.Tensor | tuple[torch.Tensor, ...]
Batch = tuple[Seen, torch.Tensor]
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


class NetworkTask:
    """A network that learns to turn what it sees into logits of liver and tumour.

    Args:
        config: Which network.
        settings: How to train.
        sampling: Which examples an epoch is made of.
        save: Writes the network; see `trained.save_network`.
    """

    def __init__(self, config: NetworkConfig, settings: Settings, sampling: Sampling, save: Save) -> None:
        self.network: nn.Module = build_network(config, settings.seed)
        self._config, self._settings, self._sampling, self._save = config, settings, sampling, save
        self._loss = loss(settings.loss)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss of a batch: what is seen, and the targets ``(B, 2, ...)``."""
        seen, wanted = batch
        return self._loss(self._logits(seen), wanted.to(self._device))

    def validate(self) -> Mapping[str, float]:
        """Return loss and Dice over the voxels of all validation examples together."""
        tally = Tally(self._loss)
        for seen, labels in self._checks():
            tally.add(self._logits(seen).cpu(), labels)
        return tally.figures()

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Write the weights."""
        self._save(self.network, self._config, path, facts)

    def _checks(self) -> Iterator[tuple[Seen, Grey]]:
        """Yield what is seen in validation, and its labels ``(B, ...)``."""
        raise NotImplementedError

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _logits(self, seen: Seen) -> torch.Tensor:
        """Return logits, float32."""
        given = seen.to(self._device) if isinstance(seen, torch.Tensor) else tuple(one.to(self._device) for one in seen)
        logits: torch.Tensor = self.network(given).float()
        return logits


class SliceTask(NetworkTask):
    """A network that learns from single slices.

    Args:
        config: Which network.
        settings: How to train.
        sampling: Which slices an epoch is made of.
        save: Writes the network.
        slices: There are to learn from.
        tumour: Indices of those that show tumour.
        shares: How often each slice is drawn; alike by default.
    """

    def __init__(
        self,
        config: NetworkConfig,
        settings: Settings,
        sampling: Sampling,
        save: Save,
        slices: int,
        tumour: npt.NDArray[np.int64],
        shares: npt.NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__(config, settings, sampling, save)
        self._count, self._tumour, self._shares = slices, tumour, shares

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-(self._sampling.examples or self._count) // self._settings.batch)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield what is seen of slices and targets ``(B, 2, S, S)``."""
        order, size = self._order(epoch), self._settings.batch
        for k in range(0, len(order), size):
            yield self._batch(order[k : k + size], hash((self._settings.seed, epoch, k)))

    def _batch(self, chosen: npt.NDArray[np.int64], seed: int) -> Batch:
        """Return some slices, changed as a seed says."""
        raise NotImplementedError

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        """Return which slices an epoch shows, and in which order."""
        rng = np.random.default_rng((self._settings.seed, epoch))
        wanted = self._sampling.examples
        if not wanted:
            return rng.permutation(self._count)
        shows = round(wanted * self._sampling.tumour_share) if len(self._tumour) else 0
        drawn = [self._drawn(rng, self._tumour, shows)] if shows else []
        return rng.permutation(np.concatenate([*drawn, self._drawn(rng, np.arange(self._count), wanted - shows)]))

    def _drawn(self, rng: np.random.Generator, slices: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
        if self._shares is None:
            return rng.choice(slices, count)
        likely = self._shares[slices]
        return rng.choice(slices, count, p=likely / likely.sum())
