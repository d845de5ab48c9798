"""What the header of a NIfTI file means: size, number type, and where the patient lies."""

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.files import GivenFile
from core.imaging.job import Limits
from core.imaging.nifti_header import NiftiHeader, header_of, is_packed
from core.imaging.volume_files import Layout, checked_grid, checked_shape, unknown

_DTYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_REFUSED = {
    1: "one bit per voxel",
    32: "complex numbers",
    128: "colours",
    1536: "128-bit numbers",
    1792: "complex numbers",
}
_REFUSED |= {2048: "complex numbers", 2304: "colours"}
_UNITS = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_UNIT_NAMES = {1: "metres", 3: "micrometres"}
_MAX_HEADER = 1 << 24
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
Affine = npt.NDArray[np.float64]


def layout(file: GivenFile, limits: Limits) -> Layout:
    """Read the header of a ``.nii`` or ``.nii.gz`` (NIfTI-1 or NIfTI-2).

    Where sform and qform are both set and differ, the sform is used (as by ITK, nibabel and FSL) with a note,
    unless they disagree about an anatomical direction: then nobody can know left from right, and it is refused.

    Raises:
        ReadError: Anything that could load as a wrong picture or in a wrong place.
    """
    packed = is_packed(file)
    header = header_of(file, packed)
    sizes = list(header.dim[1 : 1 + header.dim[0]]) if 1 <= header.dim[0] <= 7 else [header.dim[0]]
    shape = checked_shape(file.name, sizes, limits)
    affine, notes = _placed(file.name, header)
    slope, intercept = _rescale(file.name, header)
    return Layout(
        format="NIfTI",
        grid=checked_grid(file.name, shape, affine, has_direction=header.has_direction),
        dtype=_dtype(file.name, header),
        data=file.path,
        offset=_offset(file.name, header),
        packing="gzip" if packed else "raw",
        inside=packed,
        slope=slope,
        intercept=intercept,
        notes=tuple(notes),
    )


def _dtype(name: str, header: NiftiHeader) -> np.dtype[np.generic]:
    if header.datatype in _REFUSED:
        raise ReadError(f"{name} holds {_REFUSED[header.datatype]}, not a CT or labels. Save one number per voxel.")
    if header.datatype not in _DTYPES:
        raise ReadError(f"{name} has a damaged header: number type {header.datatype} does not exist. Export it again.")
    dtype = np.dtype(header.order + _DTYPES[header.datatype])
    if header.bitpix != dtype.itemsize * 8:
        raise ReadError(
            f"{name} has a damaged header: {header.bitpix} bits per voxel where its number type has "
            f"{dtype.itemsize * 8}. Export it again."
        )
    return dtype


def _offset(name: str, header: NiftiHeader) -> int:
    offset = header.vox_offset
    if not (header.minimum_offset <= offset <= _MAX_HEADER) or offset != int(offset):
        raise ReadError(f"{name} has a damaged header: its voxels start at byte {offset:.6g}. Export it again.")
    return int(offset)


def _rescale(name: str, header: NiftiHeader) -> tuple[float, float]:
    """Return slope and intercept; by the standard a slope of 0 means none."""
    slope, intercept = header.slope, header.intercept
    if slope == 0 or not (np.isfinite(slope) or np.isfinite(intercept)):
        return 1.0, 0.0
    if not (np.isfinite(slope) and np.isfinite(intercept)):
        raise ReadError(f"{name} has a damaged header: rescale slope {slope}, intercept {intercept}. Export it again.")
    return slope, intercept


def _placed(name: str, header: NiftiHeader) -> tuple[Affine, list[str]]:
    spacing = np.array(header.pixdim[1:4])
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        x, y, z = spacing
        raise ReadError(
            f"{name} gives a voxel size of {z:g} × {y:g} × {x:g} mm (z, y, x), which cannot be. "
            "Export it again with its voxel size."
        )
    notes = []
    if header.units not in _UNITS:
        raise ReadError(f"{name} has a damaged header: unit of length {header.units} does not exist. Export it again.")
    if header.units in _UNIT_NAMES:
        notes.append(f"The file counts in {_UNIT_NAMES[header.units]}; it was converted to millimetres.")
    ras = _chosen(name, header, spacing, notes)
    lps = _TO_LPS @ ras if header.has_direction else ras
    lps[:3] *= _UNITS[header.units]
    return lps[:, [2, 1, 0, 3]], notes


def _chosen(name: str, header: NiftiHeader, spacing: Affine, notes: list[str]) -> Affine:
    qform = _qform(name, header, spacing) if header.qform_code > 0 else None
    if header.sform_code <= 0:
        if qform is None:
            notes += unknown(has_spacing=True, has_direction=False)
            return np.diag([*spacing, 1.0])
        return qform
    sform = np.vstack([np.reshape(header.srow, (3, 4)), [0, 0, 0, 1]]).astype(np.float64)
    if not np.isfinite(sform).all():
        raise ReadError(f"{name} does not say where its voxels lie: its sform holds NaN. Export it again.")
    checked_grid(name, (1, 1, 1), sform)
    scale = np.linalg.norm(sform[:3, :3], axis=0)
    if np.abs(scale / spacing - 1).max() > 0.01:
        raise ReadError(
            f"{name} gives two voxel sizes (x, y, z): {_triple(spacing)} by its header and {_triple(scale)} mm by its "
            "position. Export it again."
        )
    if qform is not None:
        _compare(name, header, sform, qform, notes)
    return sform


def _compare(name: str, header: NiftiHeader, sform: Affine, qform: Affine, notes: list[str]) -> None:
    s_axes, q_axes = (m[:3, :3] / np.linalg.norm(m[:3, :3], axis=0) for m in (sform, qform))
    if float((s_axes * q_axes).sum(axis=0).min()) < np.cos(np.radians(45)):
        raise ReadError(
            f"{name} contradicts itself about how the patient lies (its qform and sform point different ways), "
            "so left and right cannot be trusted. Export it again from the original images."
        )
    corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)], dtype=np.float64)
    corners[:, :3] *= np.array(header.dim[1:4]) - 1
    apart = float(np.linalg.norm(corners @ (sform - qform).T, axis=1).max())
    if apart > 0.1 * float(np.linalg.norm(sform[:3, :3], axis=0).min()):
        notes.append(f"The file gives two positions up to {apart:.1f} mm apart (qform and sform); the sform was used.")


def _qform(name: str, header: NiftiHeader, spacing: Affine) -> Affine:
    b, c, d, *offset = header.quaternion
    length = b * b + c * c + d * d
    if not (np.isfinite(header.quaternion).all() and length <= 1 + 1e-3):
        raise ReadError(f"{name} has a damaged header: its qform is not a rotation. Export it again.")
    a = np.sqrt(max(0.0, 1 - length))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    handed = -1.0 if header.pixdim[0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing * [1, 1, handed]
    affine[:3, 3] = offset
    return affine


def _triple(values: Affine) -> str:
    return " × ".join(f"{v:.4g}" for v in values)
