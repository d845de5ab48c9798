"""How good a network is while it learns: quick figures over the voxels of all validation slices together."""

from collections.abc import Mapping

import numpy as np
import torch

from core.learning.cases import Grey, targets
from core.learning.losses import Loss
from core.scoring.overlap import Confusion, confusion


class Tally:
    """Adds up what was found and missed.

    Args:
        loss: Of logits and targets.
    """

    def __init__(self, loss: Loss) -> None:
        self._loss = loss
        self._losses: list[float] = []
        self._counts = [Confusion(0, 0, 0, 0), Confusion(0, 0, 0, 0)]

    def add(self, logits: torch.Tensor, labels: Grey) -> None:
        """Count a batch: logits ``(B, 2, ...)`` on the processor, labels ``(B, ...)``."""
        wanted = targets(labels)
        self._losses.append(float(self._loss(logits, torch.from_numpy(wanted).transpose(0, 1))))
        for channel in range(2):
            found = np.asarray((logits[:, channel] > 0).numpy())
            self._counts[channel] += confusion(found, wanted[channel] > 0)

    def figures(self) -> Mapping[str, float]:
        """Return ``validation_loss``, ``dice_liver``, ``dice_tumour`` and ``score``, the mean of both.

        Without tumour on the slices its Dice counts as 0 if some was made up, and is left out if not.
        """
        liver, tumour = (counts.dice for counts in self._counts)
        known = [value for value in (liver, tumour) if not np.isnan(value)]
        told = {"dice_liver": liver, "dice_tumour": tumour}
        return {
            "validation_loss": float(np.mean(self._losses)) if self._losses else 0.0,
            **{name: value for name, value in told.items() if not np.isnan(value)},
            "score": float(np.mean(known)) if known else 0.0,
        }
