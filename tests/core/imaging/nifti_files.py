"""NIfTI-1 files written byte by byte, so that every field can be wrong on purpose."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}
# In RAS, as NIfTI counts: x and y grow to the right and front, so LPS is x and y negated.
SFORM = ((-0.8, 0, 0, 120.5), (0, -0.75, 0, 90.25), (0, 0, 2.5, -300))


def write_nifti(
    path: Path, values: npt.NDArray[Any], *, keep: int | None = None, tail: bytes = b"", **wrong: Any
) -> Path:
    """Write ``values`` ``(z, y, x)`` with voxels of 2.5 × 0.75 × 0.8 mm.

    Args:
        path: Packed if it ends in ``.gz``.
        values: Any number type.
        keep: Bytes to keep of the whole, before packing.
        tail: Bytes to append, before packing.
        **wrong: Fields of the header in place of the right ones.
    """
    fields: dict[str, Any] = {
        "dim": (3, *values.shape[::-1], 1, 1, 1, 1)[:8],
        "datatype": _CODES[values.dtype.str[1:]],
        "bitpix": values.dtype.itemsize * 8,
        "pixdim": (1, 0.8, 0.75, 2.5, 0, 0, 0, 0),
        "vox_offset": 352.0,
        "slope": 1.0,
        "intercept": 0.0,
        "units": 2,
        "qform_code": 0,
        "sform_code": 1,
        "quaternion": (0.0,) * 6,
        "sform": SFORM,
        "magic": b"n+1\0",
    } | wrong
    order = wrong.get("order", "<")
    head = bytearray(352)
    struct.pack_into(order + "i", head, 0, 348)
    struct.pack_into(order + "8h", head, 40, *fields["dim"])
    struct.pack_into(order + "2h", head, 70, fields["datatype"], fields["bitpix"])
    struct.pack_into(order + "8f", head, 76, *fields["pixdim"])
    struct.pack_into(order + "3f", head, 108, fields["vox_offset"], fields["slope"], fields["intercept"])
    head[123] = fields["units"]
    struct.pack_into(order + "2h", head, 252, fields["qform_code"], fields["sform_code"])
    struct.pack_into(order + "6f", head, 256, *fields["quaternion"])
    struct.pack_into(order + "12f", head, 280, *np.ravel(fields["sform"]))
    head[344:348] = fields["magic"]
    whole = (bytes(head) + values.astype(values.dtype.newbyteorder(order)).tobytes())[:keep] + tail
    path.write_bytes(gzip.compress(whole, 1) if path.suffix == ".gz" else whole)
    return path
