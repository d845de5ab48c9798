"""Shapes to score: drawn in letters, blobs at random, spheres whose distances are known."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Bools = npt.NDArray[np.bool_]
Triple = tuple[float, float, float]

SPACING: Triple = (5.0, 3.0, 2.0)


def drawn(*slices: str) -> Bools:
    """Turn slices drawn with ``x`` and ``.``, rows parted by blanks, into a mask."""
    return np.array([[[letter == "x" for letter in row] for row in text.split()] for text in slices])


def voxels(shape: tuple[int, int, int], *at: tuple[int, int, int]) -> Bools:
    mask = np.zeros(shape, np.bool_)
    for place in at:
        mask[place] = True
    return mask


def blobs(seed: int, shape: tuple[int, int, int] = (9, 17, 22)) -> tuple[Bools, Bools]:
    """Draw a prediction and a reference that share most of their ragged outline; they may touch the edge."""
    rng = np.random.default_rng(seed)
    base, one, two = (ndimage.gaussian_filter(rng.standard_normal(shape), (0.7, 1.4, 1.8)) for _ in range(3))
    return base + 0.3 * one > 0.13, base + 0.3 * two > 0.13


def sphere(centre: Triple, radius: float, spacing: Triple, shape: tuple[int, int, int]) -> Bools:
    """Take the voxels whose centres lie in a ball; all in mm from the first voxel."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    square = sum((axis * step - c) ** 2 for axis, step, c in zip(axes, spacing, centre, strict=True))
    return np.asarray(square <= radius**2)
