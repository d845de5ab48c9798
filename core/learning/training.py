"""One loop that trains everything: batch, loss, finite check, step; a line an epoch; stop and go on at any time.

What an epoch does depends on the seed and its number alone: order, augmentation and dropout are drawn anew from both.
So a run that was killed and goes on from its last whole epoch ends with the weights of one that was not.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from core.errors import LearningError
from core.learning.ranks import Listener, Ranks, joined
from core.learning.runs import BEST, LAST, Reporter, State
from core.learning.settings import Settings
from core.segmentation.cachefolder import replacing
from core.segmentation.engines import processor_flags


class Task(Protocol):
    """What is trained, on what."""

    @property
    def network(self) -> nn.Module:
        """What is learnt is what of it requires a gradient."""
        ...

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        ...

    def batches(self, epoch: int) -> Iterator[Any]:
        """Yield the batches of an epoch, from 0; the same ones whenever asked."""
        ...

    def loss(self, batch: Any) -> torch.Tensor:
        """Return the loss of a batch, with its gradient."""
        ...

    def validate(self) -> Mapping[str, float]:
        """Return figures of the validation data; ``score`` decides which epoch is best, more is better."""
        ...

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Write the weights to a ``.safetensors`` file that loads with nothing else."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        state: ``FINISHED`` or ``STOPPED``.
        epochs: Done.
        best_epoch: From 1; 0 if none was done.
        best_score: Of that epoch on validation.
    """

    state: State
    epochs: int
    best_epoch: int
    best_score: float


def train(task: Task, settings: Settings, folder: Path, device: str = "cpu") -> Outcome:
    """Train until the last epoch, until validation gets no better, or until asked to stop; go on if there is a start.

    Args:
        task: What to train; its network is left at the last epoch.
        settings: How.
        folder: Of the run (see `runs`), made if need be.
        device: Where the network computes.

    Raises:
        LearningError: The loss is no finite number, or the folder holds a run with other settings.
    """
    ranks = joined(device)
    reporter = Reporter(folder, settings.epochs) if ranks.is_first else Listener(folder, settings.epochs)
    loop = _Loop(task, settings, folder, device, ranks)
    with reporter.telling("The training", lambda: loop.epoch):
        loop.restore()
        reporter.rewrite(loop.log)
        state, why = loop.run(reporter)
    reporter.ended(state, why, loop.epoch)
    return Outcome(state, loop.epoch, loop.best_epoch, loop.best)


class _Loop:
    """The state between two steps."""

    def __init__(self, task: Task, settings: Settings, folder: Path, device: str, ranks: Ranks) -> None:
        self._task, self._settings, self._folder, self._ranks = task, settings, folder, ranks
        self._cuda = device.startswith("cuda")
        self._device = device
        task.network.to(device)
        self._learnt = [tensor for tensor in task.network.parameters() if tensor.requires_grad]
        self._optimiser = _optimiser(settings, self._learnt)
        self._scaler = torch.amp.GradScaler(enabled=self._cuda and settings.mixed)
        self.epoch, self.best, self.best_epoch = 0, -math.inf, 0
        self.log: list[dict[str, float]] = []

    def run(self, reporter: Reporter) -> tuple[State, str]:
        """Go on until there is a reason to end, and return it."""
        while self.epoch < self._settings.epochs:
            if self._is_patience_over():
                return State.FINISHED, f"Validation has not improved since epoch {self.best_epoch}."
            line = self._one_epoch(reporter)
            if line is None:
                return State.STOPPED, "Stopped as asked; it can go on."
            self._keep(line)
            reporter.rewrite(self.log)
        return State.FINISHED, f"All {self.epoch} epochs are done."

    def _is_patience_over(self) -> bool:
        patience = self._settings.patience
        return 0 < patience <= self.epoch - self.best_epoch and self.best_epoch > 0

    def _one_epoch(self, reporter: Reporter) -> dict[str, float] | None:
        """Return the line for the log, or None if asked to stop within."""
        started, losses = time.perf_counter(), []
        rate = self._settings.rate_at(self.epoch)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        with torch.random.fork_rng(devices=[self._device] if self._cuda else []):
            torch.manual_seed(self._settings.seed * 1_000_003 + self.epoch)  # for dropout
            self._task.network.train()
            steps = self._task.steps
            for step, batch in enumerate(self._ranks.share(self._task.batches(self.epoch), steps)):
                if self._ranks.any(reporter.is_asked_to_stop(), self._device):
                    return None
                losses.append(self._step(batch, step))
                share = min(1.0, (step + 1) * self._ranks.count / steps)
                reporter.at(self.epoch, share, f"Epoch {self.epoch + 1}: learning.", self._eta(share))
        if not losses:
            raise LearningError("There is nothing to learn from: no slice shows what is to be learnt. Add cases.")
        reporter.at(self.epoch, 1.0, f"Epoch {self.epoch + 1}: validating.", self._eta(1.0))
        self._ranks.average(self._task.network.buffers())  # the statistics of normalisation
        self._task.network.eval()
        with torch.inference_mode(), self._mixed():
            told = dict(self._task.validate())
        seconds = time.perf_counter() - started
        mean = sum(losses) / len(losses)
        return {"epoch": self.epoch + 1, "loss": mean, "rate": rate, "seconds": round(seconds, 3), **told}

    def _step(self, batch: Any, step: int) -> float:
        with self._mixed():
            loss = self._task.loss(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise LearningError(
                f"The loss became {value} in epoch {self.epoch + 1}, step {step + 1}, so the training was ended. "
                f"Use a lower rate than {self._settings.rate:g}, or look for damaged cases."
            )
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._ranks.average(tensor.grad for tensor in self._learnt)
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._learnt, self._settings.clip)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return value

    def _mixed(self) -> torch.autocast:
        """Compute in 16 bits where that is faster: on a graphics card, and on processors with instructions for it."""
        if self._cuda:
            return torch.autocast("cuda", torch.float16, enabled=self._settings.mixed)
        fast = bool({"avx512_bf16", "amx_bf16"} & processor_flags())
        # Not over blocks of slices: their convolutions become nan in torch 2.13, now and then, with sound weights.
        sound = not any(isinstance(part, nn.Conv3d) for part in self._task.network.modules())
        return torch.autocast("cpu", torch.bfloat16, enabled=self._settings.mixed and fast and sound)

    def _eta(self, share: float) -> float | None:
        if not self.log:
            return None
        recent = [line["seconds"] for line in self.log[-3:]]
        return (self._settings.epochs - self.epoch - share) * sum(recent) / len(recent)

    def _keep(self, line: dict[str, float]) -> None:
        """Write down what this epoch brought, whole or not at all."""
        self.epoch += 1
        self.log.append(line)
        if line["score"] > self.best:
            self.best, self.best_epoch = line["score"], self.epoch
            if self._ranks.is_first:
                self._task.save(self._folder / BEST, {"epoch": self.epoch, "validation": line})
        if not self._ranks.is_first:
            return
        kept = {
            "network": self._task.network.state_dict(), "optimiser": self._optimiser.state_dict(),
            "scaler": self._scaler.state_dict(), "epoch": self.epoch, "best": self.best,
            "best_epoch": self.best_epoch, "log": self.log, "settings": asdict(self._settings),
        }  # fmt: skip
        with replacing(self._folder / LAST) as file:
            torch.save(kept, file)

    def restore(self) -> None:
        """Go back to the last whole epoch, if there is one.

        Raises:
            LearningError: It was trained with other settings, or the file is damaged.
        """
        path = self._folder / LAST
        if not path.is_file():
            return
        try:
            kept = torch.load(path, map_location=self._device, weights_only=True)
            settings = kept["settings"]
            if settings == asdict(self._settings):
                self._task.network.load_state_dict(kept["network"])
                self._optimiser.load_state_dict(kept["optimiser"])
                self._scaler.load_state_dict(kept["scaler"])
        except Exception as error:
            raise LearningError(f"{path} is damaged, so the run cannot go on. Start it anew.") from error
        if settings != asdict(self._settings):
            changed = [name for name, value in asdict(self._settings).items() if settings.get(name) != value]
            raise LearningError(f"{self._folder} was trained with another {', '.join(changed)}. Use a new folder.")
        self.epoch, self.best, self.best_epoch = kept["epoch"], kept["best"], kept["best_epoch"]
        self.log = list(kept["log"])


def _optimiser(settings: Settings, learnt: list[nn.Parameter]) -> torch.optim.Optimizer:
    if settings.optimiser == "sgd":
        return torch.optim.SGD(learnt, settings.rate, momentum=0.9, weight_decay=settings.decay, nesterov=True)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return kind(learnt, settings.rate, weight_decay=settings.decay)
