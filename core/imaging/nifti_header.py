"""Takes the header of a NIfTI file apart, byte by byte."""

import gzip
import struct
import zlib
from dataclasses import dataclass

from core.errors import ReadError
from core.imaging.files import GivenFile


@dataclass(frozen=True)
class NiftiHeader:
    """The fields that matter, as they stand in the file.

    Attributes:
        dim: Number of dimensions, then their sizes, x first.
        datatype: Code of the number type.
        bitpix: Bits per voxel.
        pixdim: Handedness of the qform, then voxel sizes, x first.
        vox_offset: Byte of the first voxel.
        slope: Value = stored × slope + intercept; 0 means none.
        intercept: See ``slope``.
        units: Code of the unit of length.
        qform_code: Above 0 if ``quaternion`` holds.
        sform_code: Above 0 if ``srow`` holds.
        quaternion: b, c, d, then the offset x, y, z, in RAS.
        srow: Three rows of the affine, index (x, y, z) to RAS.
        order: Byte order, ``<`` or ``>``.
        minimum_offset: Least ``vox_offset`` there can be.
    """

    dim: tuple[int, ...]
    datatype: int
    bitpix: int
    pixdim: tuple[float, ...]
    vox_offset: float
    slope: float
    intercept: float
    units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    srow: tuple[float, ...]
    order: str
    minimum_offset: int

    @property
    def has_direction(self) -> bool:
        """Whether the file says how the patient lies."""
        return self.sform_code > 0 or self.qform_code > 0


def is_packed(file: GivenFile) -> bool:
    """Say whether the file is packed with gzip, whatever its name."""
    with file.path.open("rb") as raw:
        return raw.read(2) == b"\x1f\x8b"


def header_of(file: GivenFile, packed: bool) -> NiftiHeader:
    """Read the header of a NIfTI-1 or NIfTI-2 file of either byte order.

    Raises:
        ReadError: It is damaged, or only half of a .hdr/.img pair.
    """
    head = _head(file, packed)
    for order in "<>":
        if len(head) >= 348 and struct.unpack(order + "i", head[:4])[0] == 348 and head[344:347] == b"n+1":
            return _nifti1(head, order)
        if len(head) >= 540 and struct.unpack(order + "i", head[:4])[0] == 540 and head[4:7] == b"n+2":
            return _nifti2(head, order)
    if head[344:347] == b"ni1" or head[4:7] == b"ni2":
        raise ReadError(f"{file.name} is half of a .hdr/.img pair. Save the image as one .nii file and open that.")
    raise ReadError(f"{file.name} has a damaged NIfTI header. Copy or export it again.")


def _head(file: GivenFile, packed: bool) -> bytes:
    try:
        with file.path.open("rb") as raw:
            head = gzip.GzipFile(fileobj=raw).read(540) if packed else raw.read(540)
    except (OSError, EOFError, zlib.error) as error:
        raise ReadError(f"{file.name} is damaged: it cannot be unpacked. Copy or export it again.") from error
    return head + bytes(540 - len(head)) if len(head) >= 348 else head


def _nifti1(head: bytes, order: str) -> NiftiHeader:
    pixdim = struct.unpack(order + "8f", head[76:108])
    vox_offset, slope, intercept = struct.unpack(order + "3f", head[108:120])
    qform_code, sform_code = struct.unpack(order + "2h", head[252:256])
    return NiftiHeader(
        dim=struct.unpack(order + "8h", head[40:56]),
        datatype=struct.unpack(order + "h", head[70:72])[0],
        bitpix=struct.unpack(order + "h", head[72:74])[0],
        pixdim=pixdim,
        vox_offset=vox_offset,
        slope=slope,
        intercept=intercept,
        units=head[123] & 7,
        qform_code=qform_code,
        sform_code=sform_code,
        quaternion=struct.unpack(order + "6f", head[256:280]),
        srow=struct.unpack(order + "12f", head[280:328]),
        order=order,
        minimum_offset=352,
    )


def _nifti2(head: bytes, order: str) -> NiftiHeader:
    qform_code, sform_code = struct.unpack(order + "2i", head[344:352])
    slope, intercept = struct.unpack(order + "2d", head[176:192])
    return NiftiHeader(
        dim=struct.unpack(order + "8q", head[16:80]),
        datatype=struct.unpack(order + "h", head[12:14])[0],
        bitpix=struct.unpack(order + "h", head[14:16])[0],
        pixdim=struct.unpack(order + "8d", head[104:168]),
        vox_offset=float(struct.unpack(order + "q", head[168:176])[0]),
        slope=slope,
        intercept=intercept,
        units=struct.unpack(order + "i", head[500:504])[0] & 7,
        qform_code=qform_code,
        sform_code=sform_code,
        quaternion=struct.unpack(order + "6d", head[352:400]),
        srow=struct.unpack(order + "12d", head[400:496]),
        order=order,
        minimum_offset=544,
    )
