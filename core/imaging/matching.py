"""Lays labels read from a file on the volume or the labels they belong to, or says how the two differ."""

from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from core.errors import GeometryError
from core.imaging.grid import Grid, reorder
from core.imaging.volume import Mask, Volume

_EXACT_VOXELS = 1e-3
_NEAR_VOXELS = 0.05


def labels_on(volume: Volume, labels: Mask, name: str) -> Mask:
    """Lay labels on a volume's grid without resampling.

    Labels up to 0.05 voxel beside the volume's voxels are moved onto them, with a note from 0.001 voxel.

    Args:
        volume: What the labels were drawn on.
        labels: On the grid of their file: the volume's lattice, its axes in any order and direction.
        name: What to call the file in messages.

    Raises:
        GeometryError: The grids are not one lattice.
    """
    if volume.grid.has_spacing and labels.grid.has_spacing:
        lattice, moved = _moved_onto(
            volume.grid, labels.grid, name, "the CT", "Load labels drawn on this CT, or resample them"
        )
        return _turned(labels, lattice, volume.grid, moved)
    if volume.grid.has_spacing:
        raise GeometryError(
            f"{name} does not say where its voxels lie, so it cannot be laid on this CT. "
            "Save the labels as NIfTI or NRRD with the geometry of the CT."
        )
    voxels, assumed = _by_shape(volume, labels, name)
    return replace(labels, voxels=voxels, grid=volume.grid, notes=(*labels.notes, *assumed))


def laid_on(mask: Mask, grid: Grid, name: str, onto: str) -> Mask:
    """Lay labels on the grid of other labels without resampling; the rule is that of `labels_on`.

    Args:
        mask: From `reading.read_labels`.
        grid: Of the other labels.
        name: What to call the first in messages.
        onto: What to call the other.

    Raises:
        GeometryError: The grids are not one lattice, or only one file says where it lies; if neither does, they
            hold different numbers of voxels.
    """
    if mask.grid.has_spacing and grid.has_spacing:
        lattice, moved = _moved_onto(grid, mask.grid, name, onto, "Score labels drawn on one CT, or resample it")
        return _turned(mask, lattice, grid, moved)
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
    note = f"Only one of {name[0].lower()}{name[1:]} and {onto} says how the patient lies. Check left and right."
    agreed = mask.grid.has_direction == grid.has_direction
    return replace(mask, grid=grid, notes=mask.notes if agreed else (*mask.notes, note))


def _turned(mask: Mask, lattice: Grid, grid: Grid, notes: tuple[str, ...]) -> Mask:
    voxels = reorder(mask.voxels.astype(np.uint8, copy=False), lattice, grid)
    return replace(mask, voxels=voxels, grid=grid, notes=(*mask.notes, *notes))


def _by_shape(volume: Volume, mask: Mask, name: str) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Match labels to a volume without millimetres by direction and number of voxels; note what was assumed."""
    own, grid = volume.source.grid, mask.grid
    labels = mask.voxels.astype(np.uint8, copy=False)
    turned = reorder(labels, grid, grid.in_lps()) if grid.has_direction else labels
    if grid.has_direction and turned.shape == volume.grid.shape:
        agreed = own.has_direction or grid.orientation == own.orientation
        note = f"The image does not say how the patient lies, {name} does and was turned. Check left and right."
        return turned, () if agreed else (note,)
    note = f"{name} does not say how its voxels lie: they were taken to lie as in the image's file."
    for order in (own, volume.grid):
        if not grid.has_direction and labels.shape == order.shape:
            return reorder(labels, order, volume.grid), (note,) if own.has_direction else ()
    raise GeometryError(
        f"{name} holds {_counts(turned.shape)} voxels, the image {_counts(volume.grid.shape)} (z × y × x). "
        "Use labels that were drawn on this image."
    )


def _moved_onto(ours: Grid, theirs: Grid, name: str, onto: str, advice: str) -> tuple[Grid, tuple[str, ...]]:
    """Return the labels' grid as it is exactly on our lattice, and a note if that moved it.

    Raises:
        GeometryError: That would move a voxel by more than the tolerance, or the lattices do not cover one another.
    """
    steps = np.linalg.solve(ours.affine, theirs.affine)  # index of the labels to our index
    exact = np.rint(steps)
    reach = np.maximum(np.asarray(theirs.shape) - 1, 1)  # a single slice too must have its thickness
    ends = np.array([(*corner, 1) for corner in product(*((0, n) for n in reach))]).T
    off = ((steps - exact) @ ends)[:3]
    if np.abs(off).max() > _NEAR_VOXELS or not _covers(exact, ours, theirs):
        raise GeometryError(
            f"{name} lies on another grid than {onto}. {_difference(ours, theirs, onto)} "
            f"{advice} onto it first (nearest neighbour)."
        )
    beside_mm = float(np.linalg.norm(ours.affine[:3, :3] @ off, axis=0).max())
    note = (
        f"{name} lies up to {beside_mm:.3g} mm beside the voxels of {onto} (at most {_NEAR_VOXELS} of a voxel) "
        "and was moved onto them."
    )
    return Grid(theirs.shape, ours.affine @ exact), (note,) if np.abs(off).max() > _EXACT_VOXELS else ()


def _covers(steps: npt.NDArray[np.float64], ours: Grid, theirs: Grid) -> bool:
    """Say whether whole steps from index to index only permute and flip axes, and take one lattice onto the other."""
    turns = np.abs(steps[:3, :3])
    if not ((turns.sum(axis=0) == 1).all() and (turns.sum(axis=1) == 1).all()):
        return False
    ends = steps[:3] @ np.array([(0, 0, 0, 1), (*(np.asarray(theirs.shape) - 1), 1)]).T
    return bool((ends.min(axis=1) == 0).all() and (ends.max(axis=1) == np.asarray(ours.shape) - 1).all())


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
