"""Reads a DICOM segmentation (SEG): its frames laid in space by their positions, its segments as label values.

Only what is decoded here is kept: which voxels, their places, and the segments' labels if they do not name the patient.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pydicom

from core.errors import ReadError
from core.imaging.dicom import privacy
from core.imaging.dicom.access import careful
from core.imaging.dicom.frames import Frames, frames_of
from core.imaging.dicom.headers import Header, dataset_of, grouped, headers_of
from core.imaging.dicom.scan import SEGMENTATIONS
from core.imaging.dicom.stack import axes_of, spacing_of
from core.imaging.files import GivenFile, counted, names
from core.imaging.grid import Grid
from core.imaging.job import Job
from core.imaging.label import clean_name
from core.imaging.volume_files import unknown

_EVEN = 0.05  # part of a step by which a frame may lie off its place
_STATED = 0.01  # part by which the distance of slices may differ from what the file says
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Segments:
    """What a segmentation holds.

    Attributes:
        voxels: ``(z, y, x)`` uint8; the number of the segment, 0 where there is none.
        grid: Spans the frames there are, slices without a frame included.
        name: The series description, or ``DICOM segmentation``.
        names: Number of a segment to its label.
        notes: What a reader must know.
        frame: As `Header.frame_key`.
    """

    voxels: npt.NDArray[np.uint8]
    grid: Grid
    name: str
    names: dict[int, str]
    notes: tuple[str, ...]
    frame: str


def among(files: Sequence[GivenFile]) -> GivenFile | None:
    """Return the segmentation among DICOM files, None if there is none.

    Raises:
        ReadError: There are several.
    """
    found = [file for file in files if _is_segmentation(file)]
    if len(found) > 1:
        raise ReadError(f"These files hold {len(found)} DICOM segmentations: {names(found)}. Open one at a time.")
    return found[0] if found else None


def read(file: GivenFile, job: Job) -> Segments:
    """Read a segmentation; about 0.3 s for 100 frames of 512 × 512.

    Fractions count as inside from one half. Where segments overlap, the one with the higher number is kept.

    Raises:
        ReadError: Damaged, of a kind that is not read, or not one straight stack of slices.
    """
    job.started(file.name)
    with careful(file):
        data = dataset_of(file, "SegmentSequence", "SegmentationType", "MaximumFractionalValue")
        headers = headers_of(file, data)
        numbers = _segments(file, data, headers)
        kind = str(data.get("SegmentationType") or "").upper()
        grid, places = _placed(file, data, headers, job)
        voxels, twice = _poured(frames_of(file, data, job), numbers, places, grid)
        labels = _names(data)
    notes = [*unknown(grid.has_spacing, True)]
    if kind == "FRACTIONAL":
        notes.append("The segmentation holds fractions: voxels from one half upwards were taken.")
    if twice:
        lie = "lies" if twice == 1 else "lie"
        notes.append(f"{counted(twice, 'voxel')} {lie} in more than one segment: the one listed later was kept.")
    name = privacy.described(data) or "DICOM segmentation"
    return Segments(voxels, grid, name, labels, tuple(notes), headers[0].frame_key)


def _is_segmentation(file: GivenFile) -> bool:
    with careful(file):
        data = pydicom.dcmread(file.path, stop_before_pixels=True, force=True, specific_tags=["SOPClassUID"])
        return str(data.get("SOPClassUID") or "") in SEGMENTATIONS


def _segments(file: GivenFile, data: pydicom.Dataset, headers: Sequence[Header]) -> list[int]:
    """Return the number of each frame's segment; 0 in a label map, whose pixels are numbers already."""
    if str(data.get("SegmentationType") or "").upper() == "LABELMAP":
        return [0] * len(headers)
    shared = (data.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
    found = [
        grouped(group, shared, "SegmentIdentificationSequence", "ReferencedSegmentNumber")
        for group in data.get("PerFrameFunctionalGroupsSequence") or []
    ]
    if len(found) != len(headers) or any(number is None for number in found):
        raise ReadError(f"{file.name} does not say to which segments its frames belong. Export it again.")
    numbers = [int(number) for number in found]
    if not 1 <= min(numbers) <= max(numbers) <= 255:
        raise ReadError(
            f"{file.name} numbers its segments from {min(numbers)} to {max(numbers)}; Lobule reads 1 to 255. "
            "Export fewer segments."
        )
    return numbers


def _names(data: pydicom.Dataset) -> dict[int, str]:
    found = {}
    for segment in data.get("SegmentSequence") or []:
        number = int(segment.get("SegmentNumber") or 0)
        name = clean_name(privacy.shown(str(segment.get("SegmentLabel") or ""), data))
        if 1 <= number <= 255 and name:
            found[number] = name
    return dict(sorted(found.items()))


def _placed(
    file: GivenFile, data: pydicom.Dataset, headers: Sequence[Header], job: Job
) -> tuple[Grid, npt.NDArray[np.intp]]:
    """Return the grid that the frames span, and the slice of each frame.

    Raises:
        ReadError: The frames are no straight, even stack, or too many voxels.
    """
    _check_places(file, headers)
    axes, spacing = axes_of(headers), spacing_of(headers)
    positions = np.array([header.position for header in headers], dtype=np.float64)
    lowest = positions[int(np.argmin(positions @ axes[0]))]
    heights = (positions - lowest) @ axes[0]
    off = np.linalg.norm(positions - lowest - np.outer(heights, axes[0]), axis=1).max()
    if off > _EVEN * min(spacing):
        raise ReadError(
            f"The frames of {file.name} are shifted sideways against each other by up to {off:.2g} mm: the gantry was "
            "tilted, or they belong to several scans. Resample the CT to a straight volume and segment that."
        )
    step, places = _step(file, heights, _candidates(data, headers[0], axes[0], job))
    shape = (int(places.max()) + 1, headers[0].rows, headers[0].columns)
    if shape[0] * shape[1] * shape[2] > job.limits.max_voxels:
        raise ReadError(
            f"{file.name} spans {shape[0]:,} slices of {shape[1]:,} × {shape[2]:,} pixels; at most "
            f"{job.limits.max_voxels:,} voxels are opened."
        )
    affine = np.eye(4)
    affine[:3, :3] = axes.T * (step or 1.0, *spacing)
    affine[:3, 3] = lowest
    return Grid(shape, affine, has_spacing=step is not None), places


def _check_places(file: GivenFile, headers: Sequence[Header]) -> None:
    places = [(*(header.position or ()), *(header.orientation or ())) for header in headers]
    if not all(len(place) == 9 and np.isfinite(place).all() for place in places):
        raise ReadError(
            f"{file.name} does not say where its frames lie in the patient, as a segmentation of microscopy. "
            "Export the segmentation of a CT series."
        )


def _candidates(data: pydicom.Dataset, header: Header, normal: Array, job: Job) -> list[float]:
    """Return distances in mm that slices may have, the surest first: as stated, of the CT, their thickness."""
    group = (data.get("PerFrameFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
    shared = (data.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
    stated = grouped(group, shared, "PixelMeasuresSequence", "SpacingBetweenSlices")
    along = max((abs(float(np.dot(step, normal))) for step in job.steps), default=0.0)
    wanted = (abs(float(stated or 0)), along, header.thickness)
    return [mm for mm in wanted if np.isfinite(mm) and mm > 0]


def _step(file: GivenFile, heights: Array, candidates: list[float]) -> tuple[float | None, npt.NDArray[np.intp]]:
    """Return mm from slice to slice, None if that is not known, and the slice of each frame.

    Slices between may have no frame, so the smallest distance there is serves only if nothing else fits.
    """
    gaps = np.diff(np.unique(np.round(heights, 2)))
    if not len(gaps):
        return (candidates[0] if candidates else None), np.zeros(len(heights), np.intp)
    for wanted in (*candidates, float(gaps.min())):
        places = np.rint(heights / wanted)
        step = float(heights.max() / places.max()) if places.max() else 0.0
        if abs(step / wanted - 1) <= _STATED and np.abs(heights - places * step).max() <= _EVEN * step:
            return step, places.astype(np.intp)
    raise ReadError(
        f"The frames of {file.name} lie {gaps.min():.4g} to {gaps.max():.4g} mm apart, which is no even stack. "
        "Export the segmentation of one evenly spaced series."
    )


def _poured(
    frames: Frames, numbers: Sequence[int], places: npt.NDArray[np.intp], grid: Grid
) -> tuple[npt.NDArray[np.uint8], int]:
    """Lay the frames in their slices, lower numbers first; return labels, and how many voxels were overwritten."""
    voxels = np.zeros(grid.shape, np.uint8)
    twice = 0
    for n in np.argsort(numbers, kind="stable"):
        frame = frames(int(n))
        here, inside = voxels[places[n]], frame != 0
        values = frame if numbers[n] == 0 else np.uint8(numbers[n])
        twice += int(np.count_nonzero(inside & (here != 0) & (here != values)))
        np.copyto(here, values, where=inside)
    return voxels, twice
