"""DICOM segmentations written by highdicom, so that our reader is not held to its own idea of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread, uid
from pydicom.sr.codedict import codes

from tests.core.imaging.dicom_files import write_series

SHAPE = (6, 9, 14)  # 126 pixels a slice: frames of bits begin within a byte
SPACING, ORIGIN = (2.5, 0.75, 0.8), (-120.5, -90.25, -300.0)
OBLIQUE = np.array(((0, 0, 1), (-0.6, 0.8, 0), (0.8, 0.6, 0)))  # columns: where z, y and x grow to
NEEDED = {"StudyDate": "", "StudyTime": "", "StudyID": "", "AccessionNumber": "", "PatientSex": "", "SeriesNumber": 3}
NEEDED |= {"ReferringPhysicianName": "", "PositionReferenceIndicator": ""}


def write_ct(folder: Path, **overrides: Any) -> list[Path]:
    """Write an oblique CT of ``SHAPE`` with all that a segmentation copies from it."""
    hu = np.random.default_rng(5).integers(-1000, 1200, SHAPE).astype(np.int16)
    return write_series(folder, hu, SPACING, ORIGIN, OBLIQUE, **(NEEDED | overrides))


def write_seg(
    path: Path,
    ct: Sequence[Path],
    pixels: npt.NDArray[Any],
    kind: str = "BINARY",
    labels: Sequence[str] = ("Liver", "Tumour"),
    change: Callable[[Dataset], object] = lambda data: None,
    **options: Any,
) -> Path:
    """Write the segmentation of a CT.

    Args:
        path: The file to write.
        ct: Files of the CT, slice after slice.
        pixels: Labels ``(z, y, x)``, or ``(z, y, x, segment)`` bool or fractions.
        kind: BINARY, FRACTIONAL or LABELMAP.
        labels: Of segments 1, 2...
        change: Done to the data set before it is written.
        **options: For `highdicom.seg.Segmentation`.
    """
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(labels, start=1)
    ]
    data = highdicom.seg.Segmentation(
        source_images=[dcmread(file) for file in ct],
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=uid.generate_uid(),
        series_number=9,
        sop_instance_uid=uid.generate_uid(),
        instance_number=1,
        manufacturer="Nobody",
        manufacturer_model_name="None",
        software_versions="1",
        device_serial_number="1",
        **options,
    )
    data.save_as(path)
    written = dcmread(path)  # whose frames share nothing in memory, so that one can be changed without another
    change(written)
    written.save_as(path)
    return path


def reorder_frames(order: Callable[[int], Sequence[int]]) -> Callable[[Dataset], None]:
    """Return a change that stores the frames of a BINARY segmentation in another order."""

    def change(data: Dataset) -> None:
        count, size = int(data.NumberOfFrames), int(data.Rows) * int(data.Columns)
        bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), bitorder="little")[: count * size]
        new = list(order(count))
        packed = np.packbits(bits.reshape(count, size)[new], bitorder="little").tobytes()
        data.PixelData = packed + b"\0" * (len(packed) % 2)
        data.PerFrameFunctionalGroupsSequence = [data.PerFrameFunctionalGroupsSequence[n] for n in new]

    return change


def without_distance(data: Dataset) -> None:
    """Leave out how far apart the slices lie, and call them 3 mm thick."""
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    measures.SliceThickness = 3
