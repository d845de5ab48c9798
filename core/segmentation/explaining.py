"""What goes on inside a SAM-family model, as pictures to learn from: what the encoder sees, where the box looks.

Three pictures, all of what the model was given: the encoder's features in three colours, the attention that the
corners of the box pay to the picture in the decoder's last step, and how sure the model is of each pixel.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import PromptError
from core.segmentation.networks import FEATURE_SIDE
from core.segmentation.prompt import Prompt
from core.segmentation.sam import SamSegmenter
from core.segmentation.segmenter import Embedding, Segmenter

Floats = npt.NDArray[np.float32]
COLOURS = 3
_SPREAD = (1.0, 99.0)  # percentiles that become the darkest and the brightest of a colour


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a model made of a picture and a prompt; all in the frame of `Embedding.seen`, ``(h, w)``.

    Attributes:
        features: ``(h, w, 3)`` uint8: the first three principal components of the features as red, green and blue.
            Alike colours are alike tissue to the encoder; which colour it is means nothing.
        explained: Share of the features' variance in the three, 0–1.
        attention: ``(h, w)``, 0–1: how much the prompt, such as the corners of a box, looks at each place. 0 is no
            more than an even share over the whole frame, 1 the place that is looked at most.
        confidence: ``(h, w)``, 0–1: the model's probability that a pixel belongs to the object; from 0.5 it is mask.
        score: The model's own estimate of the IoU of its mask, 0–1.
        box: ``(y0, x0, y1, x1)`` as the model was given it, or None.
    """

    features: npt.NDArray[np.uint8]
    explained: float
    attention: Floats
    confidence: Floats
    score: float
    box: tuple[float, float, float, float] | None


def explained(segmenter: Segmenter, embedding: Embedding, prompt: Prompt) -> Explanation:
    """Explain an answer; as quick as the answer itself.

    Args:
        segmenter: The model that answered.
        embedding: Of the picture it answered on.
        prompt: What it was asked, in voxels of that picture.

    Raises:
        PromptError: The model cannot be looked into.
        DeviceError: There is too little memory.
        ValueError: The embedding was made by another model.
    """
    if not isinstance(segmenter, SamSegmenter):
        raise PromptError(f"{segmenter.card.title} cannot be looked into. Choose a model of the SAM family.")
    answer = segmenter.predict(embedding, prompt)
    shape = (embedding.seen.shape[0], embedding.seen.shape[1])
    looks = segmenter.attention(embedding, prompt)
    colours, share = components(embedding.features.float().cpu().numpy()[0], shape)
    likely = np.asarray(1 / (1 + np.exp(-np.clip(answer.logits, -30, 30))), np.float32)
    return Explanation(
        features=colours,
        explained=share,
        attention=_beyond_even(looks),
        confidence=np.clip(stretched(likely, shape), 0, 1),
        score=answer.score,
        box=answer.seen_box,
    )


def _beyond_even(looks: Floats) -> Floats:
    """Return by how much attention exceeds an even share, as a share of the most it does."""
    beyond = np.maximum(looks - 1 / FEATURE_SIDE**2, 0)
    return np.asarray(beyond / max(float(beyond.max()), 1e-12), np.float32)


def components(features: Floats, shape: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], float]:
    """Return the first three principal components of features as a picture, and their share of the variance.

    Args:
        features: ``(C, n, n)`` of a square frame whose upper left part holds the picture.
        shape: ``(h, w)`` of the picture; its longer side is the side of the frame. What is padding is left out.
    """
    channels, side, _ = features.shape
    rows, columns = (max(1, round(n * side / max(shape))) for n in shape)
    inside = features[:, :rows, :columns].reshape(channels, -1).T.astype(np.float64)  # (places, C)
    inside = inside - inside.mean(axis=0)
    _, sizes, ways = np.linalg.svd(inside, full_matrices=False)
    ways = ways[:COLOURS]
    # A component has no sign of its own: the largest weight counts as positive, so that a picture keeps its colours.
    ways *= np.sign(ways[np.arange(len(ways)), np.abs(ways).argmax(axis=1)])[:, None]
    parts = np.zeros((rows, columns, COLOURS))
    parts[..., : len(ways)] = (inside @ ways.T).reshape(rows, columns, -1)
    low, high = np.percentile(parts, _SPREAD, axis=(0, 1))
    colours = np.clip((parts - low) / np.maximum(high - low, 1e-12), 0, 1)
    picture = np.stack([stretched(colours[..., k].astype(np.float32), shape) for k in range(COLOURS)], axis=-1)
    variance = float((sizes**2).sum())
    share = float((sizes[:COLOURS] ** 2).sum()) / variance if variance > 0 else 1.0
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8), share


def stretched(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return ``(H, W)`` stretched to ``(h, w)``, evenly in between."""
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), np.float32)
