"""Decodes the pixels of DICOM files, slice by slice, and applies each slice's own rescale."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom import uid

from core.errors import ReadError
from core.imaging.dicom.access import careful
from core.imaging.dicom.headers import Header
from core.imaging.files import GivenFile, in_bytes
from core.imaging.intake import Intake
from core.imaging.job import Job

_MOST_PACKED = 2000  # no codec packs pixels tighter than this; a smaller file lies about its size
_FOR_DECODER = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
)
Values = npt.NDArray[np.generic]


def pour(headers: Sequence[Header], intake: Intake, job: Job) -> None:
    """Decode slices in the order given into an intake.

    Raises:
        ReadError: A file is incomplete or cannot be decoded. No slice is ever passed over.
    """
    path: Path | None = None
    frames: Values = np.zeros((0, 0, 0), np.int16)
    for z, header in enumerate(headers):
        if header.file.path != path:
            frames, path = stored(header.file, job), header.file.path
        intake.put(z, rescaled(header, frames)[None])


def rescaled(header: Header, frames: Values) -> Values:
    """Return one slice ``(y, x)`` of the stored values of its file, in the units of its rescale."""
    if header.frame >= len(frames) or frames.shape[1:] != (header.rows, header.columns):
        raise _incomplete(header.file)
    if not (np.isfinite([header.slope, header.intercept]).all() and header.slope != 0):
        raise ReadError(
            f"{header.file.name} gives a rescale of {header.slope:g} × value + {header.intercept:g}, which cannot be. "
            "Export the original CT series."
        )
    values = frames[header.frame]
    whole = header.slope.is_integer() and header.intercept.is_integer()
    small = abs(header.slope) < 1000 and abs(header.intercept) < 1e6 and values.dtype.itemsize <= 2
    if whole and small:
        return cast(Values, values.astype(np.int32) * np.int32(header.slope) + np.int32(header.intercept))
    return cast(Values, values.astype(np.float64) * header.slope + header.intercept)


def stored(file: GivenFile, job: Job) -> Values:
    """Decode the stored values ``(frame, y, x)`` of one file, before any rescale.

    Raises:
        ReadError: Incomplete, or of a kind that is not a CT slice.
    """
    job.started(file.name)
    with careful(file):
        data = pydicom.dcmread(file.path, force=True, specific_tags=[*_FOR_DECODER, "PixelData"])
        if "PixelData" not in data:
            raise _incomplete(file)
        _check_claim(file, data, job)
        syntax = _syntax(data)
        if syntax.is_compressed and syntax != uid.DeflatedExplicitVRLittleEndian:
            return _unpacked(file, data, syntax)
        return _plain(file, data, "<" if syntax.is_little_endian else ">")


def _syntax(data: pydicom.FileDataset) -> uid.UID:
    declared = getattr(data.file_meta, "TransferSyntaxUID", None)
    if declared is not None:
        return uid.UID(declared)
    _, little = data.original_encoding
    return uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian


def _counts(data: pydicom.Dataset) -> tuple[int, int, int, int]:
    """Return frames, rows, columns and bits per pixel."""
    frames = int(data.get("NumberOfFrames") or 1)
    return frames, int(data.Rows), int(data.Columns), int(data.get("BitsAllocated") or 0)


def _check_claim(file: GivenFile, data: pydicom.Dataset, job: Job) -> None:
    """Compare what the header claims with the file's length, before anything is allocated."""
    frames, rows, columns, bits = _counts(data)
    if bits not in (8, 16, 32):
        raise ReadError(f"{file.name} stores {bits} bits per pixel, which is not a CT slice. Export the original CT.")
    claimed = frames * rows * columns
    if claimed > job.limits.max_voxels or claimed * (bits // 8) > _MOST_PACKED * file.size:
        raise ReadError(
            f"{file.name} claims {columns:,} × {rows:,} pixels in {in_bytes(file.size)}, which cannot be. "
            "It is damaged: copy or export it again."
        )


def _plain(file: GivenFile, data: pydicom.Dataset, order: str) -> Values:
    frames, rows, columns, bits = _counts(data)
    wanted = frames * rows * columns * bits // 8
    raw = data.PixelData
    if len(raw) < wanted:
        raise ReadError(
            f"{file.name} is incomplete ({in_bytes(len(raw))} of {in_bytes(wanted)} of pixels). "
            "Copy or export it again."
        )
    signed = int(data.get("PixelRepresentation") or 0) == 1
    values = np.frombuffer(raw, f"{order}{'i' if signed else 'u'}{bits // 8}", frames * rows * columns)
    unused = bits - int(data.get("BitsStored") or bits)
    if 0 < unused < bits:  # overlays once lived in the unused high bits
        values = (values.astype(values.dtype.newbyteorder("=")) << unused) >> unused
    return values.reshape(frames, rows, columns)


def _unpacked(file: GivenFile, data: pydicom.FileDataset, syntax: uid.UID) -> Values:
    """Let GDCM decode a copy of the file that holds only the pixels: no patient, no rescale, always a preamble."""
    import SimpleITK  # 0.3 s, which plain pixels need not wait for

    frames, rows, columns, _ = _counts(data)
    bare = pydicom.Dataset()
    for tag in _FOR_DECODER:
        if tag in data:
            bare[tag] = data[tag]
    if bare.get("PhotometricInterpretation") == "PALETTE COLOR":  # the numbers are wanted, not their colours
        bare.PhotometricInterpretation = "MONOCHROME2"
    bare.SOPClassUID, bare.SOPInstanceUID = uid.SecondaryCaptureImageStorage, uid.generate_uid()
    bare["PixelData"] = data["PixelData"]
    bare.file_meta = pydicom.dataset.FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = syntax
    with tempfile.NamedTemporaryFile(suffix=".dcm", delete=False) as target:
        path = Path(target.name)
    try:
        bare.save_as(path, enforce_file_format=True)
        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        values: Values = SimpleITK.GetArrayFromImage(reader.Execute())
    finally:
        path.unlink(missing_ok=True)
    if values.size != frames * rows * columns:
        raise _incomplete(file)
    return values.reshape(frames, rows, columns)


def _incomplete(file: GivenFile) -> ReadError:
    return ReadError(f"{file.name} is incomplete: its pixels end early or are missing. Copy or export it again.")
