"""Arrays and grids as SimpleITK images; SimpleITK counts (x, y, z) where Lobule counts (z, y, x)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK

from core.imaging.grid import Grid


def image_of(voxels: npt.NDArray[Any], grid: Grid) -> Any:
    """Return a SimpleITK image of voxels ``(z, y, x)`` lying on ``grid``; the voxels are copied."""
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing(grid.spacing[::-1])
    image.SetOrigin(grid.affine[:3, 3].tolist())
    image.SetDirection(directions(grid))
    return image


def resampled(image: Any, grid: Grid, interpolator: int) -> npt.NDArray[Any]:
    """Return an image's values at the voxels of ``grid``, same type; 0 outside the image.

    Up to half a voxel beyond the outermost centres counts as inside.
    """
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetSize(grid.shape[::-1])
    resampler.SetOutputSpacing(grid.spacing[::-1])
    resampler.SetOutputOrigin(grid.affine[:3, 3].tolist())
    resampler.SetOutputDirection(directions(grid))
    resampler.SetInterpolator(interpolator)
    voxels: npt.NDArray[Any] = SimpleITK.GetArrayFromImage(resampler.Execute(image))
    return voxels


def directions(grid: Grid) -> list[float]:
    """Return the 9 direction cosines of ``grid`` as SimpleITK wants them: row by row, columns x, y, z."""
    columns = grid.affine[:3, :3] / np.asarray(grid.spacing)
    cosines: list[float] = columns[:, ::-1].ravel().tolist()
    return cosines
