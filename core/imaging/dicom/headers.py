"""What the header of one DICOM image says: its series, its size, and where it lies in the patient."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pydicom

from core.errors import ReadError
from core.imaging.dicom import privacy
from core.imaging.files import GivenFile

_PHASE_TAGS = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "AcquisitionNumber",
    "AcquisitionDateTime",
    "AcquisitionTime",
    "TriggerTime",
    "NominalPercentageOfCardiacPhase",
    "ImageType",
    "ConvolutionKernel",
    "ContentTime",
    "InstanceCreationTime",
)
_TAGS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "SeriesDescription",
    "ImageType",
    "PatientID",
    "PatientName",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "NumberOfFrames",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceThickness",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "SpecificCharacterSet",
)


@dataclass(frozen=True)
class Header:
    """One image of a series: a file, or one frame of a file.

    Attributes:
        file: Where it is.
        frame: Number of the frame within the file, from 0.
        series: Identifier of the series; never shown.
        position: World ``(x, y, z)`` in LPS mm of the centre of the first pixel.
        orientation: Direction cosines along a row, then down a column.
        spacing: mm ``(y, x)``.
        phases: Values of the tags that tell one pass of a scan from the next.
    """

    file: GivenFile
    frame: int
    series: str
    patient: tuple[str, str]
    place: tuple[str, str]
    modality: str
    description: str
    rows: int
    columns: int
    samples: int
    is_localiser: bool
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float
    slope: float
    intercept: float
    instance: str
    has_slope: bool = True
    phases: dict[str, str] = field(default_factory=dict)

    @property
    def frame_key(self) -> str:
        """A short name of the frame of reference, from which no identifier can be read; ``""`` if there is none."""
        return short_key(self.place[1]) if self.place[1] else ""


def dataset_of(file: GivenFile, *more: str) -> pydicom.FileDataset:
    """Read the tags of a file that matter here, and ``more``, without its pixels; call it inside `careful`."""
    tags = [*_TAGS, *_PHASE_TAGS, *privacy.TAGS, *more]
    return pydicom.dcmread(file.path, stop_before_pixels=True, force=True, specific_tags=tags)


def headers_of(file: GivenFile, data: pydicom.Dataset) -> list[Header]:
    """Return the images in one file: one, or each frame of a multi-frame file; call it inside `careful`.

    Raises:
        ReadError: The header says no size, or does not fit its frames.
    """
    if not (data.get("Rows") and data.get("Columns")):
        raise ReadError(f"{file.name} is incomplete: its header says no image size. Copy or export it again.")
    first = _one(file, data)
    frames = int(data.get("NumberOfFrames") or 1)
    if frames == 1 and "PerFrameFunctionalGroupsSequence" not in data:
        return [first]
    return _frames(file, data, first, frames)


def _uid(data: pydicom.Dataset, tag: str) -> str:
    return str(data.get(tag) or "")


def _one(file: GivenFile, data: pydicom.Dataset) -> Header:
    name = re.sub(r"[^A-Z]", "", str(data.get("PatientName") or "").upper())
    image_type = [str(v).upper() for v in _many(data.get("ImageType"))]
    patient = (str(data.get("PatientID") or "").strip(), name)
    return Header(
        file=file,
        frame=0,
        series=_uid(data, "SeriesInstanceUID"),
        patient=patient,
        place=(_uid(data, "StudyInstanceUID"), _uid(data, "FrameOfReferenceUID")),
        modality=str(data.get("Modality") or "").strip().upper()[:16],
        description=privacy.described(data),
        rows=int(data.Rows),
        columns=int(data.Columns),
        samples=int(data.get("SamplesPerPixel") or 1),
        is_localiser="LOCALIZER" in image_type,
        position=_floats(data.get("ImagePositionPatient"), 3),
        orientation=_floats(data.get("ImageOrientationPatient"), 6),
        spacing=_floats(data.get("PixelSpacing"), 2),
        thickness=_float(data.get("SliceThickness"), float("nan")),
        slope=_float(data.get("RescaleSlope"), 1.0),
        intercept=_float(data.get("RescaleIntercept"), 0.0),
        has_slope="RescaleIntercept" in data,
        instance=_uid(data, "SOPInstanceUID"),
        phases={tag: str(data.get(tag)) for tag in _PHASE_TAGS if data.get(tag) not in (None, "")},
    )


def _frames(file: GivenFile, data: pydicom.Dataset, first: Header, frames: int) -> list[Header]:
    """Split a multi-frame file (enhanced CT) into its frames."""
    per_frame = data.get("PerFrameFunctionalGroupsSequence") or []
    if len(per_frame) != frames:
        raise ReadError(
            f"{file.name} holds {frames} frames but the positions of {len(per_frame)}. "
            "It is not a CT volume, or incomplete: export it as single slices."
        )
    shared = (data.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
    return [_frame(first, number, group, shared) for number, group in enumerate(per_frame)]


def _frame(first: Header, number: int, group: pydicom.Dataset, shared: pydicom.Dataset) -> Header:
    found = partial(grouped, group, shared)

    return replace(
        first,
        frame=number,
        instance=f"{first.instance}/{number}",
        position=_floats(found("PlanePositionSequence", "ImagePositionPatient"), 3),
        orientation=_floats(found("PlaneOrientationSequence", "ImageOrientationPatient"), 6),
        spacing=_floats(found("PixelMeasuresSequence", "PixelSpacing"), 2),
        thickness=_float(found("PixelMeasuresSequence", "SliceThickness"), float("nan")),
        slope=_float(found("PixelValueTransformationSequence", "RescaleSlope"), first.slope),
        intercept=_float(found("PixelValueTransformationSequence", "RescaleIntercept"), first.intercept),
        phases={"TemporalPositionIndex": str(found("FrameContentSequence", "TemporalPositionIndex") or "")},
    )


def grouped(group: pydicom.Dataset, shared: pydicom.Dataset, sequence: str, tag: str) -> Any:
    """Return what a multi-frame file says of one frame, or of all its frames; None if neither."""
    for place in (group, shared):
        if place.get(sequence):
            return place[sequence][0].get(tag)
    return None


def short_key(*parts: str) -> str:
    """Return a short name of a series for program use, from which no identifier can be read."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=5).hexdigest()


def _many(value: Any) -> list[Any]:
    if value is None or isinstance(value, str):
        return [] if value in (None, "") else [value]
    return list(value) if isinstance(value, Sequence | pydicom.multival.MultiValue) else [value]


def _floats(value: Any, count: int) -> tuple[float, ...] | None:
    values = tuple(_float(v, float("nan")) for v in _many(value))
    return values if len(values) == count else None


def _float(value: Any, default: float) -> float:
    if value is None or value == "":
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
