"""One slice of one object, kept small (a frame and one bit per pixel in it), and an object with all its slices."""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point
from core.segmentation.segmenter import ModelCard


class Proposal(StrEnum):
    """Whether a model found something by itself, and whether a reader has accepted it since."""

    NONE = ""
    OPEN = "proposed"
    ACCEPTED = "accepted"


class Made(TypedDict, total=False):
    """How a mask came about; the fields are those of `Outline`."""

    box: Box | None
    points: tuple[Point, ...]
    score: float
    model: ModelCard | None
    window: Window | None
    proposal: Proposal


@dataclass(frozen=True, eq=False)
class Outline:
    """One object on one slice. Holds only the crop round the object, one bit per pixel.

    Attributes:
        id: Of its object; outlines of one object on several slices share it. Never used again.
        z: Slice, counted from 0 at the feet.
        label: Value of its `Label`.
        frame: The smallest box round the object.
        bits: The crop ``frame``, row by row, as `numpy.packbits` packs it.
        box: What the reader drew, or None if it was not drawn as a box.
        score: The model's own estimate of the IoU, 0–1; ``nan`` if no model made it.
        model: The model that made it, or None.
        window: The window in which the model saw the slice, or None.
        points: What the reader clicked on and beside the object.
        by_hand: Whether a person's tool had the last word on its shape; a score is then that of the mask before.
        proposal: Whether a model proposed it without being asked where; while it is open, it is not yet the reader's.
    """

    id: int
    z: int
    label: int
    frame: Box
    bits: npt.NDArray[np.uint8]
    box: Box | None = None
    score: float = math.nan
    model: ModelCard | None = None
    window: Window | None = None
    points: tuple[Point, ...] = ()
    by_hand: bool = False
    proposal: Proposal = Proposal.NONE

    @property
    def crop(self) -> npt.NDArray[np.bool_]:
        """The object within `frame`, ``(frame.height, frame.width)`` bool."""
        flat = np.unpackbits(self.bits, count=self.frame.height * self.frame.width)
        return flat.reshape(self.frame.height, self.frame.width).view(np.bool_)

    @cached_property
    def voxels(self) -> int:
        """Number of pixels it covers."""
        return int(np.bitwise_count(self.bits).sum())

    def mask(self, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Return the object on the whole slice of ``(H, W)``."""
        whole = np.zeros(shape, dtype=bool)
        whole[self.frame.y0 : self.frame.y1, self.frame.x0 : self.frame.x1] = self.crop
        return whole


@dataclass(frozen=True, eq=False)
class Finding:
    """One object with all its slices, such as one lesion.

    Attributes:
        id: What its outlines share.
        label: Value of its `Label`.
        outlines: One per slice it touches, at least one, from the feet up.
    """

    id: int
    label: int
    outlines: tuple[Outline, ...]

    @property
    def slices(self) -> tuple[int, ...]:
        """The slices it touches, from 0, rising."""
        return tuple(outline.z for outline in self.outlines)

    @property
    def voxels(self) -> int:
        """Number of voxels it covers."""
        return sum(outline.voxels for outline in self.outlines)

    @property
    def score(self) -> float:
        """The lowest score of its outlines; ``nan`` if no model made any of them."""
        scores = [outline.score for outline in self.outlines if not math.isnan(outline.score)]
        return min(scores, default=math.nan)

    @property
    def is_proposed(self) -> bool:
        """Whether a model proposed it and nobody has accepted it yet."""
        return any(outline.proposal is Proposal.OPEN for outline in self.outlines)

    def volume_ml(self, grid: Grid) -> float:
        """Return its volume in ml on its grid; ``nan`` if the voxel size is not known."""
        return self.voxels * grid.voxel_ml

    def masks(self, shape: tuple[int, int]) -> dict[int, npt.NDArray[np.bool_]]:
        """Return slice to mask ``(H, W)``, whole slices."""
        return {outline.z: outline.mask(shape) for outline in self.outlines}


def pack(mask: npt.NDArray[np.bool_]) -> tuple[Box, npt.NDArray[np.uint8]]:
    """Return `Outline.frame` and `Outline.bits` of a mask ``(H, W)`` with at least one pixel."""
    rows = np.flatnonzero(mask.any(axis=1))
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[y0:y1].any(axis=0))
    frame = Box(y0, int(columns[0]), y1, int(columns[-1]) + 1)
    bits = np.packbits(mask[frame.y0 : frame.y1, frame.x0 : frame.x1])
    bits.flags.writeable = False
    return frame, bits
