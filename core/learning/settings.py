"""How a training is done: how long, how fast, by which optimiser."""

import math
from dataclasses import dataclass
from typing import Literal

from core.errors import LearningError

Optimiser = Literal["adamw", "adam", "sgd"]
Schedule = Literal["constant", "cosine", "polynomial"]
Part = Literal["refiner", "decoder", "lora", "whole"]
PARTS: tuple[Part, ...] = ("refiner", "decoder", "lora", "whole")  # of SAM that can be trained


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        epochs: At most.
        batch: Examples a step.
        optimiser: ``adamw``, ``adam`` or ``sgd`` (momentum 0.9).
        rate: Of learning, at its highest.
        schedule: What becomes of it: ``constant``, ``cosine`` to 0, or ``polynomial`` (power 0.9) to 0.
        warmup: Epochs in which it rises to ``rate``.
        decay: Of weights.
        loss: As in `losses.LOSSES`.
        clip: Longest gradient; a longer one is shortened.
        patience: Epochs without a better validation after which it ends; 0 never ends early.
        seed: For everything that is drawn.
        mixed: Whether a graphics card, or a processor made for it, computes in 16 bits where that suffices.
    """

    epochs: int = 40
    batch: int = 8
    optimiser: Optimiser = "adamw"
    rate: float = 1e-3
    schedule: Schedule = "cosine"
    warmup: int = 0
    decay: float = 1e-4
    loss: str = "dice+bce"
    clip: float = 1.0
    patience: int = 10
    seed: int = 0
    mixed: bool = True

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or not self.rate > 0 or not self.clip > 0:
            raise LearningError("Epochs, batch, rate and clip must be above 0. Change the settings.")
        if self.optimiser not in ("adamw", "adam", "sgd") or self.schedule not in ("constant", "cosine", "polynomial"):
            raise LearningError(f"{self.optimiser} or {self.schedule} is not known. Choose adamw, adam or sgd, and "
                                "constant, cosine or polynomial.")  # fmt: skip

    def rate_at(self, epoch: int) -> float:
        """Return the rate of learning in an epoch, from 0."""
        if epoch < self.warmup:
            return self.rate * (epoch + 1) / (self.warmup + 1)
        left = 1 - (epoch - self.warmup) / max(1, self.epochs - self.warmup)
        shape: dict[str, float] = {
            "constant": 1.0,
            "cosine": (1 - math.cos(math.pi * left)) / 2,
            "polynomial": left**0.9,
        }
        return self.rate * shape[self.schedule]
