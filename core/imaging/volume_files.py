"""Reads the voxels of one volume file (NIfTI, NRRD, MetaImage) exactly as its header lays them out.

The formats differ only in their headers; `Layout` is what they have in common. The voxels are read in slabs,
never more bytes than the header declares, and a file that holds fewer or more is refused.
"""

import bz2
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.files import GivenFile, in_bytes
from core.imaging.grid import Grid
from core.imaging.intake import Intake
from core.imaging.job import Limits

_BLOCK = 1 << 18
_GZIP = zlib.MAX_WBITS | 16
_SLAB_VOXELS = 4_000_000
_MAX_SHEAR = 3.5e-3  # cosine of 89.8°: axes bent by more than 0.2° are not a box any more


@dataclass(frozen=True)
class Layout:
    """What a header says about the voxels of its file.

    Attributes:
        format: As in `Source.format`.
        grid: Where the voxels lie, ``(z, y, x)``.
        dtype: Number type with byte order.
        data: File that holds the voxels.
        offset: Bytes before the first voxel, or before the compressed stream.
        packing: ``raw``, ``gzip``, ``zlib`` or ``bzip2``.
        inside: Whether ``offset`` counts unpacked bytes, because the header is packed too.
        slope: Value = stored × slope + intercept.
        intercept: See ``slope``.
        notes: What was mended or is not known.
        names: Label value to name, where the header gives names.
    """

    format: str
    grid: Grid
    dtype: np.dtype[np.generic]
    data: Path
    offset: int
    packing: str = "raw"
    inside: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    notes: tuple[str, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def pour(file: GivenFile, layout: Layout, intake: Intake) -> None:
    """Read all voxels of a file into an intake.

    Raises:
        ReadError: The file is damaged, or holds fewer or more voxels than its header declares.
    """
    try:
        with layout.data.open("rb") as raw:
            stream = _opened(raw, layout)
            first = 0
            for slab in _slabs(file.name, stream, layout):
                intake.put(first, slab)
                first += len(slab)
            if stream.read(1):
                raise ReadError(
                    f"{file.name} holds more data than its header declares "
                    f"({in_bytes(_length(layout))} of voxels). Its header is wrong: export it again."
                )
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ReadError(
            f"{file.name} is damaged or incomplete: its compressed data cannot be unpacked. Copy or export it again."
        ) from error


def checked_shape(name: str, sizes: list[int], limits: Limits) -> tuple[int, int, int]:
    """Turn the sizes of a header, x first, into a shape ``(z, y, x)``, before anything is allocated.

    Raises:
        ReadError: Not one 3-D volume, or more voxels than the limit.
    """
    shown = " × ".join(f"{n:,}" for n in sizes)
    if len(sizes) < 3 or min(sizes) < 1 or any(n != 1 for n in sizes[3:]):
        raise ReadError(
            f"{name} has the dimensions {shown}; Lobule needs one 3-D volume. "
            "Save one volume (one phase or time point) as its own file."
        )
    count = 1
    for n in sizes:
        count *= n
    if count > limits.max_voxels:
        raise ReadError(
            f"{name} claims {shown} = {count:,} voxels; at most {limits.max_voxels:,} are opened. "
            "Crop it, or check its header."
        )
    return sizes[2], sizes[1], sizes[0]


def checked_grid(
    name: str,
    shape: tuple[int, int, int],
    affine: npt.NDArray[np.float64],
    has_spacing: bool = True,
    has_direction: bool = True,
) -> Grid:
    """Build the grid of a file from its affine, index ``(z, y, x)`` to LPS mm.

    Raises:
        ReadError: Not finite, a voxel without volume, or bent axes.
    """
    if not np.isfinite(affine).all():
        raise ReadError(f"{name} does not say where its voxels lie: its position holds NaN. Export it again.")
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if lengths.min() <= 1e-6 or lengths.max() > 1e4:
        z, y, x = lengths
        raise ReadError(
            f"{name} says its voxels measure {z:.4g} × {y:.4g} × {x:.4g} mm (z, y, x), which cannot be. "
            "Export it again."
        )
    axes = affine[:3, :3] / lengths
    bent = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if bent > _MAX_SHEAR:
        degrees = float(np.degrees(np.arcsin(min(1.0, bent))))
        raise ReadError(
            f"{name} is sheared: its axes are {degrees:.1f}° away from right angles. "
            "Resample it to a straight grid first, as for a tilted gantry."
        )
    return Grid(shape, affine, has_spacing, has_direction)


def unknown(has_spacing: bool, has_direction: bool) -> tuple[str, ...]:
    """Return notes on what a header leaves open."""
    direction = "The file does not say how the patient lies: left and right are not known."
    spacing = "The file gives no voxel size: nothing can be measured in millimetres."
    return (direction,) * (not has_direction) + (spacing,) * (not has_spacing)


def _length(layout: Layout) -> int:
    z, y, x = layout.grid.shape
    return z * y * x * layout.dtype.itemsize


def _opened(raw: BinaryIO, layout: Layout) -> _Stream:
    if not layout.inside:
        raw.seek(layout.offset)
    stream: _Stream = raw
    if layout.packing == "bzip2":
        stream = bz2.BZ2File(raw)
    elif layout.packing in ("gzip", "zlib"):
        stream = _Inflated(raw, _GZIP if layout.packing == "gzip" else zlib.MAX_WBITS)
    if layout.inside:
        _exactly(stream, layout.offset)
    return stream


def _slabs(name: str, stream: _Stream, layout: Layout) -> Iterator[npt.NDArray[np.generic]]:
    z, y, x = layout.grid.shape
    deep = max(1, _SLAB_VOXELS // (y * x))
    for first in range(0, z, deep):
        count = min(deep, z - first)
        wanted = count * y * x * layout.dtype.itemsize
        data = _exactly(stream, wanted)
        if len(data) < wanted:
            have = first * y * x * layout.dtype.itemsize + len(data)
            raise ReadError(
                f"{name} is incomplete: {in_bytes(have)} of {in_bytes(_length(layout))} of voxels are there. "
                "Copy or export it again."
            )
        values = np.frombuffer(data, layout.dtype).reshape(count, y, x)
        if layout.slope != 1 or layout.intercept != 0:
            values = values * np.float64(layout.slope) + np.float64(layout.intercept)
        yield values


def _exactly(stream: _Stream, wanted: int) -> bytes:
    parts = []
    while wanted and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


class _Inflated:
    """A zlib or gzip stream, unpacked only as far as it is read; checksums are checked at its end."""

    def __init__(self, raw: BinaryIO, wbits: int) -> None:
        self._raw, self._wbits = raw, wbits
        self._engine = zlib.decompressobj(wbits)
        self._packed = b""

    def read(self, size: int, /) -> bytes:
        while not (self._engine.eof and self._ended()):
            self._packed = self._packed or self._raw.read(_BLOCK)
            if not self._packed:
                raise EOFError("the compressed stream ends early")
            data = self._engine.decompress(self._packed, size)
            self._packed = self._engine.unconsumed_tail
            if data:
                return data
        return b""

    def _ended(self) -> bool:
        """At the end of one gzip member, begin the next if there is one."""
        self._packed = (self._engine.unused_data or self._raw.read(_BLOCK)).lstrip(b"\0")
        if self._wbits == zlib.MAX_WBITS or not self._packed:
            return True
        self._engine = zlib.decompressobj(self._wbits)
        return False
