"""Reads the header of a NRRD file: size, number type, packing, and where the patient lies."""

import re
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.files import GivenFile
from core.imaging.job import Limits
from core.imaging.label import clean_name
from core.imaging.volume_files import Layout, checked_grid, checked_shape, unknown

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_PACKINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
_MAX_HEADER = 1 << 20
_SEGMENT = re.compile(r"Segment(?P<number>[0-9]{1,6})_(?P<key>Name|LabelValue|Layer):=(?P<value>.*)")
Segments = dict[str, dict[str, str]]  # number of a segment to what 3D Slicer says of it


def layout(file: GivenFile, limits: Limits) -> Layout:
    """Read the header of a self-contained ``.nrrd``.

    Raises:
        ReadError: A header that points to another file, or anything that could load as a wrong picture.
    """
    fields, segments, offset = _fields(file)
    _refuse_detached(file.name, fields)
    _refuse_layers(file.name, segments)
    sizes = _numbers(file.name, fields, "sizes")
    if not all(n.is_integer() for n in sizes) or _numbers(file.name, fields, "dimension") != [len(sizes)]:
        raise _damaged(file.name, "sizes")
    kinds = fields.get("kinds", "").lower().split()
    if any(re.search("colou?r|vector|complex|matrix|quaternion", kind) for kind in kinds):
        raise ReadError(f"{file.name} holds colours or vectors, not one number per voxel. Save a plain volume.")
    _refuse_units(file.name, fields)
    affine, has_spacing, has_direction = _placed(file.name, fields)
    shape = checked_shape(file.name, [int(n) for n in sizes], limits)
    return Layout(
        format="NRRD",
        grid=checked_grid(file.name, shape, affine, has_spacing, has_direction),
        dtype=_dtype(file.name, fields),
        data=file.path,
        offset=offset,
        packing=_packing(file.name, fields),
        notes=unknown(has_spacing, has_direction),
        names=_names(segments),
    )


def _fields(file: GivenFile) -> tuple[dict[str, str], Segments, int]:
    """Return the header's fields in lower case, what it says of segments, and where the data start."""
    with file.path.open("rb") as raw:
        head = raw.read(_MAX_HEADER)
    end = re.search(rb"\r?\n\r?\n", head)
    if end is None:
        if re.search(rb"(?mi)^data ?file:", head):
            raise _detached(file.name)
        raise ReadError(f"{file.name} is incomplete: its header does not end. Copy or export it again.")
    fields = {}
    segments: Segments = defaultdict(dict)
    for line in head[: end.start()].decode("utf-8", "replace").splitlines()[1:]:
        if not line.startswith("#") and ": " in line and ":=" not in line:
            key, value = line.split(": ", 1)
            fields[key.strip().lower()] = value.strip()
        elif re.match(r"(?i)data ?file:", line):
            raise _detached(file.name)
        elif said := _SEGMENT.fullmatch(line):
            segments[said["number"]][said["key"]] = said["value"].replace("\\n", " ").strip()
    return fields, segments, end.end()


def _refuse_layers(name: str, segments: Segments) -> None:
    layers = {segment.get("Layer", "0") for segment in segments.values()}
    if len(layers) > 1:
        raise ReadError(
            f"{name} keeps its segments in {len(layers)} layers, because some overlap. "
            "In 3D Slicer, export them as one label map (Segmentations, Export to labelmap) and open that."
        )


def _names(segments: Segments) -> dict[int, str]:
    """Return what 3D Slicer calls each label value, in the order of values."""
    found = {}
    for segment in segments.values():
        value, name = segment.get("LabelValue", ""), clean_name(segment.get("Name", ""))
        if re.fullmatch("[0-9]{1,3}", value) and 1 <= int(value) <= 255 and name:
            found[int(value)] = name
    return dict(sorted(found.items()))


def _refuse_detached(name: str, fields: dict[str, str]) -> None:
    if "data file" in fields or "datafile" in fields:
        raise _detached(name)
    skips = (fields.get(key, "0") for key in ("line skip", "lineskip", "byte skip", "byteskip"))
    if any(skip != "0" for skip in skips):
        raise ReadError(f"{name} skips bytes before its data, which is not read. Save it again as a plain .nrrd.")


def _refuse_units(name: str, fields: dict[str, str]) -> None:
    units = {unit.strip('"').lower() for unit in fields.get("space units", "").split()} - {"", "mm", "???"}
    if units:
        raise ReadError(f"{name} counts in {', '.join(sorted(units))[:30]}, not millimetres. Save it in millimetres.")


def _detached(name: str) -> ReadError:
    return ReadError(f"{name} points to another file for its voxels. Save it as one self-contained .nrrd file.")


def _damaged(name: str, field: str) -> ReadError:
    return ReadError(f"{name} has a damaged header: its field “{field}” is missing or cannot be. Export it again.")


def _numbers(name: str, fields: dict[str, str], field: str) -> list[float]:
    try:
        return [float(part) for part in re.split(r"[\s,()]+", fields[field]) if part]
    except (KeyError, ValueError):
        raise _damaged(name, field) from None


def _dtype(name: str, fields: dict[str, str]) -> np.dtype[np.generic]:
    kind = next((code for code, words in _TYPES.items() if fields.get("type", "").lower() in words), None)
    if kind is None:
        raise _damaged(name, "type")
    endian = fields.get("endian", "" if kind[1] != "1" else "little").lower()
    if endian not in ("little", "big"):
        raise _damaged(name, "endian")
    return np.dtype(("<" if endian == "little" else ">") + kind)


def _packing(name: str, fields: dict[str, str]) -> str:
    encoding = fields.get("encoding", "").lower()
    if encoding not in _PACKINGS:
        raise ReadError(f"{name} is stored as “{encoding[:20]}”, which is not read. Save it as raw or gzip.")
    return _PACKINGS[encoding]


def _placed(name: str, fields: dict[str, str]) -> tuple[npt.NDArray[np.float64], bool, bool]:
    """Return the affine of index ``(z, y, x)``, whether it is in mm, and whether the file says how the patient lies."""
    affine = np.eye(4)[:, [2, 1, 0, 3]]
    if "space directions" in fields:
        affine[:3, :3] = _directions(name, fields)[:, ::-1]
        if "space origin" in fields:
            origin = _numbers(name, fields, "space origin")
            if len(origin) != 3:
                raise _damaged(name, "space origin")
            affine[:3, 3] = origin
        signs = _SPACES.get(fields.get("space", "").lower())
        if signs is None and "space" in fields:
            raise ReadError(
                f"{name} uses the space “{fields['space'][:40]}”, which is not read. Save it in LPS or RAS."
            )
        affine[:3] *= np.reshape(signs or (1, 1, 1), (3, 1))
        return affine, True, signs is not None
    if "spacings" not in fields:
        return affine, False, False
    spacings = _numbers(name, fields, "spacings")[:3]
    if len(spacings) != 3:
        raise _damaged(name, "spacings")
    affine[:3, :3] *= spacings[::-1]
    return affine, True, False


def _directions(name: str, fields: dict[str, str]) -> npt.NDArray[np.float64]:
    """Return ``(3, 3)``; column k is the step of file axis k (fastest first) in the file's space."""
    text = re.sub(r"(?i)\bnone\b", "", fields["space directions"])
    vectors = re.findall(r"\(([^()]*)\)", text)
    try:
        return np.array([[float(v) for v in vector.split(",")] for vector in vectors], dtype=np.float64).reshape(3, 3).T
    except ValueError:
        raise _damaged(name, "space directions") from None
