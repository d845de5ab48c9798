"""A square part of the slices of a case, which a network looks at in a size of its own: all of them, or the liver.

A liver is a third of the width of one CT and all of another. Looked at closely it is always as large, and nothing of a
small tumour in it is lost.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

_MARGIN = 0.06  # of what is looked at, left free on each side


@dataclass(frozen=True)
class View:
    """A square of pixels; it may reach beyond the slice.

    Attributes:
        top: Its first row.
        left: Its first column.
        side: Rows and columns.
    """

    top: int
    left: int
    side: int

    @staticmethod
    def whole(shape: tuple[int, int]) -> "View":
        """Return the square of a whole slice ``(H, W)``, below or to the right of which there may be nothing."""
        return View(0, 0, max(shape))

    @staticmethod
    def round(mask: npt.NDArray[np.bool_]) -> "View":
        """Return the square round what a mask ``(z, H, W)`` shows, with a margin; the whole if it shows nothing."""
        rows, columns = np.flatnonzero(mask.any(axis=(0, 2))), np.flatnonzero(mask.any(axis=(0, 1)))
        if not len(rows):
            return View.whole((mask.shape[1], mask.shape[2]))
        top, left = int(rows[0]), int(columns[0])
        height, width = int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left
        side = round(max(height, width) * (1 + 2 * _MARGIN))
        return View(top - (side - height) // 2, left - (side - width) // 2, side)

    def cut(self, pictures: torch.Tensor, size: int) -> torch.Tensor:
        """Return what it shows of pictures ``(B, C, H, W)``, ``(B, C, size, size)``; their edge goes on beyond them."""
        shown = functional.pad(self._within(pictures), self._beyond(pictures), mode="replicate")
        return functional.interpolate(shown, (size, size), mode="bilinear", align_corners=False, antialias=True)

    def cut_features(self, features: torch.Tensor, shape: tuple[int, int], size: int) -> torch.Tensor:
        """Return what it shows of embeddings of whole slices.

        Args:
            features: ``(B, C, h, h)``, of the square of a whole slice.
            shape: ``(H, W)`` of the slice.
            size: Rows and columns of what is returned, ``(B, C, size, size)``.
        """
        share, middle = self.side / max(shape), (self.side - max(shape)) / max(shape)
        place = [[share, 0.0, 2 * self.left / max(shape) + middle], [0.0, share, 2 * self.top / max(shape) + middle]]
        matrix = torch.tensor([place], dtype=features.dtype, device=features.device).expand(len(features), -1, -1)
        grid = functional.affine_grid(matrix, [len(features), 1, size, size], align_corners=False)
        return functional.grid_sample(features, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def put_back(self, found: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
        """Return what was found in it, ``(B, C, size, size)``, on the slice, ``(B, C, H, W)``; 0 elsewhere."""
        large = functional.interpolate(
            found, (self.side, self.side), mode="bilinear", align_corners=False, antialias=True
        )
        whole = found.new_zeros(*found.shape[:2], *shape)
        rows, columns = self._span(self.top, shape[0]), self._span(self.left, shape[1])
        whole[:, :, rows, columns] = large[
            :, :, rows.start - self.top : rows.stop - self.top, columns.start - self.left : columns.stop - self.left
        ]
        return whole

    def _span(self, first: int, length: int) -> slice:
        """Return what of it lies within a slice, along one axis."""
        start = min(max(first, 0), length - 1)
        return slice(start, max(min(first + self.side, length), start + 1))

    def _within(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures[:, :, self._span(self.top, pictures.shape[2]), self._span(self.left, pictures.shape[3])]

    def _beyond(self, pictures: torch.Tensor) -> tuple[int, int, int, int]:
        """Return how many columns and rows it reaches beyond pictures: left, right, above, below."""
        rows, columns = self._span(self.top, pictures.shape[2]), self._span(self.left, pictures.shape[3])
        across = columns.start - self.left, self.left + self.side - columns.stop
        down = rows.start - self.top, self.top + self.side - rows.stop
        return *across, *down
