"""Lays labels read from a file on the volume or the labels they belong to, or says how the two differ."""

import numpy as np
import numpy.typing as npt

from core.errors import GeometryError
from core.imaging.grid import Grid, reorder
from core.imaging.volume import Mask, Volume

_TOLERANCE_VOXELS = 1e-3


def labels_on(
    volume: Volume, labels: npt.NDArray[np.uint8], grid: Grid, name: str, notes: tuple[str, ...] = ()
) -> Mask:
    """Lay labels on a volume's grid without resampling.

    Args:
        volume: What the labels were drawn on.
        labels: ``(z, y, x)`` uint8 on ``grid``.
        grid: The grid of the labels' file: the volume's lattice, its axes in any order and direction.
        name: What to call the file in messages.
        notes: Kept on the mask.

    Raises:
        GeometryError: The grids are not one lattice within 0.001 voxel.
    """
    if volume.grid.has_spacing and grid.has_spacing:
        _refuse_other_lattice(
            volume.grid, grid, name, "the CT", "Load labels drawn on this CT, or resample them onto it"
        )
        return Mask(reorder(labels, grid, volume.grid), volume.grid, notes)
    if volume.grid.has_spacing:
        raise GeometryError(
            f"{name} does not say where its voxels lie, so it cannot be laid on this CT. "
            "Save the labels as NIfTI or NRRD with the geometry of the CT."
        )
    return Mask(_by_shape(volume, labels, name), volume.grid, notes)


def laid_on(mask: Mask, grid: Grid, name: str, onto: str) -> Mask:
    """Lay labels on the grid of other labels without resampling.

    Args:
        mask: From `reading.read_labels`.
        grid: Of the other labels.
        name: What to call the first in messages.
        onto: What to call the other.

    Raises:
        GeometryError: The grids are not one lattice within 0.001 voxel, or only one file says where it lies; if
            neither does, they hold different numbers of voxels.
    """
    if mask.grid.has_spacing and grid.has_spacing:
        _refuse_other_lattice(grid, mask.grid, name, onto, "Score labels of one CT, or resample one onto the other")
        return Mask(reorder(mask.voxels.astype(np.uint8, copy=False), mask.grid, grid), grid, mask.notes)
    if mask.grid.has_spacing != grid.has_spacing:
        silent, other = (onto, name) if mask.grid.has_spacing else (name, onto)
        raise GeometryError(
            f"{silent[0].upper()}{silent[1:]} does not say where its voxels lie, so it cannot be laid on {other}. "
            "Save both as NIfTI or NRRD with the geometry of the CT."
        )
    if mask.grid.shape != grid.shape:
        raise GeometryError(
            f"{name} holds {_counts(mask.grid.shape)} voxels, {onto} {_counts(grid.shape)} (z × y × x). "
            "Score labels that were drawn on one image."
        )
    return Mask(mask.voxels, grid, mask.notes)


def _by_shape(volume: Volume, labels: npt.NDArray[np.uint8], name: str) -> npt.NDArray[np.uint8]:
    """Match labels to a volume without millimetres by the number of voxels alone."""
    own = volume.source.grid
    if labels.shape == own.shape:
        return reorder(labels, own, volume.grid)
    if labels.shape == volume.grid.shape:
        return labels
    raise GeometryError(
        f"{name} holds {_counts(labels.shape)} voxels, the image {_counts(volume.grid.shape)} (z × y × x). "
        "Use labels that were drawn on this image."
    )


def _refuse_other_lattice(ours: Grid, theirs: Grid, name: str, onto: str, advice: str) -> None:
    corners = np.linalg.solve(ours.affine, np.c_[theirs.corners(), np.ones(8)].T).T[:, :3]
    last = np.asarray(ours.shape) - 1
    off = float(np.minimum(np.abs(corners), np.abs(corners - last)).max())
    if off <= _TOLERANCE_VOXELS and sorted(ours.shape) == sorted(theirs.shape):
        return
    raise GeometryError(
        f"{name} lies on another grid than {onto}. {_difference(ours, theirs, onto)} "
        f"{advice} first (nearest neighbour)."
    )


def _difference(ours: Grid, theirs: Grid, onto: str) -> str:
    turned = theirs.in_lps()
    if turned.shape != ours.shape:
        return f"It holds {_counts(turned.shape)} voxels, {onto} {_counts(ours.shape)} (z × y × x)."
    if not np.allclose(turned.spacing, ours.spacing, rtol=1e-3):
        return f"Its voxels measure {_mm(turned.spacing)}, those of {onto} {_mm(ours.spacing)} (z × y × x)."
    apart = np.linalg.norm(turned.corners() - ours.corners(), axis=1)
    shift = turned.affine[:3, 3] - ours.affine[:3, 3]
    if apart.max() - apart.min() < 0.01 * min(ours.spacing):
        x, y, z = shift
        return f"Both have {_counts(ours.shape)} voxels, but it is shifted by {x:.4g}, {y:.4g}, {z:.4g} mm (x, y, z)."
    return f"Both have {_counts(ours.shape)} voxels, but it is turned: corners lie up to {apart.max():.4g} mm apart."


def _counts(shape: tuple[int, ...]) -> str:
    return " × ".join(str(n) for n in shape)


def _mm(spacing: tuple[float, float, float]) -> str:
    return " × ".join(f"{v:.4g}" for v in spacing) + " mm"
