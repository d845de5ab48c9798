"""Lays labels read from a file on the volume or the labels they belong to, or says how the two differ."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.errors import GeometryError
from core.imaging.grid import Grid, reorder
from core.imaging.label import DEFAULT_LABELS
from core.imaging.lattice import NEAR_VOXELS, Aligned, Index, aligned, counts, difference, part
from core.imaging.passport import Fit, passport
from core.imaging.preprocess import resample_mask
from core.imaging.volume import Mask, Volume

_MOST_VOXELS = 600_000_000
_IN_PART = (
    "Neither file holds all slices of the CT: specificity, accuracy and the image's diagonal are those of the slices "
    "there are. Give the CT to count them all."
)


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
        return _on_lattice(labels, volume.grid, name, "the CT", "Load labels drawn on this CT, or resample them")
    if volume.grid.has_spacing:
        raise GeometryError(
            f"{name} does not say where its voxels lie, so it cannot be laid on this CT. "
            "Save the labels as NIfTI or NRRD with the geometry of the CT."
        )
    voxels, assumed = _by_shape(volume, labels, name)
    return replace(labels, voxels=voxels, grid=volume.grid, notes=(*labels.notes, *assumed))


def laid_on(mask: Mask, grid: Grid, name: str, onto: str) -> Mask:
    """Lay labels on the grid of other labels without resampling; the rule is that of `labels_on`.

    Slices that a DICOM segmentation does not store are empty, so it may cover fewer than ``grid`` (see `extended`
    for the other way round).

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
        return _on_lattice(mask, grid, name, onto, "Score labels drawn on one CT, or resample it")
    if mask.grid.has_spacing != grid.has_spacing:
        silent, other = (onto, name) if mask.grid.has_spacing else (name, onto)
        raise GeometryError(
            f"{silent[0].upper()}{silent[1:]} does not say where its voxels lie, so it cannot be laid on {other}. "
            "Save both as NIfTI or NRRD with the geometry of the CT."
        )
    if mask.grid.shape != grid.shape:
        raise GeometryError(
            f"{name} holds {counts(mask.grid.shape)} voxels, {onto} {counts(grid.shape)} (z × y × x). "
            "Score labels that were drawn on one image."
        )
    note = f"Only one of {name[0].lower()}{name[1:]} and {onto} says how the patient lies. Check left and right."
    agreed = mask.grid.has_direction == grid.has_direction
    return replace(mask, grid=grid, notes=mask.notes if agreed else (*mask.notes, note))


def extended(first: Mask, second: Mask) -> tuple[Mask, Mask]:
    """Add to DICOM segmentations the empty slices that they do not store, so that both masks cover one box.

    Do this before `laid_on` or `passport.passport` when there is no CT to lay both on. Masks that are not
    ``sparse`` keep their grids, and so do masks that do not lie on one lattice.

    Returns:
        Both masks, each in its own order of axes, with a note on each that grew, and one if none holds a whole CT.
    """
    grown, other = _grown(first, second), _grown(second, first)
    return grown, replace(other, notes=(*other.notes, _IN_PART)) if first.sparse and second.sparse else other


def resampled_on(mask: Mask, grid: Grid, name: str, onto: str) -> Mask:
    """Resample labels onto the grid of other labels, each voxel taking the nearest label, and note what that did.

    Labels that fit without it are laid as they are.

    Args:
        mask: The labels.
        grid: Of the other labels.
        name: What to call the first in messages.
        onto: What to call the other.

    Raises:
        GeometryError: A voxel size is not known, or the two do not overlap.
    """
    found = passport(mask.grid, grid, (name, onto))
    if found.fit is Fit.APART:
        raise GeometryError(f"{name[0].upper()}{name[1:]} cannot be resampled onto {onto}. {found.sentence}")
    if found.fit is not Fit.RESAMPLE:
        return laid_on(mask, grid, name, onto)
    result = resample_mask(mask, grid)
    before, after = _millilitres(mask), _millilitres(result)
    usual = {label.value: label.name for label in DEFAULT_LABELS}
    changed = [
        f"{mask.names.get(value) or usual.get(value, f'label {value}')} {ml:.4g} → {after.get(value, 0.0):.4g} ml"
        for value, ml in before.items()
    ]
    note = f"{name} was resampled onto the voxels of {onto} (nearest neighbour): {', '.join(changed) or 'it is empty'}."
    return replace(result, notes=(*mask.notes, f"{note[0].upper()}{note[1:]}"))


def _on_lattice(mask: Mask, grid: Grid, name: str, onto: str, advice: str) -> Mask:
    """Lay a mask on a grid of its own lattice, and note if that moved it or added empty slices.

    Raises:
        GeometryError: That would move a voxel by more than the tolerance, or they do not cover one another.
    """
    found = aligned(mask.grid, grid)
    if found is None or not (found.covers(grid.shape) or (mask.sparse and _lies_in(found, grid.shape))):
        raise GeometryError(
            f"{name} lies on another grid than {onto}. {difference(mask.grid, grid, onto, mask.sparse)} "
            f"{advice} onto it first (nearest neighbour)."
        )
    notes = list(mask.notes)
    if found.moved:
        notes.append(
            f"{name} lies up to {found.off_mm:.3g} mm beside the voxels of {onto} (at most {NEAR_VOXELS} of a voxel) "
            "and was moved onto them."
        )
    if not found.covers(grid.shape):
        notes.append(_filled(name, found.shape, grid.shape))
    voxels = reorder(mask.voxels.astype(np.uint8, copy=False), found.grid, part(grid, found.first, found.shape))
    return replace(mask, voxels=_placed(voxels, found.first, grid.shape), grid=grid, notes=tuple(notes))


def _lies_in(found: Aligned, shape: Index) -> bool:
    """Say whether a stack of slices lies within a grid of this shape and fills all of each slice it holds."""
    inside = min(found.first) >= 0 and all(last < n for last, n in zip(found.last, shape, strict=True))
    return inside and sum(a != b for a, b in zip(found.shape, shape, strict=True)) <= 1


def _placed(voxels: npt.NDArray[np.uint8], first: Index, shape: Index) -> npt.NDArray[np.uint8]:
    if voxels.shape == shape:
        return voxels
    whole = np.zeros(shape, np.uint8)
    whole[tuple(slice(at, at + n) for at, n in zip(first, voxels.shape, strict=True))] = voxels
    return whole


def _grown(mask: Mask, other: Mask) -> Mask:
    if not (mask.sparse and mask.grid.has_spacing and other.grid.has_spacing):
        return mask
    found = aligned(other.grid, mask.grid)
    if found is None:
        return mask
    first = tuple(min(0, at) for at in found.first)
    last = tuple(max(n - 1, at) for n, at in zip(mask.grid.shape, found.last, strict=True))
    z, y, x = (b - a + 1 for a, b in zip(first, last, strict=True))
    grows = sum(a != b for a, b in zip((z, y, x), mask.grid.shape, strict=True))
    if grows != 1 or z * y * x > _MOST_VOXELS:
        return mask
    start = (-first[0], -first[1], -first[2])
    voxels = _placed(mask.voxels.astype(np.uint8, copy=False), start, (z, y, x))
    grid = part(mask.grid, (first[0], first[1], first[2]), (z, y, x))
    note = _filled("A DICOM segmentation", mask.grid.shape, grid.shape)
    return replace(mask, voxels=voxels, grid=grid, notes=(*mask.notes, note))


def _filled(name: str, held: Index, shape: Index) -> str:
    there, wanted = next((a, b) for a, b in zip(held, shape, strict=True) if a != b)
    return f"{name[0].upper()}{name[1:]} spans {there} of {wanted} slices; those it does not store are empty."


def _millilitres(mask: Mask) -> dict[int, float]:
    found = np.zeros(256, np.int64)
    for slab in mask.voxels:
        found += np.bincount(slab.astype(np.uint8, copy=False).reshape(-1), minlength=256)
    return {value: int(n) * mask.grid.voxel_ml for value, n in enumerate(found) if n and value}


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
        f"{name} holds {counts(turned.shape)} voxels, the image {counts(volume.grid.shape)} (z × y × x). "
        "Use labels that were drawn on this image."
    )
