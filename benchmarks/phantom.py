"""The phantom as a CT of the usual size, for benchmarks that need one of any length."""

import numpy as np
import numpy.typing as npt

from core.imaging import samples
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume

SIDE = 512


def enlarged(slices: int) -> Volume:
    """Return the phantom with slices of 512 × 512, repeated from its feet until there are enough of them."""
    small, _ = samples.phantom()
    spots = _spots(small.hu.shape, slices)
    noise = np.random.default_rng(0).integers(-9, 10, (slices, SIDE, SIDE)).astype(np.int16)
    hu = (small.hu[spots] + noise).astype(np.int16)
    grid = Grid.from_geometry(hu.shape, (2.5, 0.8, 0.7))
    return Volume(hu, grid, Source("Phantom, enlarged", "sample", grid))


def enlarged_labels(slices: int) -> npt.NDArray[np.uint8]:
    """Return the labels of `enlarged`."""
    _, labels = samples.phantom()
    return labels.voxels[_spots(labels.voxels.shape, slices)].astype(np.uint8)


def _spots(shape: tuple[int, ...], slices: int) -> tuple[npt.NDArray[np.intp], ...]:
    z, rows, columns = shape
    return np.ix_(np.arange(slices) * z // slices, np.arange(SIDE) * rows // SIDE, np.arange(SIDE) * columns // SIDE)
