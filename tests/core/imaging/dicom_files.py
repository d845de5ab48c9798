"""DICOM series made to order for tests, of a patient who must never be seen again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK
from pydicom import Dataset, dcmread, uid
from pydicom.dataset import FileMetaDataset

PATIENT_NAME, PATIENT_ID = "Hofmann^Wilhelmine", "KRK-4711-X"
AXIAL = np.eye(3)[:, ::-1]
_SERIES = uid.generate_uid(entropy_srcs=["series"])


def write_series(
    folder: Path,
    hu: npt.NDArray[np.int16],
    spacing: tuple[float, float, float] = (2.5, 0.75, 0.8),
    origin: tuple[float, float, float] = (-120.5, -90.25, -300.0),
    direction: npt.ArrayLike = AXIAL,
    *,
    order: Sequence[int] | None = None,
    prefix: str = "IM",
    **overrides: Any,
) -> list[Path]:
    """Write one file per slice, valid for pydicom and for ITK.

    Args:
        folder: Made if it is not there.
        hu: ``(z, y, x)``; stored as HU + 1024 with a rescale of −1024.
        spacing: mm ``(z, y, x)``.
        origin: LPS mm ``(x, y, z)`` of the first voxel.
        direction: ``(3, 3)``, columns where z, y and x grow to, as in `Grid.from_geometry`.
        order: Slice number of the first file, the second...; by default rising.
        prefix: Of the file names.
        **overrides: DICOM keywords; a value, ``None`` to leave the tag out, or a function of the slice number.

    Returns:
        The files in the order written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    slices = range(len(hu)) if order is None else order
    paths = []
    for number, z in enumerate(slices, start=1):
        data = dataset(hu[z], z, number, spacing, origin, np.asarray(direction, dtype=float))
        for keyword, value in overrides.items():
            wanted = value(z) if callable(value) else value
            if wanted is None:
                del data[keyword]
            else:
                setattr(data, keyword, wanted)
        paths.append(folder / f"{prefix}{number:04d}.dcm")
        data.save_as(paths[-1], enforce_file_format=True)
    return paths


def dataset(
    picture: npt.NDArray[np.int16],
    z: int,
    number: int,
    spacing: tuple[float, float, float],
    origin: tuple[float, float, float],
    direction: npt.NDArray[np.float64],
) -> Dataset:
    """Build one CT slice; see `write_series`."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    data.SOPClassUID = uid.CTImageStorage
    data.SOPInstanceUID = uid.generate_uid()
    data.StudyInstanceUID = uid.generate_uid(entropy_srcs=["study"])
    data.SeriesInstanceUID = _SERIES
    data.FrameOfReferenceUID = uid.generate_uid(entropy_srcs=["frame"])
    data.PatientName, data.PatientID, data.PatientBirthDate = PATIENT_NAME, PATIENT_ID, "19310412"
    data.Modality, data.SeriesDescription = "CT", "Abdomen portal venous"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.InstanceNumber, data.AcquisitionNumber = number, 1
    position = np.asarray(origin) + direction[:, 0] * spacing[0] * z
    data.ImagePositionPatient = [f"{v:.6f}" for v in position]
    data.ImageOrientationPatient = [f"{v:.10f}"[:16] for v in (*direction[:, 2], *direction[:, 1])]
    data.PixelSpacing, data.SliceThickness = [spacing[1], spacing[2]], spacing[0]
    data.Rows, data.Columns = picture.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = -1024, 1, "HU"
    data.PixelData = (picture.astype(np.int32) + 1024).astype("<u2").tobytes()
    return data


def compress(file: Path, target: Path, compressor: str) -> None:
    """Write a copy of a file whose pixels GDCM packed without loss as ``JPEG2000`` or ``JPEG``."""
    data = dcmread(file)
    packed = target.with_suffix(".packed.dcm")
    writer = SimpleITK.ImageFileWriter()
    writer.SetFileName(str(packed))
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.Execute(SimpleITK.GetImageFromArray(data.pixel_array))
    other = dcmread(packed)
    packed.unlink()
    data.PixelData, data.file_meta.TransferSyntaxUID = other.PixelData, other.file_meta.TransferSyntaxUID
    data["PixelData"].is_undefined_length = True
    for keyword in ("BitsStored", "HighBit", "PixelRepresentation", "BitsAllocated"):
        setattr(data, keyword, other[keyword].value)
    data.save_as(target)
