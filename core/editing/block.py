"""The masks of an object as one small array, cut out round it, and back onto whole slices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from core.editing.layers import Masks
from core.imaging.grid import Grid

Bools = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Block:
    """A cut-out of some slices.

    Attributes:
        slices: Which slices it holds, from 0, rising.
        y0: First row.
        x0: First column.
        voxels: ``(len(slices), h, w)`` bool.
        shape: Of a whole slice, ``(H, W)``.
    """

    slices: tuple[int, ...]
    y0: int
    x0: int
    voxels: Bools
    shape: tuple[int, int]

    @classmethod
    def of(cls, masks: Masks, slices: Sequence[int] | None = None, margin: tuple[int, int] = (0, 0)) -> Self:
        """Cut masks out.

        Args:
            masks: Slice to ``(H, W)``, at least one with a voxel.
            slices: Which to hold, by default those of the masks; a slice without a mask is empty.
            margin: Rows and columns to add on each side, as far as the slice has them.
        """
        held = tuple(sorted(masks) if slices is None else slices)
        height, width = next(iter(masks.values())).shape
        rows = np.flatnonzero(np.any([mask.any(axis=1) for mask in masks.values()], axis=0))
        y0, y1 = max(0, int(rows[0]) - margin[0]), min(height, int(rows[-1]) + 1 + margin[0])
        columns = np.flatnonzero(np.any([mask[y0:y1].any(axis=0) for mask in masks.values()], axis=0))
        x0, x1 = max(0, int(columns[0]) - margin[1]), min(width, int(columns[-1]) + 1 + margin[1])
        voxels = np.zeros((len(held), y1 - y0, x1 - x0), dtype=bool)
        for k, z in enumerate(held):
            if z in masks:
                voxels[k] = masks[z][y0:y1, x0:x1]
        return cls(held, y0, x0, voxels, (height, width))

    def holding(self, voxels: Bools) -> Self:
        """Return the same place with other voxels."""
        return replace(self, voxels=voxels)

    def masks(self) -> dict[int, Bools]:
        """Return slice to mask ``(H, W)``, empty ones too."""
        whole = {z: np.zeros(self.shape, dtype=bool) for z in self.slices}
        _, height, width = self.voxels.shape
        for mask, layer in zip(whole.values(), self.voxels, strict=True):
            mask[self.y0 : self.y0 + height, self.x0 : self.x0 + width] = layer
        return whole


def is_solid(masks: Masks) -> bool:
    """Say whether an object has two slices next to each other; else it is a set of pictures without depth."""
    return any(after == before + 1 for before, after in pairwise(sorted(masks)))


def runs(masks: Masks) -> list[list[int]]:
    """Return the slices as runs without gaps."""
    found: list[list[int]] = []
    for z in sorted(masks):
        if found and found[-1][-1] == z - 1:
            found[-1].append(z)
        else:
            found.append([z])
    return found


def voxel_mm(grid: Grid) -> Spacing:
    """Return the voxel size ``(z, y, x)`` in mm; 1 mm where it is not known, so that lengths count voxels."""
    return grid.spacing if grid.has_spacing else (1.0, 1.0, 1.0)
