"""Ellipsoids and tubes painted into a volume, for the drawn CT."""

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid

Floats = npt.NDArray[np.float32]
Crop = tuple[slice, slice, slice]
Triple = tuple[float, float, float]


class Drawing:
    """HU (air at first) and labels on an L-P-S grid, with a pencil that works in millimetres.

    Depths are in mm inside an object and negative outside; they are exact only near its surface.
    """

    def __init__(self, grid: Grid) -> None:
        self.hu: Floats = np.full(grid.shape, -1000, dtype=np.float32)
        self.labels = np.zeros(grid.shape, dtype=np.uint8)
        axes = (grid.affine[2 - k, 3] + grid.spacing[k] * np.arange(grid.shape[k]) for k in range(3))
        z, y, x = (axis.astype(np.float32) for axis in axes)
        self.z, self.y, self.x = z[:, None, None], y[None, :, None], x[None, None, :]

    def crop(self, low: Triple, high: Triple, margin_mm: float = 12) -> Crop:
        """Return the part of the grid round a box in mm, so that a small organ costs little."""
        found = []
        for axis, a, b in zip((self.z, self.y, self.x), low[::-1], high[::-1], strict=True):
            first, last = np.searchsorted(axis.ravel(), (a - margin_mm, b + margin_mm))
            found.append(slice(int(first), max(int(first) + 1, int(last))))
        return found[0], found[1], found[2]

    def bent(self, crop: Crop, bend_mm: float) -> tuple[Floats, Floats, Floats]:
        """Return x, y, z of a crop, pushed to and fro by ``bend_mm`` so that nothing looks turned on a lathe."""
        z, y, x = self.z[crop[0]], self.y[:, crop[1]], self.x[:, :, crop[2]]
        return (
            x + bend_mm * (np.sin(y / 13 + 1) + np.sin(z / 11)),
            y + bend_mm * (np.sin(x / 15 + 2) + np.sin(z / 17)),
            z + bend_mm * (np.sin(x / 12) + np.sin(y / 19)),
        )

    def ellipsoid(self, centre: Triple, radii: Triple, bend_mm: float = 1.5, turn: float = 0) -> tuple[Crop, Floats]:
        """Return a crop and the depth in mm inside an ellipsoid (negative outside), turned in the axial plane."""
        reach = max(radii[:2]) if turn else None
        wide = (reach or radii[0], reach or radii[1], radii[2])
        low = tuple(c - r for c, r in zip(centre, wide, strict=True))
        high = tuple(c + r for c, r in zip(centre, wide, strict=True))
        crop = self.crop((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        x, y, z = (p - np.float32(c) for p, c in zip(self.bent(crop, bend_mm), centre, strict=True))
        if turn:
            cos, sin = np.float32(np.cos(np.radians(turn))), np.float32(np.sin(np.radians(turn)))
            x, y = cos * x + sin * y, cos * y - sin * x
        r = np.sqrt((x / np.float32(radii[0])) ** 2 + (y / np.float32(radii[1])) ** 2 + (z / np.float32(radii[2])) ** 2)
        return crop, (1 - r) * np.float32(min(radii))

    def tube(self, start: Triple, end: Triple, r0: float, r1: float) -> tuple[Crop, Floats]:
        """Return a crop and the depth in mm inside a tube that narrows from ``r0`` to ``r1``."""
        a, b = np.array(start, dtype=np.float32), np.array(end, dtype=np.float32)
        low, high = np.minimum(a, b) - r0, np.maximum(a, b) + r0
        crop = self.crop((low[0], low[1], low[2]), (high[0], high[1], high[2]), 6)
        x, y, z = (p - c for p, c in zip(self.bent(crop, 1.0), a, strict=True))
        d = b - a
        t = np.clip((x * d[0] + y * d[1] + z * d[2]) / (d @ d), 0, 1)
        apart = np.sqrt((x - t * d[0]) ** 2 + (y - t * d[1]) ** 2 + (z - t * d[2]) ** 2)
        return crop, np.float32(r0) + t * np.float32(r1 - r0) - apart

    def paint(self, shape: tuple[Crop, Floats], hu: float | Floats, label: int = 0) -> None:
        """Blend ``hu`` in where the depth is positive, as partial volume does, and set the label there."""
        crop, depth = shape
        cover = np.clip(depth / np.float32(1.6) + np.float32(0.5), 0, 1)
        self.hu[crop] += cover * (hu - self.hu[crop])
        self.labels[crop][np.broadcast_to(depth > 0, cover.shape)] = label
