"""SAM and its relatives: how each wants its picture and its box, and the only place that knows.

A picture is resized into the model's square frame, its grey values are normalised, and the rest of the frame
is zero. Prompts travel into that frame, logits travel back out of it. The recipes differ from model to model,
and feeding a model by another's recipe costs most of its accuracy, so a recipe belongs to the weights.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

from core.errors import PromptError
from core.imaging.window import Window
from core.segmentation.memory import enough_memory
from core.segmentation.networks import Network
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.segmenter import Embedding, ModelCard, Prediction

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


def choose_device() -> str:
    """Return the fastest device of this machine: ``cuda``, else ``mps``, else ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class SamSegmenter:
    """A SAM-family network that answers prompts. Holds no picture: share it between sessions and threads.

    Attributes:
        card: What the model is.
        device: Where it runs.
    """

    def __init__(self, card: ModelCard, network: Network, recipe: Recipe, device: str = "cpu") -> None:
        self.card = card
        self.device = device
        self._recipe = recipe
        with enough_memory(card.size, device):
            self._network = network.to(device)
        with torch.inference_mode():
            self._positions = self._network.prompt_encoder.get_dense_pe()  # (1, 256, 64, 64)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Encode a picture ``(H, W)``, rows to posterior, columns to the patient's left. The slow part.

        Raises:
            DeviceError: There is too little memory.
        """
        if image.ndim != 2 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"image must be (H, W) uint8 and not empty, got {image.shape} {image.dtype}")
        height, width = image.shape
        seen = _resized(image, self._seen_shape((height, width)), self._recipe.resize)
        with self._running():
            features = self._network.image_encoder(self._framed(seen)).float()
        return Embedding(features, (height, width), seen, self.card.sha256)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        """Answer one prompt on an embedded picture. The fast part.

        Raises:
            PromptError: The prompt lies outside the picture, or holds points and the model takes none.
            DeviceError: There is too little memory.
            ValueError: The embedding was made by another model.
        """
        if embedding.model != self.card.sha256:
            raise ValueError(f"embedding was made by model {embedding.model!r}, this is {self.card.sha256!r}")
        if prompt.points and not self.card.takes_points:
            raise PromptError(
                f"{self.card.title} was trained on boxes only and answers points with noise. "
                "Draw a box round the object, or choose a model that takes points, such as SAM."
            )
        box = None if prompt.box is None else self._seen_box(prompt.box, embedding)
        points = [self._seen_point(point, embedding) for point in prompt.points]
        with self._running():
            low, score = self._decoded(embedding.features, box, points)
            logits = self._unframed(low.float(), embedding)
        logits.flags.writeable = False
        mask = logits > 0
        mask.flags.writeable = False
        return Prediction(mask, min(1.0, max(0.0, score)), logits, box)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Compute without gradients, in the precision of the device, and say it in words if memory runs out."""
        with enough_memory(self.card.size, self.device), torch.inference_mode(), self._precision():
            yield

    def _precision(self) -> AbstractContextManager[Any]:
        # float16, named because it must not become bfloat16: against the masks of float32 the Dice is 0.996 with it
        # and 0.981 with bfloat16, whose fewer digits blur the decoder's edges.
        return torch.autocast("cuda", dtype=torch.float16) if self.device.startswith("cuda") else nullcontext()

    # Into the frame

    def _seen_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        side = self._recipe.side
        if self._recipe.stretch:
            return side, side
        height, width = (max(1, int(n * side / max(shape) + 0.5)) for n in shape)
        return height, width

    def _framed(self, seen: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Normalise a resized picture and pad it: ``(h, w)`` uint8 to ``(1, 3, side, side)`` float32."""
        side = self._recipe.side
        grey = torch.from_numpy(seen.astype(np.float32)).to(self.device)
        if self._recipe.normalise == "min-max":
            low, high = grey.min(), grey.max()
            channels = ((grey - low) / (high - low).clamp(min=1)).expand(3, -1, -1)  # a constant picture becomes 0
        else:
            mean, std = (torch.tensor(v, device=self.device).view(3, 1, 1) for v in (_SAM_MEAN, _SAM_STD))
            channels = (grey - mean) / std
        framed = functional.pad(channels, (0, side - seen.shape[1], 0, side - seen.shape[0]))[None]
        return framed.contiguous(memory_format=torch.channels_last)

    def _seen_box(self, box: Box, embedding: Embedding) -> tuple[float, float, float, float]:
        """Bring a half-open box into the frame as the first and last row and column ``(y0, x0, y1, x1)``, grown."""
        inside = box.clip(embedding.shape)
        growth = self._recipe.growth_px
        (height, width), (down, right) = embedding.seen.shape, _scale(embedding)
        return (
            max(0.0, inside.y0 * down - growth),
            max(0.0, inside.x0 * right - growth),
            min(height - 1.0, (inside.y1 - 1) * down + growth),
            min(width - 1.0, (inside.x1 - 1) * right + growth),
        )

    def _seen_point(self, point: Point, embedding: Embedding) -> tuple[float, float, int]:
        """Bring a point into the frame as ``(x, y, label)``."""
        height, width = embedding.shape
        if not (0 <= point.y < height and 0 <= point.x < width):
            raise PromptError(
                f"The point (row {point.y + 1}, column {point.x + 1}) lies outside the slice "
                f"of {height} rows and {width} columns. Click on the picture."
            )
        down, right = _scale(embedding)
        return point.x * right, point.y * down, int(point.positive)

    # Through the decoder and back

    def _decoded(
        self,
        features: torch.Tensor,
        box: tuple[float, float, float, float] | None,
        points: list[tuple[float, float, int]],
    ) -> tuple[torch.Tensor, float]:
        """Return the logits ``(1, 1, 256, 256)`` of the best mask and its predicted IoU."""
        clicks = torch.tensor([points], dtype=torch.float32, device=self.device) if points else None
        corners = None
        if box is not None:
            y0, x0, y1, x1 = box
            corners = torch.tensor([[x0, y0, x1, y1]], dtype=torch.float32, device=self.device)
        sparse, dense = self._network.prompt_encoder(
            points=None if clicks is None else (clicks[..., :2], clicks[..., 2]), boxes=corners, masks=None
        )
        low, scores = self._network.mask_decoder(
            image_embeddings=features,
            image_pe=self._positions,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=box is None and len(points) == 1,  # one click is ambiguous: part, organ or body
        )
        best = int(scores[0].argmax())
        return low[:, best : best + 1], float(scores[0, best])

    def _unframed(self, low: torch.Tensor, embedding: Embedding) -> npt.NDArray[np.float32]:
        """Bring logits from the frame back to the slice: ``(1, 1, 256, 256)`` to ``(H, W)``."""
        side = self._recipe.side
        height, width = embedding.seen.shape
        framed = functional.interpolate(low, (side, side), mode="bilinear", align_corners=False)
        cropped = framed[..., :height, :width]
        logits = functional.interpolate(cropped, embedding.shape, mode="bilinear", align_corners=False)
        array: npt.NDArray[np.float32] = logits[0, 0].cpu().numpy()
        return array


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
