"""The square frame in which a SAM-family model sees: how a picture, a box and a point get in, and logits out.

A picture is resized into the model's square frame, its grey values are normalised, and the rest of the frame
is zero. Prompts travel into that frame, logits travel back out of it. The recipes differ from model to model,
and feeding a model by another's recipe costs most of its accuracy, so a recipe belongs to the weights.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

from core.errors import PromptError
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point
from core.segmentation.segmenter import Embedding

_ABDOMEN = Window(40, 400)
_SAM_MEAN = (123.675, 116.28, 103.53)
_SAM_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Recipe:
    """How a model was fed in training, and must be fed now.

    Attributes:
        side: Rows and columns of its square frame.
        resize: Filter that brings the picture to the frame: ``bilinear``, ``bicubic``, or ``area``, which is the
            mean of the pixels covered; a picture smaller than the frame has none to average and gets ``bicubic``.
        stretch: Fill the frame in both directions; otherwise the longest side fills it and the rest is zero.
        normalise: ``min-max`` to [0, 1] per picture, or ``mean-std`` of the pictures SAM was trained on.
        growth_px: By how many pixels of the frame each edge of a box moves outwards.
        window: The window it was trained on.
        takes_points: Whether it was trained to answer points.
    """

    side: int
    resize: Literal["area", "bilinear", "bicubic"]
    stretch: bool
    normalise: Literal["min-max", "mean-std"]
    growth_px: float
    window: Window
    takes_points: bool


RECIPES = {
    # Trained with boxes up to 5 px too large: 3 px more help boxes drawn by hand and do not harm exact ones.
    "litemedsam": Recipe(256, "area", False, "min-max", 3.0, _ABDOMEN, takes_points=False),
    "medsam": Recipe(1024, "bicubic", True, "min-max", 0.0, _ABDOMEN, takes_points=False),
    # SAM learnt from photographs and has no window of its own; this one shows all soft tissue.
    "sam": Recipe(1024, "bilinear", False, "mean-std", 0.0, _ABDOMEN, takes_points=True),
}


def seen_picture(image: npt.NDArray[np.uint8], recipe: Recipe) -> npt.NDArray[np.uint8]:
    """Resize a picture ``(H, W)`` as the recipe says, read-only; the frame is not padded yet."""
    return _resized(image, _seen_shape((image.shape[0], image.shape[1]), recipe), recipe.resize)


def framed(seen: npt.NDArray[np.uint8], recipe: Recipe) -> torch.Tensor:
    """Normalise a resized picture and pad it: ``(h, w)`` uint8 to ``(1, 3, side, side)`` float32 on the CPU."""
    grey = torch.from_numpy(seen.astype(np.float32))
    if recipe.normalise == "min-max":
        low, high = grey.min(), grey.max()
        channels = ((grey - low) / (high - low).clamp(min=1)).expand(3, -1, -1)  # a constant picture becomes 0
    else:
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (_SAM_MEAN, _SAM_STD))
        channels = (grey - mean) / std
    side = recipe.side
    padded = functional.pad(channels, (0, side - seen.shape[1], 0, side - seen.shape[0]))[None]
    return padded.contiguous(memory_format=torch.channels_last)


def seen_box(box: Box, embedding: Embedding, recipe: Recipe) -> tuple[float, float, float, float]:
    """Bring a half-open box into the frame as the first and last row and column ``(y0, x0, y1, x1)``, grown.

    Raises:
        PromptError: The box lies outside the picture.
    """
    inside = box.clip(embedding.shape)
    growth = recipe.growth_px
    (height, width), (down, right) = embedding.seen.shape, _scale(embedding)
    return (
        max(0.0, inside.y0 * down - growth),
        max(0.0, inside.x0 * right - growth),
        min(height - 1.0, (inside.y1 - 1) * down + growth),
        min(width - 1.0, (inside.x1 - 1) * right + growth),
    )


def seen_point(point: Point, embedding: Embedding) -> tuple[float, float, int]:
    """Bring a point into the frame as ``(x, y, label)``.

    Raises:
        PromptError: The point lies outside the picture.
    """
    height, width = embedding.shape
    if not (0 <= point.y < height and 0 <= point.x < width):
        raise PromptError(
            f"The point (row {point.y + 1}, column {point.x + 1}) lies outside the slice "
            f"of {height} rows and {width} columns. Click on the picture."
        )
    down, right = _scale(embedding)
    return point.x * right, point.y * down, int(point.positive)


def unframed(low: torch.Tensor, embedding: Embedding, recipe: Recipe) -> npt.NDArray[np.float32]:
    """Bring logits from the frame back to the slice: ``(N, 1, 256, 256)`` to ``(N, H, W)``."""
    height, width = embedding.seen.shape
    whole = functional.interpolate(low, (recipe.side, recipe.side), mode="bilinear", align_corners=False)
    logits = functional.interpolate(whole[..., :height, :width], embedding.shape, mode="bilinear", align_corners=False)
    array: npt.NDArray[np.float32] = logits[:, 0].cpu().numpy()
    return array


def unpadded(values: torch.Tensor, embedding: Embedding, recipe: Recipe) -> npt.NDArray[np.float32]:
    """Bring values of the whole frame, ``(n, n)``, to the picture in it: ``(h, w)`` of `Embedding.seen`."""
    height, width = embedding.seen.shape
    side = (recipe.side, recipe.side)
    whole = functional.interpolate(values[None, None].float(), side, mode="bilinear", align_corners=False)
    array: npt.NDArray[np.float32] = whole[0, 0, :height, :width].cpu().numpy()
    return array


def _seen_shape(shape: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    if recipe.stretch:
        return recipe.side, recipe.side
    height, width = (max(1, int(n * recipe.side / max(shape) + 0.5)) for n in shape)
    return height, width


def _scale(embedding: Embedding) -> tuple[float, float]:
    """Return pixels of the frame per voxel of the slice, down and to the right."""
    (seen_height, seen_width), (height, width) = embedding.seen.shape, embedding.shape
    return seen_height / height, seen_width / width


def _resized(image: npt.NDArray[np.uint8], shape: tuple[int, int], method: str) -> npt.NDArray[np.uint8]:
    """Return a read-only copy of ``(H, W)`` brought to another shape."""
    if method == "area" and shape[0] < image.shape[0]:
        grey = _shares(image.shape[0], shape[0]) @ image.astype(np.float32) @ _shares(image.shape[1], shape[1]).T
        seen: npt.NDArray[np.uint8] = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    else:
        kernel = Image.Resampling.BILINEAR if method == "bilinear" else Image.Resampling.BICUBIC
        seen = np.array(Image.fromarray(image).resize((shape[1], shape[0]), kernel))
    seen.flags.writeable = False
    return seen


@lru_cache(maxsize=16)
def _shares(n_in: int, n_out: int) -> npt.NDArray[np.float32]:
    """Return ``(n_out, n_in)``: which share of each output pixel is covered by each input pixel."""
    edges = np.linspace(0, n_in, n_out + 1)[:, None]
    pixels = np.arange(n_in)
    covered = np.clip(np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels), 0, None)
    shares: npt.NDArray[np.float32] = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
