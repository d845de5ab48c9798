"""A segmenter for rules that must be worked out by hand: bright is the object, and the first voxel is the score."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.imaging.window import Window
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, EngineNote, ModelCard, Prediction

SHAPE = (30, 40)
SPACING = (3.0, 0.7, 0.9)


class Bright:
    """Answers a box with what is above 128 within it; the grey value of voxel (0, 0) over 255 is the score."""

    device = "cpu"
    engine = EngineNote("by hand fp32", "")
    batch = 1
    card = ModelCard("bright", "Bright", Window(127.5, 255), False, 0.0, "", "", "bright")

    def __init__(self) -> None:
        self.embedded = 0
        self.asked: list[Box] = []

    def seen(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return image

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        return [self.embed(image) for image in images]

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        self.embedded += 1
        return Embedding(torch.zeros(1), image, image, self.card.sha256)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        box = prompt.box
        assert box is not None
        self.asked.append(box)
        mask = np.zeros(embedding.shape, np.bool_)
        mask[box.y0 : box.y1, box.x0 : box.x1] = embedding.seen[box.y0 : box.y1, box.x0 : box.x1] > 128
        return Prediction(mask, float(embedding.seen[0, 0]) / 255, np.where(mask, 4, -4).astype(np.float32))

    def predict_many(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Prediction]:
        return [self.predict(embedding, prompt) for prompt in prompts]


def block(y0: int, x0: int, y1: int, x1: int, shape: tuple[int, int] = SHAPE) -> npt.NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def bright_volume(
    slices: Mapping[int, npt.NDArray[np.bool_]],
    depth: int,
    *,
    hu: Mapping[int, int] | None = None,
    score: Mapping[int, int] | None = None,
) -> Volume:
    """A volume of 0 with the object in 200 (or ``hu`` of that slice), and the score times 255 in voxel (0, 0)."""
    grid = Grid.from_geometry((depth, *SHAPE), SPACING)
    voxels = np.zeros(grid.shape, np.int16)
    for z, mask in slices.items():
        voxels[z][mask] = (hu or {}).get(z, 200)
    for z in range(depth):
        voxels[z, 0, 0] = (score or {}).get(z, 230)
    return Volume(voxels, grid, Source("made up", "sample", grid), Intensity.HU)
