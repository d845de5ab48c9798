"""What a network is made to minimise: cross-entropy, Dice, and both together. Logits in, a number out."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch.nn import functional

from core.errors import LearningError

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss(name: str) -> Loss:
    """Return a loss by its name: a function of logits and targets ``(B, C, ...)``, float32, targets 0 or 1.

    Raises:
        LearningError: There is no loss of this name.
    """
    if name not in LOSSES:
        raise LearningError(f"There is no loss {name!r}. Choose one of: {', '.join(LOSSES)}.")
    return LOSSES[name]


def _bce(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(logits, wanted)


def _dice(logits: torch.Tensor, wanted: torch.Tensor, batch: bool = True) -> torch.Tensor:
    from monai.losses import DiceLoss  # seconds

    # Over the whole batch: most slices show no tumour, and the Dice of nothing is undefined.
    found: torch.Tensor = DiceLoss(sigmoid=True, batch=batch, smooth_nr=1.0, smooth_dr=1.0)(logits, wanted)
    return found


def _focal(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    from monai.losses import FocalLoss

    found: torch.Tensor = FocalLoss(gamma=2.0)(logits, wanted)
    return found


def _sum(logits: torch.Tensor, wanted: torch.Tensor, parts: tuple[Loss, ...]) -> torch.Tensor:
    return torch.stack([part(logits, wanted) for part in parts]).sum()


LOSSES: Mapping[str, Loss] = {
    "bce": _bce,
    "dice": _dice,
    "dice+bce": partial(_sum, parts=(_dice, _bce)),
    "dice+focal": partial(_sum, parts=(_dice, _focal)),
    "each dice+bce": partial(_sum, parts=(partial(_dice, batch=False), _bce)),  # every object counts alike
}
