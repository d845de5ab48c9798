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


def multi_frame(file: Path, order: Sequence[int], hu: npt.NDArray[np.int16] | None = None) -> None:
    """Turn the first slice of a series into an enhanced CT of one file that stores its slices in another order.

    Args:
        file: Of slice 0 of `write_series`, of 0.75 × 0.8 mm pixels.
        order: Slice number of the first frame, the second...; 2.5 mm lie between slices.
        hu: ``(z, y, x)`` of all slices; by default each is like the first.
    """
    data = dcmread(file)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = uid.EnhancedCTImageStorage
    data.NumberOfFrames = len(order)
    frames = data.PixelData * len(order) if hu is None else (hu[list(order)] + 1024).astype("<u2").tobytes()
    data.PixelData = frames
    x, y, z = (float(mm) for mm in data.ImagePositionPatient)
    data.PerFrameFunctionalGroupsSequence = [
        group(PlanePositionSequence={"ImagePositionPatient": [x, y, z + 2.5 * n]}) for n in order
    ]
    data.SharedFunctionalGroupsSequence = [
        group(
            PlaneOrientationSequence={"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
            PixelMeasuresSequence={"PixelSpacing": [0.75, 0.8], "SliceThickness": 2.5},
            PixelValueTransformationSequence={"RescaleSlope": 1, "RescaleIntercept": -1024},
        )
    ]
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleIntercept"):
        del data[keyword]
    data.save_as(file)


def group(**sequences: dict[str, Any]) -> Dataset:
    """Return a data set with sequences of one item each."""
    return item(**{name: [item(**values)] for name, values in sequences.items()})


def item(**values: Any) -> Dataset:
    """Return a data set of the keywords given."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


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
