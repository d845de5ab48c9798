"""What a DICOM object that is derived from a series takes over from it, and what it says of who made it."""

import copy

import pydicom
from pydicom import uid

from core.errors import ReadError
from core.imaging.dicom.source import SourceSeries
from core.version import VERSION

MAKER, MODEL, SERIAL = "Lobule", "Lobule, not a medical device", "none"
SERIES = 900  # its number, beyond those of most scanners
SOFTWARE = VERSION
_MUST_SAY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_MAY_BE_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "SeriesNumber",
    "PositionReferenceIndicator",
)


def images_of(series: SourceSeries) -> list[pydicom.Dataset]:
    """Return the images of a series, once each, as other objects may refer to them.

    What a scanner must write but may leave empty is empty where an export or anonymiser took it out.

    Raises:
        ReadError: They do not say what they are called, or in which frame of reference they lie.
    """
    found = {str(image.get("SOPInstanceUID")): image for image in series.images}
    images: list[pydicom.Dataset] = []
    for image in found.values():
        lacks = [keyword for keyword in _MUST_SAY if not image.get(keyword)]
        if lacks:
            raise ReadError(
                f"The series does not give its {' and '.join(lacks)}, to which a segmentation has to refer. "
                "Export NIfTI or NRRD, or export the original series again."
            )
        image = copy.copy(image)
        if not images:
            image.decode()  # what is taken over from it can then be written in another character set
        for keyword in _MAY_BE_EMPTY:
            if keyword not in image:
                setattr(image, keyword, None if keyword == "SeriesNumber" else "")
        images.append(image)
    return images


def plain_name(name: str) -> str:
    """Return a name as DICOM takes it: a backslash would part it in two."""
    return name.replace("\\", "/")


def new_uid() -> str:
    """Return an identifier that nobody else has; it says nothing of place or patient."""
    return str(uid.generate_uid(prefix=None))
