"""Slices and blocks as they might also have come out of the scanner: moved, bent, brighter, noisier. By MONAI."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Augmentation:
    """How far an example may be changed.

    Attributes:
        flip: Probability of a mirror image; small, as a liver on the left is rare.
        move: Probability of a turn, shift, another scale and, for slices, elastic bending.
        turn_degrees: Farthest turn, in the slice.
        scale: Farthest change of size, as a share.
        shift: Farthest shift, as a share of the side.
        grey: Probability of each change of grey values: brightness, contrast, noise.
        lesions: Probability that tumours are drawn into an example. This and the next are for `variation` alone.
        blind: Probability that an example must do without its embedding.
    """

    flip: float = 0.1
    move: float = 0.7
    turn_degrees: float = 15.0
    scale: float = 0.15
    shift: float = 0.08
    grey: float = 0.3
    lesions: float = 0.5
    blind: float = 0.25


USUAL = Augmentation()
STRONG = Augmentation(flip=0.0, turn_degrees=20.0, scale=0.2, grey=1.0)
NONE = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Augmenter:
    """Changes examples at random, the same way for the same seed.

    Args:
        how: How far.
        shape: ``(H, W)`` of slices or ``(D, H, W)`` of blocks.
    """

    def __init__(self, how: Augmentation, shape: tuple[int, ...]) -> None:
        self._is_on = how != NONE
        self._transform = _transform(how, shape) if self._is_on else None

    def changed(self, images: torch.Tensor, wanted: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images ``(B, 1, ...)`` and targets ``(B, 2, ...)``, changed alike.

        Args:
            images: From 0 to 1.
            wanted: 0 or 1.
            seed: Decides how.
        """
        if self._transform is None:
            return images, wanted
        self._transform.set_random_state(seed=seed % 2**32)
        done = [self._transform({"image": image, "wanted": want}) for image, want in zip(images, wanted, strict=True)]
        return _stacked(done, "image").clamp(0, 1), _stacked(done, "wanted")


def _stacked(done: Sequence[dict[str, Any]], key: str) -> torch.Tensor:
    return torch.stack([torch.as_tensor(np.asarray(one[key]), dtype=torch.float32) for one in done])


def _transform(how: Augmentation, shape: tuple[int, ...]) -> Any:
    from monai import transforms  # seconds

    both, modes = ("image", "wanted"), ("bilinear", "nearest")
    turn, side = float(np.deg2rad(how.turn_degrees)), shape[-1]
    if len(shape) == 2:
        moved = transforms.Rand2DElasticd(
            both, spacing=(side / 6, side / 6), magnitude_range=(0, side / 96), prob=how.move, rotate_range=(turn,),
            scale_range=(how.scale,) * 2, translate_range=(how.shift * side,) * 2, mode=modes, padding_mode="zeros",
        )  # fmt: skip
    else:
        moved = transforms.RandAffined(
            both, prob=how.move, rotate_range=(turn, 0, 0), scale_range=(0, how.scale, how.scale),
            translate_range=(0, how.shift * side, how.shift * side), mode=modes, padding_mode="zeros",
        )  # fmt: skip
    return transforms.Compose(
        [
            transforms.RandFlipd(both, prob=how.flip, spatial_axis=len(shape) - 1),
            moved,
            transforms.RandScaleIntensityd("image", factors=0.15, prob=how.grey),
            transforms.RandShiftIntensityd("image", offsets=0.08, prob=how.grey),
            transforms.RandGaussianNoised("image", prob=how.grey, std=0.04),
        ]
    )
