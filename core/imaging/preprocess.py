"""Optional steps before segmentation: denoise, resample, normalise. Each gives a new image; the CT stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK

from core.errors import GeometryError
from core.imaging.grid import Grid
from core.imaging.itk import image_of, resampled
from core.imaging.volume import Intensity, Mask, Source, Volume

Denoising = Literal["median", "curvature flow"]
Normalising = Literal["z-score", "min-max"]
Progress = Callable[[float, str], object]

DENOISING: tuple[Denoising, ...] = ("median", "curvature flow")
NORMALISING: tuple[Normalising, ...] = ("z-score", "min-max")
_MOST_VOXELS = 600_000_000
_STEPS_PER_UNIT = 1000


@dataclass(frozen=True)
class Preprocessing:
    """Which steps to take; none by default.

    Attributes:
        denoise: ``median`` (3 × 3) or ``curvature flow`` (5 steps of 0.125), both within each axial slice,
            because slices are often much thicker than pixels; or None.
        normalise: ``z-score`` or ``min-max`` over the whole volume, see `normalise`; or None. The result has
            no Hounsfield units: its int16 values are thousandths of the normalised ones.
        spacing_mm: The voxel size ``(z, y, x)`` wanted, or None for the file's own.
    """

    denoise: Denoising | None = None
    normalise: Normalising | None = None
    spacing_mm: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.denoise not in (None, *DENOISING):
            raise ValueError(f"denoise must be one of {DENOISING} or None, got {self.denoise!r}")
        if self.normalise not in (None, *NORMALISING):
            raise ValueError(f"normalise must be one of {NORMALISING} or None, got {self.normalise!r}")


def preprocess(volume: Volume, steps: Preprocessing, progress: Progress | None = None) -> Volume:
    """Return the volume denoised, then resampled, then normalised, as ``steps`` say; itself if they say nothing.

    What was done is added to ``source.name`` and ``source.notes``. A denoised volume keeps the file's grid, so its
    masks are saved on it. A resampled one is a new image: ``source.grid`` becomes its new L-P-S grid, and masks are
    saved on that; `resample_mask` brings them back to the file's.

    Args:
        volume: The CT.
        steps: What to do.
        progress: Called with the share done, 0–1, and a word; may raise to cancel.

    Raises:
        GeometryError: The voxel size asked for is impossible, or the volume's own is not known.
    """
    done = progress or (lambda share, what: None)
    result = volume
    if steps.denoise:
        result = _denoised(result, steps.denoise, done)
    if steps.spacing_mm:
        done(0.9, "Resampling")
        result = _resampled(result, steps.spacing_mm)
    if steps.normalise:
        done(0.95, "Normalising")
        result = _normalised(result, steps.normalise)
    done(1.0, "Ready")
    return result


def resampled_grid(grid: Grid, spacing_mm: tuple[float, float, float]) -> Grid:
    """Return the grid of another voxel size that covers the same box in space, to half a voxel.

    Raises:
        GeometryError: A size is not positive, the grid's own is not known, or the result is too big for memory.
    """
    if not grid.has_spacing:
        raise GeometryError(
            "The voxel size of this image is not known, so it cannot be resampled to millimetres. "
            "Use an image that states its spacing, or leave resampling off."
        )
    wanted = np.asarray(spacing_mm, dtype=np.float64)
    if wanted.shape != (3,) or not (np.isfinite(wanted).all() and (wanted > 0).all()):
        raise GeometryError(f"A voxel size needs three positive lengths in mm, not {spacing_mm}. Change the values.")
    own = np.asarray(grid.spacing)
    counts = np.maximum(1, np.rint(np.asarray(grid.shape) * own / wanted))
    if counts.prod() > _MOST_VOXELS:
        raise GeometryError(
            f"Resampling to {_size(spacing_mm)} would make {counts.prod() / 1e6:.0f} million voxels; "
            f"at most {_MOST_VOXELS / 1e6:.0f} million fit. Choose larger voxels."
        )
    affine = grid.affine.copy()
    affine[:3, :3] *= wanted / own
    affine[:3, 3] += (affine[:3, :3] - grid.affine[:3, :3]).sum(axis=1) / 2
    z, y, x = (int(n) for n in counts)
    return Grid((z, y, x), affine, has_direction=grid.has_direction)


def resample_mask(mask: Mask, target: Grid) -> Mask:
    """Return a mask on another grid; each voxel takes the label of the nearest one, 0 outside."""
    voxels = resampled(image_of(mask.voxels.astype(np.uint8), mask.grid), target, SimpleITK.sitkNearestNeighbor)
    voxels = voxels.astype(bool) if mask.voxels.dtype == np.bool_ else voxels
    return replace(mask, voxels=voxels, grid=target)


def normalise(values: npt.NDArray[Any], method: Normalising) -> npt.NDArray[np.float32]:
    """Return values of one picture or volume on a common scale, same shape, float32.

    ``z-score`` has mean 0 and standard deviation 1, ``min-max`` runs from 0 to 1; a constant input gives 0.
    """
    shown = values.astype(np.float32)
    if method == "z-score":
        centre, scale = float(shown.mean(dtype=np.float64)), float(shown.std(dtype=np.float64))
    elif method == "min-max":
        centre, scale = float(shown.min()), float(shown.max() - shown.min())
    else:
        raise ValueError(f"method must be one of {NORMALISING}, got {method!r}")
    shown -= np.float32(centre)
    return shown / np.float32(scale) if scale > 0 else np.zeros_like(shown)


def _denoised(volume: Volume, how: Denoising, progress: Progress) -> Volume:
    hu = np.empty_like(volume.hu)
    for z in range(volume.slices):
        progress(0.9 * z / volume.slices, "Denoising")
        picture = SimpleITK.GetImageFromArray(volume.hu[z])
        if how == "median":
            smooth = SimpleITK.Median(picture, (1, 1))
        else:
            smooth = SimpleITK.CurvatureFlow(SimpleITK.Cast(picture, SimpleITK.sitkFloat32), 0.125, 5)
        hu[z] = _int16(SimpleITK.GetArrayViewFromImage(smooth))
    note = f"The image was denoised ({how}, within slices); its HU differ from the file's."
    return _with(volume, hu, volume.grid, volume.source.grid, "denoised", note)


def _resampled(volume: Volume, spacing_mm: tuple[float, float, float]) -> Volume:
    grid = resampled_grid(volume.grid, spacing_mm)
    image = image_of(volume.hu.astype(np.float32), volume.grid)
    hu = _int16(resampled(image, grid, SimpleITK.sitkLinear))
    note = (
        f"The image was resampled from {_size(volume.grid.spacing)} to {_size(grid.spacing)}; "
        "masks are saved on the resampled grid."
    )
    return _with(volume, hu, grid, grid, "resampled", note)


def _normalised(volume: Volume, how: Normalising) -> Volume:
    values = _int16(normalise(volume.hu, how) * _STEPS_PER_UNIT)
    note = f"The intensities were normalised ({how} over the volume, in thousandths): they are no Hounsfield units."
    source = _told(volume.source, "normalised", note)
    return Volume(values, volume.grid, source, Intensity.ARBITRARY)


def _with(volume: Volume, hu: npt.NDArray[np.int16], grid: Grid, file_grid: Grid, done: str, note: str) -> Volume:
    if volume.intensity is not Intensity.HU:
        note = note.replace("HU", "values")
    source = replace(_told(volume.source, done, note), grid=file_grid)
    return Volume(hu, grid, source, volume.intensity)


def _told(source: Source, done: str, note: str) -> Source:
    return replace(source, name=f"{source.name}, {done}", notes=(*source.notes, note))


def _int16(values: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    rounded: npt.NDArray[np.int16] = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    return rounded


def _size(spacing: tuple[float, ...]) -> str:
    return " × ".join(f"{step:.2f}" for step in spacing) + " mm"
