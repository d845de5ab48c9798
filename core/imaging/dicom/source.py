"""Finds the DICOM images that a volume was read from again, for exports that must refer to them.

Only here do a patient's name and number come out of the files: a DICOM object belongs to a patient, or no archive
takes it. They are read when something is exported, go into that file, and are kept nowhere else.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom

from core.errors import GeometryError, ReadError
from core.imaging.archive import unpacked
from core.imaging.dicom.access import careful
from core.imaging.dicom.choosing import found_series
from core.imaging.files import Kind, listed
from core.imaging.grid import Grid
from core.imaging.job import LIMITS, Job, Limits
from core.imaging.volume import Volume


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """The images of a series in the order of its slices.

    Attributes:
        images: One data set per slice along ``grid``, without pixels; of a multi-frame file the same one each time.
        frames: Of each slice its number in a multi-frame file, from 0.
        grid: That of ``Volume.source``.
    """

    images: tuple[pydicom.Dataset, ...]
    frames: tuple[int, ...]
    grid: Grid


def source_series(source: Path | Sequence[Path], volume: Volume, limits: Limits = LIMITS) -> SourceSeries:
    """Find the series that a volume was read from, and put its images in the order of the volume's slices.

    Args:
        source: What the volume was read from: a folder, files, or a ``.zip``.
        volume: The CT.
        limits: As for `read_volume`.

    Raises:
        ReadError: There is no such series, or the volume does not come from DICOM.
        GeometryError: The series does not lie where the volume does.
    """
    if volume.source.format != "DICOM":
        raise ReadError(
            f"This CT was opened from {volume.source.format}, which does not say to whom it belongs. DICOM-SEG and "
            "RTSTRUCT need the original DICOM series: open that, or export NIfTI or NRRD."
        )
    paths = [source] if isinstance(source, Path) else list(source)
    job = Job(limits, series=volume.source.series or None)
    with tempfile.TemporaryDirectory(prefix="lobule-") as folder:
        files = listed(paths, limits)
        if len(files) == 1 and files[0].kind is Kind.ARCHIVE:
            files = unpacked(files[0], Path(folder), limits)
        stack = found_series([file for file in files if file.kind is Kind.DICOM], job).stack
        read = {}
        for header in stack.headers:
            with careful(header.file):
                if header.file.path not in read:
                    read[header.file.path] = pydicom.dcmread(header.file.path, stop_before_pixels=True, force=True)
        same_place = stack.headers[0].frame_key == volume.source.frame
        if not (same_place and stack.grid.matches(volume.source.grid)):
            raise GeometryError(
                "These DICOM files are not the series that the mask was drawn on: they lie elsewhere in space, or the "
                "mask was drawn on a resampled copy. Choose the folder that the CT was opened from, and draw on the CT."
            )
        images = tuple(read[header.file.path] for header in stack.headers)
        return SourceSeries(images, tuple(header.frame for header in stack.headers), stack.grid)
