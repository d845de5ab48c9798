"""Which part of a slice a picture shows and how large: the whole slice, or the part around an object."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.picture import RGB, Pixels, display_size, edges, resize
from core.imaging.volume import Mask
from core.scoring.crop import Box

_MARGIN = 1.5  # the part shown is this much wider than the object
_LEAST_SHARE = 0.2  # of the slice that a part shows: what lies around tells where it is


@dataclass(frozen=True)
class Frame:
    """A part of every slice, and its size on the screen.

    Attributes:
        rows: Of the slice.
        columns: Of the slice.
        size: Rows and columns on the screen; the proportions are those of the patient.
    """

    rows: slice
    columns: slice
    size: tuple[int, int]

    @property
    def scale(self) -> float:
        """How many screen pixels the longer side of a pixel of the slice takes."""
        sides = zip(self.size, (self.rows, self.columns), strict=True)
        return float(max(pixels / (side.stop - side.start) for pixels, side in sides))

    def cut(self, pixels: Pixels, smooth: bool = False) -> Pixels:
        """Return the part of a slice ``(H, W)`` as on the screen: nearest pixels for labels, smooth for greys."""
        return resize(np.ascontiguousarray(pixels[self.rows, self.columns]), self.size, smooth)

    def places(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return where on the screen the middles of pixels ``(n, 2)`` lie; outside of the part, off the screen."""
        start = np.array([self.rows.start, self.columns.start])
        count = np.array([self.rows.stop, self.columns.stop]) - start
        return np.asarray(np.floor((at - start + 0.5) * np.array(self.size) / count), np.int64)


def whole_slice(grid: Grid, height: int, widest: int) -> Frame:
    """Frame the whole slice, ``height`` tall on the screen, or less where it would be wider than ``widest``."""
    tall, wide = display_size(grid, height)
    if wide > widest:
        tall, wide = max(1, round(tall * widest / wide)), widest
    return Frame(slice(0, grid.shape[1]), slice(0, grid.shape[2]), (tall, wide))


def part_around(box: Box, whole: Frame) -> Frame:
    """Frame the part of every slice around a box, as large on the screen as the whole slice.

    The part has the proportions of the slice and shows at least a fifth of it; the whole for an empty box.

    Args:
        box: From `crop.joint_box`.
        whole: From `whole_slice`.
    """
    sides, lengths = box[1:], (whole.rows.stop, whole.columns.stop)
    if any(side.stop <= side.start for side in sides):
        return whole
    needed = (_MARGIN * (side.stop - side.start) / n for side, n in zip(sides, lengths, strict=True))
    share = min(1.0, max(_LEAST_SHARE, *needed))
    rows, columns = (
        _part(side.start + side.stop, max(1, round(share * n)), n) for side, n in zip(sides, lengths, strict=True)
    )
    return Frame(rows, columns, whole.size)


def _part(twice_middle: int, wanted: int, length: int) -> slice:
    first = min(max(0, (twice_middle - wanted) // 2), length - wanted)
    return slice(first, first + wanted)


def fullest_slice(mask: Mask) -> int:
    """Return the index of the slice that holds most of a mask, the middle one of an empty mask."""
    sizes = [np.count_nonzero(slab) for slab in mask.voxels]
    return int(np.argmax(sizes)) if any(sizes) else len(sizes) // 2


def outlined(picture: Pixels, mask: npt.NDArray[np.uint8], colour: RGB, thick: int = 2) -> Pixels:
    """Return a colour picture with the border of a mask drawn inside of it.

    Args:
        picture: ``(h, w, 3)``.
        mask: ``(h, w)`` 0 or 1, as on the screen.
        colour: Of the line.
        thick: Pixels of the line.
    """
    painted, left = picture.copy(), mask.copy()
    for _ in range(thick):
        line = edges(left)
        painted[line] = colour
        left[line] = 0
    return painted
