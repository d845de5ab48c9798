"""Unpacks the frames of a DICOM segmentation, one at a time: single bits, fractions, or the numbers of segments."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom import uid

from core.errors import ReadError
from core.imaging.dicom import pixels
from core.imaging.files import GivenFile
from core.imaging.job import Job

_PLAIN = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
)
Frames = Callable[[int], npt.NDArray[np.bool_] | npt.NDArray[np.uint8]]


def frames_of(file: GivenFile, data: pydicom.Dataset, job: Job) -> Frames:
    """Return a function from the number of a frame to its pixels ``(y, x)``; call it inside `careful`.

    Bits and fractions come as bool, fractions from one half upwards; a label map as uint8 numbers of segments.

    Raises:
        ReadError: Incomplete, packed in a way that is not read, or of an unknown kind.
    """
    kind = str(data.get("SegmentationType") or "").upper()
    if kind == "BINARY":
        return _bits(file)
    if kind not in ("LABELMAP", "FRACTIONAL"):
        raise ReadError(f"{file.name} is a segmentation of the kind “{kind[:20]}”, which is not read. Export it again.")
    stored = pixels.stored(file, job)
    if kind == "LABELMAP":
        if int(stored.max()) > 255:
            raise ReadError(f"{file.name} holds segment {int(stored.max())}; Lobule reads 1 to 255. Export fewer.")
        return lambda n: stored[n].astype(np.uint8)
    most = int(data.get("MaximumFractionalValue") or 255)
    return lambda n: stored[n] >= most / 2


def _bits(file: GivenFile) -> Frames:
    data = pydicom.dcmread(file.path, force=True, specific_tags=["Rows", "Columns", "NumberOfFrames", "PixelData"])
    count, size = int(data.get("NumberOfFrames") or 1), int(data.Rows) * int(data.Columns)
    shape = (int(data.Rows), int(data.Columns))
    syntax = uid.UID(getattr(data.file_meta, "TransferSyntaxUID", uid.ExplicitVRLittleEndian))
    raw = data.get("PixelData", b"")
    if syntax not in _PLAIN:
        raise ReadError(f"{file.name} is packed as {syntax.name}, which is not read. Export it without compression.")
    if len(raw) * 8 < count * size:
        raise ReadError(f"{file.name} is incomplete: its pixels end early or are missing. Copy or export it again.")
    return lambda n: _unpacked(raw, n * size, size).reshape(shape)


def _unpacked(raw: bytes, first: int, size: int) -> npt.NDArray[np.bool_]:
    """Unpack ``size`` bits from bit ``first``; frames follow each other without a gap, even within a byte."""
    start, end = first // 8, -(-(first + size) // 8)
    bits = np.unpackbits(np.frombuffer(raw, np.uint8, end - start, start), bitorder="little")
    return bits[first - 8 * start :][:size].view(np.bool_)
