"""How far an answer depends on the hand that drew the box: the box is moved a little, 16 times, and asked again.

Where all answers agree, another reader's box would have found the same; where they do not, the outline is owed to
the box and not to the picture. Boxes moved at random for the doubt of a SAM are the idea of SAM-U (Deng et al. 2023,
arXiv 2307.04973); the figure, the mean Dice over all pairs of answers, is that of Bayesian QuickNAT (Roy et al. 2019,
NeuroImage 195). It knows nothing of the truth: a model may be wrong in the same way 16 times. For single jittered
boxes on LiTS-117 it ranks the answers by Dice poorly (Spearman 0.31 for 77 tumour islands, where the model's own score
has 0.71; 0.72 and 0.81 for 27 of the liver); within a propagated lesion it ranks the slices well (see `doubt`).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Segmenter

TIMES = 16
REACH = 0.10  # of the shorter side of the box: how far apart two careful readers draw an edge
LEAST_REACH = 1.0  # voxel, so that small boxes move at all


@dataclass(frozen=True, eq=False)
class Stability:
    """How alike the answers to moved boxes are.

    Attributes:
        agreement: ``(H, W)`` float32, 0–1: the share of the answers that cover the voxel.
        figure: Mean Dice over all pairs of answers, 0–1; two empty answers are alike.
        boxes: The boxes that were asked.
    """

    agreement: npt.NDArray[np.float32]
    figure: float
    boxes: tuple[Box, ...]


def stability(
    segmenter: Segmenter, embedding: Embedding, prompt: Prompt, rng: np.random.Generator, times: int = TIMES
) -> Stability:
    """Move the box of a prompt and compare the answers; quick, as the slice is not encoded again.

    Args:
        segmenter: The model.
        embedding: The slice.
        prompt: With a box; its points stay where they are.
        rng: Where the moves come from.
        times: How many boxes to ask, at least 2.

    Raises:
        PromptError: The box lies outside the slice.
        DeviceError: There is too little memory for the model.
        ValueError: The prompt has no box.
    """
    if prompt.box is None or times < 2:
        raise ValueError(f"prompt must have a box and times be at least 2, got {prompt} and {times}")
    box = prompt.box.clip(embedding.shape)
    boxes = tuple(moved(box, rng, embedding.shape) for _ in range(times))
    answers = segmenter.predict_many(embedding, [replace(prompt, box=other) for other in boxes])
    masks = np.stack([answer.mask for answer in answers])
    agreement = masks.mean(axis=0, dtype=np.float32)
    agreement.flags.writeable = False
    return Stability(agreement, mean_pairwise_dice(masks), boxes)


def moved(box: Box, rng: np.random.Generator, shape: tuple[int, int]) -> Box:
    """Move every edge of a box on its own, evenly by up to `REACH` of the shorter side, and stay on the slice."""
    reach = max(LEAST_REACH, REACH * min(box.height, box.width))
    y0, x0, y1, x1 = (
        int(v) for v in np.rint(np.array([box.y0, box.x0, box.y1, box.x1]) + rng.uniform(-reach, reach, 4))
    )
    y0, x0 = min(max(0, y0), shape[0] - 1), min(max(0, x0), shape[1] - 1)
    return Box(y0, x0, min(max(y1, y0 + 1), shape[0]), min(max(x1, x0 + 1), shape[1]))


def mean_pairwise_dice(masks: npt.NDArray[np.bool_]) -> float:
    """Return the mean Dice over all pairs of N masks ``(N, H, W)``; two empty masks are alike."""
    flat = masks.reshape(len(masks), -1)
    flat = flat[:, flat.any(axis=0)].astype(np.float32)  # whole numbers, exact up to 16.7 million voxels
    both = flat @ flat.T
    sizes = flat.sum(axis=1)
    total = sizes[:, None] + sizes[None, :]
    dice = np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)
    return float(dice[np.triu_indices(len(masks), k=1)].mean())
