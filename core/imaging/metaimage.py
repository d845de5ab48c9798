"""Reads the header of a MetaImage file (.mha, or .mhd given together with its .raw)."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.files import GivenFile
from core.imaging.job import Limits
from core.imaging.volume_files import Layout, checked_grid, checked_shape, unknown

_DTYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MAX_HEADER = 1 << 16


def layout(file: GivenFile, together: Sequence[GivenFile], limits: Limits) -> Layout:
    """Read the header of a MetaImage.

    Args:
        file: The ``.mha`` or ``.mhd``.
        together: All files the user gave. Only among these may a header name its data, by plain name.
        limits: See `Limits`.

    Raises:
        ReadError: A header that points elsewhere, or anything that could load as a wrong picture.
    """
    fields, end = _fields(file)
    sizes = _numbers(file.name, fields, "DimSize", whole=True)
    if len(sizes) != _numbers(file.name, fields, "NDims", whole=True)[0]:
        raise _damaged(file.name, "DimSize")
    if fields.get("ElementNumberOfChannels", "1") != "1":
        raise ReadError(f"{file.name} holds colours or vectors, not one number per voxel. Save a plain volume.")
    if fields.get("DistanceUnits", "mm") not in ("mm", "?", ""):
        raise ReadError(
            f"{file.name} counts in {fields['DistanceUnits'][:30]}, not millimetres. Save it in millimetres."
        )
    shape = checked_shape(file.name, [int(n) for n in sizes], limits)
    affine, has_spacing, has_direction = _placed(file.name, fields, len(sizes))
    data, offset = _data(file, fields, end, together)
    return Layout(
        format="MetaImage",
        grid=checked_grid(file.name, shape, affine, has_spacing, has_direction),
        dtype=_dtype(file.name, fields),
        data=data.path,
        offset=offset,
        packing="zlib" if _yes(fields, "CompressedData") else "raw",
        notes=unknown(has_spacing, has_direction),
    )


def _fields(file: GivenFile) -> tuple[dict[str, str], int]:
    with file.path.open("rb") as raw:
        head = raw.read(_MAX_HEADER)
    last = re.search(rb"(?m)^[ \t]*ElementDataFile[ \t]*=[^\n]*(\n|\Z)", head)
    if last is None:
        raise ReadError(f"{file.name} is incomplete: its header does not end. Copy or export it again.")
    fields = {}
    for line in head[: last.end()].decode("utf-8", "replace").splitlines():
        key, found, value = line.partition("=")
        if found:
            fields[key.strip()] = value.strip()
    return fields, last.end()


def _data(file: GivenFile, fields: dict[str, str], end: int, together: Sequence[GivenFile]) -> tuple[GivenFile, int]:
    if fields.get("HeaderSize", "0") != "0":
        raise ReadError(f"{file.name} skips bytes before its data, which is not read. Save it as one .mha file.")
    target = fields["ElementDataFile"]
    if target.upper() == "LOCAL":
        return file, end
    siblings = [f for f in together if f.name == target and f.path != file.path and _folder(f) == _folder(file)]
    if len(siblings) != 1:
        raise ReadError(
            f"{file.name} points to another file for its voxels. Save it as one self-contained .mha file, "
            "or give the .mhd together with its .raw."
        )
    return siblings[0], 0


def _folder(file: GivenFile) -> str:
    return file.order[: -len(file.name)]


def _yes(fields: dict[str, str], field: str) -> bool:
    return fields.get(field, "False").lower() in ("true", "1")


def _damaged(name: str, field: str) -> ReadError:
    return ReadError(f"{name} has a damaged header: its field “{field}” is missing or cannot be. Export it again.")


def _numbers(name: str, fields: dict[str, str], field: str, whole: bool = False) -> list[float]:
    try:
        numbers = [float(int(v)) if whole else float(v) for v in fields[field].split()]
    except (KeyError, ValueError, OverflowError):
        raise _damaged(name, field) from None
    if not numbers:
        raise _damaged(name, field)
    return numbers


def _dtype(name: str, fields: dict[str, str]) -> np.dtype[np.generic]:
    kind = _DTYPES.get(fields.get("ElementType", "").upper())
    if kind is None:
        raise ReadError(
            f"{name} holds {fields.get('ElementType', 'no')[:30]} numbers, which are not read. Export it again."
        )
    if fields.get("BinaryData", "True").lower() not in ("true", "1"):
        raise ReadError(f"{name} holds its voxels as text, which is not read. Save it as binary.")
    big = _yes(fields, "BinaryDataByteOrderMSB") or _yes(fields, "ElementByteOrderMSB")
    return np.dtype((">" if big else "<") + kind)


def _placed(name: str, fields: dict[str, str], dims: int) -> tuple[npt.NDArray[np.float64], bool, bool]:
    """Return the affine of index ``(z, y, x)``, whether it is in mm, and whether the file says how the patient lies."""
    spacing_field = next((f for f in ("ElementSpacing", "ElementSize") if f in fields), None)
    spacing = np.ones(3)
    if spacing_field is not None:
        spacing = _array(name, fields, spacing_field, dims)[:3]
    origin_field = next((f for f in ("Offset", "Position", "Origin") if f in fields), None)
    origin = _array(name, fields, origin_field, dims)[:3] if origin_field else np.zeros(3)
    matrix_field = next((f for f in ("TransformMatrix", "Orientation", "Rotation") if f in fields), None)
    axes = np.eye(3)
    if matrix_field is not None:
        axes = _array(name, fields, matrix_field, dims * dims).reshape(dims, dims)[:3, :3].T
    affine = np.eye(4)
    affine[:3, :3] = (axes * spacing)[:, ::-1]
    affine[:3, 3] = origin
    return affine, spacing_field is not None, matrix_field is not None


def _array(name: str, fields: dict[str, str], field: str, count: int) -> npt.NDArray[np.float64]:
    values = np.array(_numbers(name, fields, field), dtype=np.float64)
    if len(values) != count:
        raise _damaged(name, field)
    return values
