"""One object outlined on one slice, kept small: a frame and one bit per pixel in it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.imaging.window import Window
from core.segmentation.prompt import Box
from core.segmentation.segmenter import ModelCard


@dataclass(frozen=True, eq=False)
class Outline:
    """One object on one slice. Holds only the crop round the object, one bit per pixel.

    Attributes:
        id: Unique within an annotation, never used again.
        z: Slice, counted from 0 at the feet.
        label: Value of its `Label`.
        frame: The smallest box round the object.
        bits: The crop ``frame``, row by row, as `numpy.packbits` packs it.
        box: What the reader drew, or None if it was not drawn as a box.
        score: The model's own estimate of the IoU, 0–1; ``nan`` if no model made it.
        model: The model that made it, or None.
        window: The window in which the model saw the slice, or None.
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

    @property
    def crop(self) -> npt.NDArray[np.bool_]:
        """The object within `frame`, ``(frame.height, frame.width)`` bool."""
        flat = np.unpackbits(self.bits, count=self.frame.height * self.frame.width)
        return flat.reshape(self.frame.height, self.frame.width).astype(bool)

    @property
    def voxels(self) -> int:
        """Number of pixels it covers."""
        return int(np.bitwise_count(self.bits).sum())

    def mask(self, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Return the object on the whole slice of ``(H, W)``."""
        whole = np.zeros(shape, dtype=bool)
        whole[self.frame.y0 : self.frame.y1, self.frame.x0 : self.frame.x1] = self.crop
        return whole


def pack(mask: npt.NDArray[np.bool_]) -> tuple[Box, npt.NDArray[np.uint8]]:
    """Return `Outline.frame` and `Outline.bits` of a mask ``(H, W)`` with at least one pixel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    frame = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    bits = np.packbits(mask[frame.y0 : frame.y1, frame.x0 : frame.x1])
    bits.flags.writeable = False
    return frame, bits
