"""Processes that train one model together, each on its share of every epoch's batches, as ``torchrun`` starts them.

Gradients are averaged before each step, so that all hold the same weights; the first process alone writes.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import distributed

from core.errors import LearningError
from core.learning.runs import Reporter, State


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is.

    Attributes:
        rank: From 0; the first one writes.
        count: Of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def share(self, batches: Iterable[Any], total: int) -> Iterator[Any]:
        """Yield every ``count``-th of ``total`` batches; all processes get as many, so some at the end may be left.

        Raises:
            LearningError: There are fewer than processes; raised in all of them, as one alone would wait for ever.
        """
        if 0 < total < self.count:
            raise LearningError(
                f"An epoch has fewer batches ({total}) than there are processes ({self.count}), so some would have "
                "nothing to do. Use a smaller batch, more examples or fewer processes."
            )
        return islice(batches, self.rank, max(self.count, total - total % self.count), self.count)

    def average(self, tensors: Iterable[torch.Tensor | None]) -> None:
        """Replace each tensor by its mean over all processes."""
        if self.count > 1:
            for tensor in tensors:
                if tensor is not None and tensor.is_floating_point():
                    distributed.all_reduce(tensor)
                    tensor /= self.count

    def any(self, says: bool, device: str) -> bool:
        """Return whether one of the processes says so."""
        if self.count == 1:
            return says
        flag = torch.tensor(float(says), device=device)
        distributed.all_reduce(flag)
        return bool(flag > 0)


class Listener(Reporter):
    """A reporter that writes nothing: of a process that trains along with the one that does."""

    def at(self, epoch: int, share: float, sentence: str, eta_s: float | None = None) -> None:
        """Say nothing."""

    def ended(self, state: State, sentence: str, epoch: int) -> None:
        """Say nothing."""

    def rewrite(self, lines: list[dict[str, float]]) -> None:
        """Write nothing."""


def joined(device: str) -> Ranks:
    """Join the other processes that ``torchrun`` started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return Ranks()
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return Ranks(distributed.get_rank(), distributed.get_world_size())
