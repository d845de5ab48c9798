"""RTSTRUCT: the outlines of every label on the slices of the series, for radiotherapy planning.

A structure holds lines, not voxels: see `contours` for where they run. Written with pydicom, because other writers
leave out attributes that the standard demands.
"""

import io
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom import uid
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag

from core.imaging.dicom.source import SourceSeries
from core.imaging.label import Label
from core.imaging.volume import TUMOUR
from core.imaging.writing import on_file_grid
from core.reporting.export import patient
from core.reporting.export.contours import outlines
from core.reporting.segmented import Segmented

_DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"  # its management class is retired, and still what readers look for
_TAKEN_OVER = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
)
_CONTOUR_DATA = Tag("ContourData")


def rtstruct(segmented: Segmented, series: SourceSeries) -> bytes:
    """Return an RTSTRUCT file with one structure per label; about 2 s for 300 slices.

    Args:
        segmented: Drawn on a volume from that series.
        series: From `source.source_series`: it names the patient, whom the file names too.

    Raises:
        WriteError: The mask is empty.
        ReadError: The series lacks what a structure set must refer to.
    """
    voxels = on_file_grid(segmented.checked().mask, segmented.volume)
    images = patient.images_of(series)
    data = _head(images[0])
    data.ReferencedFrameOfReferenceSequence = [_referenced(images)]
    rois, contours, observations = [], [], []
    for number, label in enumerate(segmented.held, start=1):
        rois.append(_roi(number, label, segmented, str(images[0].FrameOfReferenceUID)))
        contours.append(_contoured(number, label, voxels, series))
        observations.append(_observed(number, label))
    data.StructureSetROISequence = rois
    data.ROIContourSequence = contours
    data.RTROIObservationsSequence = observations
    written = io.BytesIO()
    data.save_as(written, enforce_file_format=True)
    return written.getvalue()


def _head(image: pydicom.Dataset) -> Dataset:
    now = datetime.now()
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = uid.RTStructureSetStorage, patient.new_uid()
    data.InstanceCreationDate = data.StructureSetDate = f"{now:%Y%m%d}"
    data.InstanceCreationTime = data.StructureSetTime = f"{now:%H%M%S}"
    for keyword in _TAKEN_OVER:
        setattr(data, keyword, image.get(keyword))
    data.Modality, data.SeriesInstanceUID, data.SeriesNumber = "RTSTRUCT", patient.new_uid(), patient.SERIES + 1
    data.SeriesDescription, data.OperatorsName, data.InstanceNumber = "Structures (Lobule)", "", 1
    data.Manufacturer, data.ManufacturerModelName = patient.MAKER, patient.MODEL
    data.DeviceSerialNumber, data.SoftwareVersions = patient.SERIAL, patient.SOFTWARE
    data.StructureSetLabel, data.StructureSetName = "LOBULE", "Outlined with Lobule"
    data.ApprovalStatus = "UNAPPROVED"
    return data


def _referenced(images: list[pydicom.Dataset]) -> Dataset:
    """Name the frame of reference, the study, the series and every image that the outlines may lie on."""
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = images[0].SeriesInstanceUID
    series.ContourImageSequence = [_image(image) for image in images]
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _DETACHED_STUDY, images[0].StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    return frame


def _image(image: pydicom.Dataset, frame: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    if frame is not None:
        item.ReferencedFrameNumber = frame
    return item


def _roi(number: int, label: Label, segmented: Segmented, frame: str) -> Dataset:
    roi = Dataset()
    roi.ROINumber, roi.ROIName = number, patient.plain_name(label.name)
    roi.ReferencedFrameOfReferenceUID = frame
    by_hand = segmented.making is not None and not segmented.making.is_automatic
    roi.ROIGenerationAlgorithm = "MANUAL" if by_hand else "SEMIAUTOMATIC"
    return roi


def _observed(number: int, label: Label) -> Dataset:
    seen = Dataset()
    seen.ObservationNumber = seen.ReferencedROINumber = number
    seen.ROIObservationLabel = patient.plain_name(label.name)[:16].rstrip()
    seen.RTROIInterpretedType = "GTV" if label.value == TUMOUR else "ORGAN"
    seen.ROIInterpreter = ""
    return seen


def _contoured(number: int, label: Label, voxels: npt.NDArray[np.uint8], series: SourceSeries) -> Dataset:
    drawn = Dataset()
    drawn.ROIDisplayColor, drawn.ReferencedROINumber = list(label.colour), number
    drawn.ContourSequence = list(_contours(label.value, voxels, series))
    return drawn


def _contours(value: int, voxels: npt.NDArray[np.uint8], series: SourceSeries) -> Iterator[Dataset]:
    number = 0
    for z, (image, frame) in enumerate(zip(series.images, series.frames, strict=True)):
        for line in outlines(voxels[z] == value):
            number += 1
            contour = Dataset()
            shared = "NumberOfFrames" in image and int(image.NumberOfFrames) > 1
            contour.ContourImageSequence = [_image(image, frame + 1 if shared else None)]
            contour.ContourGeometricType = "CLOSED_PLANAR"
            contour.NumberOfContourPoints, contour.ContourNumber = len(line), number
            places = series.grid.to_world(np.insert(line, 0, z, axis=1))
            contour[_CONTOUR_DATA] = _numbers(places)
            yield contour


def _numbers(places: npt.NDArray[np.float64]) -> RawDataElement:
    """Return coordinates as they stand in the file: to have each one checked by pydicom takes longer than all else."""
    text = "\\".join(f"{value:.4f}" for value in places.ravel())
    raw = (text + " " * (len(text) % 2)).encode()
    return RawDataElement(_CONTOUR_DATA, "DS", len(raw), raw, 0, False, True)
