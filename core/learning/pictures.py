"""Slices in the size a network wants, and what it found in the size of the slices again."""

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from core.learning.cases import Grey

_AT_ONCE = 16  # slices, so that a long CT takes no more memory than a short one


def resized(grey: Grey, side: int) -> Grey:
    """Bring slices ``(z, y, x)`` to ``(z, side, side)``; where that is smaller, by the mean of what is covered."""
    return _in_parts(grey, side, "area" if side < min(grey.shape[1:]) else "bilinear")


def resized_labels(labels: Grey, side: int) -> Grey:
    """Bring labels ``(z, y, x)`` to ``(z, side, side)``; each pixel takes that of the nearest."""
    return _in_parts(labels, side, "nearest-exact")


def enlarged(probabilities: npt.NDArray[np.floating], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Bring the probabilities of one slice ``(2, h, w)`` to ``(2, H, W)``, evenly in between."""
    given = torch.from_numpy(np.ascontiguousarray(probabilities, np.float32))[None]
    found: npt.NDArray[np.float32] = functional.interpolate(given, shape, mode="bilinear", align_corners=False)[
        0
    ].numpy()
    return found


def shown(grey: Grey) -> torch.Tensor:
    """Turn grey values into what networks see, float32 from 0 to 1."""
    return torch.from_numpy(np.asarray(grey, np.float32) / np.float32(255))


def _in_parts(stack: Grey, side: int, mode: str) -> Grey:
    if stack.shape[1:] == (side, side):
        return stack
    out = np.empty((len(stack), side, side), np.uint8)
    align = False if mode == "bilinear" else None
    for k in range(0, len(stack), _AT_ONCE):
        part = torch.from_numpy(stack[k : k + _AT_ONCE].astype(np.float32))[:, None]
        found = functional.interpolate(part, (side, side), mode=mode, align_corners=align)
        out[k : k + _AT_ONCE] = found[:, 0].round().clamp(0, 255).numpy().astype(np.uint8)
    return out
