"""DICOM-SEG: the mask as an object of the same study, which archives and viewers lay over the series.

Written by highdicom, one segment per label, one bit per voxel. It does not notice a mask in the wrong order of
slices, so the file is read back with Lobule's own reader and compared before anyone gets it.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import highdicom
import numpy as np
import numpy.typing as npt
from highdicom.seg import SegmentAlgorithmTypeValues as How
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from core.errors import WriteError
from core.imaging.dicom import segmentation
from core.imaging.dicom.source import SourceSeries
from core.imaging.files import recognised
from core.imaging.job import Job
from core.imaging.label import Label, renumbered
from core.imaging.matching import labels_on
from core.imaging.volume import LIVER, TUMOUR, Mask
from core.imaging.writing import on_file_grid
from core.reporting.export import patient
from core.reporting.making import Making
from core.reporting.segmented import Segmented

_Codes = tuple[CodedConcept, CodedConcept]
_TISSUE = CodedConcept("85756007", "SCT", "Tissue")
_MEANINGS: dict[int, _Codes] = {
    LIVER: (CodedConcept("123037004", "SCT", "Anatomical Structure"), CodedConcept("10200004", "SCT", "Liver")),
    TUMOUR: (
        CodedConcept("49755003", "SCT", "Morphologically Altered Structure"),
        CodedConcept("108369006", "SCT", "Neoplasm"),
    ),
}
_UNKNOWN = "not recorded"


def dicom_seg(segmented: Segmented, series: SourceSeries) -> bytes:
    """Return a DICOM-SEG file of all labels; about a second for 300 slices of 512 × 512.

    Args:
        segmented: Drawn on a volume from that series.
        series: From `source.source_series`: it names the patient, whom the file names too.

    Raises:
        WriteError: The mask is empty, or what was written does not read back as it was drawn.
        ReadError: The series lacks what a segmentation must refer to.
    """
    voxels = on_file_grid(segmented.checked().mask, segmented.volume)
    numbers = {label.value: number for number, label in enumerate(segmented.held, start=1)}
    table = np.zeros(256, np.uint8)
    table[list(numbers)] = list(numbers.values())
    with tempfile.TemporaryDirectory(prefix="lobule-") as folder:
        path = Path(folder) / "seg.dcm"
        _written(segmented, series, table[voxels]).save_as(path)
        _check(path, segmented, numbers)
        return path.read_bytes()


def _written(segmented: Segmented, series: SourceSeries, pixels: npt.NDArray[np.uint8]) -> highdicom.seg.Segmentation:
    images = patient.images_of(series)
    if len(images) == 1 and len(series.images) > 1:
        pixels = _by_frame(series, pixels, int(images[0].NumberOfFrames))
    segments = [_described(number, label, segmented) for number, label in enumerate(segmented.held, start=1)]
    with _explained():
        return highdicom.seg.Segmentation(
            source_images=images,
            pixel_array=pixels,
            segmentation_type="BINARY",
            segment_descriptions=segments,
            series_instance_uid=patient.new_uid(),
            series_number=patient.SERIES,
            sop_instance_uid=patient.new_uid(),
            instance_number=1,
            manufacturer=patient.MAKER,
            manufacturer_model_name=patient.MODEL,
            software_versions=patient.SOFTWARE,
            device_serial_number=patient.SERIAL,
            series_description="Segmentation (Lobule)",
            content_label="SEGMENTATION",
            content_description="Labels outlined with Lobule",
            specific_character_set="ISO_IR 192",
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Keep quiet what pydicom and highdicom say of odd values, as they quote them, and say what became of it.

    Raises:
        WriteError: The headers of the series lack something, or hold what cannot be.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise WriteError(
                "The headers of this DICOM series are incomplete or odd, so that no DICOM-SEG can be written for it. "
                "Export NIfTI or NRRD, or export the original series again."
            ) from error


def _by_frame(series: SourceSeries, pixels: npt.NDArray[np.uint8], frames: int) -> npt.NDArray[np.uint8]:
    """Put slices in the order in which a multi-frame file stores them."""
    stored = np.zeros((frames, *pixels.shape[1:]), np.uint8)
    stored[list(series.frames)] = pixels
    return stored


def _described(number: int, label: Label, segmented: Segmented) -> highdicom.seg.SegmentDescription:
    category, kind = _MEANINGS.get(label.value, (_TISSUE, _TISSUE))
    by_hand = segmented.making is not None and not segmented.making.is_automatic
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=patient.plain_name(label.name),
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=How.MANUAL if by_hand else How.SEMIAUTOMATIC,
        algorithm_identification=None if by_hand else _algorithm(segmented.making),
        tracking_uid=patient.new_uid(),
        tracking_id=f"{segmented.name} {label.value}",
        display_color=highdicom.color.CIELabColor.from_rgb(*label.colour),
    )


def _algorithm(making: Making | None) -> highdicom.AlgorithmIdentificationSequence:
    names = ", ".join(model.name for model in making.models) if making else _UNKNOWN
    versions = ", ".join(model.sha256[:16] for model in making.models) if making else _UNKNOWN
    return highdicom.AlgorithmIdentificationSequence(
        name=names[:64], family=codes.cid7162.ArtificialIntelligence, version=versions[:64], source="Lobule"
    )


def _check(path: Path, segmented: Segmented, numbers: dict[int, int]) -> None:
    """Read the file as any other, and compare it voxel by voxel and corner by corner.

    Raises:
        WriteError: It is not what was drawn.
    """
    volume = segmented.volume
    columns = volume.grid.affine[:3, :3].T.tolist()
    job = Job(steps=tuple((x, y, z) for x, y, z in columns))
    read = segmentation.read(recognised(path, path.name), job)
    back = labels_on(volume, Mask(read.voxels, read.grid, sparse=True), path.name)
    values = {number: value for value, number in numbers.items()}
    same = read.frame == volume.source.frame
    drawn = segmented.mask.voxels.view(np.uint8)
    if not (same and np.array_equal(renumbered(back, values).voxels, drawn)):
        raise WriteError(
            "The DICOM-SEG does not read back as it was drawn, so it was thrown away. Export NIfTI or NRRD, and "
            "report this series as one that Lobule cannot write a DICOM-SEG for."
        )
