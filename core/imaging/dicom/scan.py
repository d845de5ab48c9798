"""Goes through the headers of many DICOM files and keeps the images, of one patient only."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import uid

from core.errors import ReadError
from core.imaging.dicom.access import careful
from core.imaging.dicom.headers import Header, dataset_of, headers_of
from core.imaging.files import GivenFile
from core.imaging.job import Job

SEGMENTATIONS = (uid.SegmentationStorage, uid.UID("1.2.840.10008.5.1.4.1.1.66.7"))  # bits or fractions, label map
_NOT_IMAGES = {
    **dict.fromkeys(SEGMENTATIONS, "a DICOM segmentation (SEG)"),
    uid.RTStructureSetStorage: "a DICOM structure set (RTSTRUCT)",
    uid.RTDoseStorage: "a radiotherapy dose",
    uid.EncapsulatedPDFStorage: "a PDF report",
}
_DIRECTORY = uid.MediaStorageDirectoryStorage


@dataclass(frozen=True)
class Scan:
    """All images found, and what was passed over.

    Attributes:
        headers: Images in the order of the files.
        other: In words, each kind of DICOM object that is no image, in the order found.
    """

    headers: tuple[Header, ...]
    other: tuple[str, ...]


def scanned(files: Sequence[GivenFile], job: Job) -> Scan:
    """Read the headers of all files, without their pixels; about 1 ms a file.

    Raises:
        ReadError: A damaged header, or images of more than one patient.
    """
    headers: list[Header] = []
    other: list[str] = []
    for file in files:
        job.started(file.name)
        with careful(file):
            images, passed_over = _looked_into(file)
        headers += images
        other += passed_over
    _refuse_two_patients(headers)
    return Scan(tuple(headers), tuple(other))


def _looked_into(file: GivenFile) -> tuple[list[Header], list[str]]:
    """Return the images in a file, and in words what else it is if it is no image."""
    data = dataset_of(file)
    kind = str(data.get("SOPClassUID") or "") or str(getattr(data.file_meta, "MediaStorageSOPClassUID", ""))
    if kind == _DIRECTORY:
        return [], []
    if kind in _NOT_IMAGES or (kind and "Rows" not in data and not _must_be_image(kind)):
        return [], [_NOT_IMAGES.get(uid.UID(kind), "a DICOM object without an image")]
    return headers_of(file, data), []


def _must_be_image(kind: str) -> bool:
    return uid.UID(kind).name.endswith("Image Storage")


def _refuse_two_patients(headers: Sequence[Header]) -> None:
    patients = {header.patient for header in headers}
    if len(patients) > 1:
        raise ReadError(f"These files belong to {len(patients)} different patients. Open one patient at a time.")
