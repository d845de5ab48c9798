"""How long each export and report of a large case takes: the drawn abdomen at 512 × 512 × 300, as a DICOM series.

    python -m benchmarks.exports [--rounds 3] [--slices 300]

Times are the shortest of the rounds: of the clock, under the load that is printed, and of the processor, which others'
work lengthens less. Opening the CT is not counted; a DICOM-SEG is counted with reading it back and comparing it, an
RTSTRUCT and it with finding the series again.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset

from core.imaging import samples
from core.imaging.grid import reorder
from core.imaging.reading import read_volume
from core.imaging.volume import Mask
from core.reporting.case import case_report
from core.reporting.case_html import page
from core.reporting.case_pdf import pdf
from core.reporting.export.bundle import exported
from core.reporting.export.kinds import Kind
from core.reporting.quantify import quantify
from core.reporting.segmented import Segmented

GOALS_S = {"dicomseg": 5.0}
SIDE, SPACING = 512, (0.64, 0.547, 0.675)  # mm, of the abdomen laid on so many voxels
Steps = Mapping[str, Callable[[], int]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time every export of a large case.")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each export (default 3)")
    parser.add_argument("--slices", type=int, default=300, help="slices of the CT (default 300)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lobule-") as folder:
        segmented = case(Path(folder), options.slices)
        steps = of(segmented, Path(folder))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.slices} slices of {SIDE} × {SIDE}\n")
        print(table({name: measured(step, options.rounds) for name, step in steps.items()}))


def case(folder: Path, slices: int) -> Segmented:
    """Write the series, open it as a user's, and lay the labels on it."""
    volume, mask = samples.phantom()
    hu, labels = (enlarged(voxels, (slices, SIDE, SIDE)) for voxels in (volume.hu, mask.voxels.view(np.uint8)))
    write_series(folder, hu.astype(np.int16))
    opened = read_volume(folder)
    drawn = reorder(labels, opened.source.grid, opened.grid)
    return Segmented.of_mask(opened, Mask(np.ascontiguousarray(drawn), opened.grid))


def enlarged(voxels: npt.NDArray[np.integer], shape: tuple[int, int, int]) -> npt.NDArray[np.integer]:
    """Repeat voxels to fill a larger shape."""
    at = [np.arange(n) * old // n for n, old in zip(shape, voxels.shape, strict=True)]
    return voxels[np.ix_(*at)]


def write_series(folder: Path, hu: npt.NDArray[np.int16]) -> None:
    """Write an axial CT series of nobody, a file per slice."""
    study, series, frame = (uid.generate_uid() for _ in range(3))
    for z, picture in enumerate(hu):
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        data.SOPClassUID, data.SOPInstanceUID = uid.CTImageStorage, uid.generate_uid()
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, frame
        data.PatientName, data.PatientID, data.Modality = "Nobody", "0", "CT"
        data.InstanceNumber, data.SliceThickness, data.PixelSpacing = z + 1, SPACING[0], list(SPACING[1:])
        data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, z * SPACING[0]], [1, 0, 0, 0, 1, 0]
        data.Rows, data.Columns = picture.shape
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        data.RescaleIntercept, data.RescaleSlope = 0, 1
        data.PixelData = picture.tobytes()
        data.save_as(folder / f"{z:04d}.dcm", enforce_file_format=True)


def of(segmented: Segmented, source: Path) -> Steps:
    """Return what is timed: each step returns how many bytes it made."""
    steps: dict[str, Callable[[], int]] = {"quantify": lambda: len(quantify(segmented.volume, segmented.mask).labels)}
    for kind in Kind:
        steps[kind.value] = partial(size_of, segmented, kind, source)
    steps["report, HTML"] = lambda: len(page(case_report(segmented, created=datetime.now(UTC))))
    steps["report, PDF"] = lambda: len(pdf(case_report(segmented, created=datetime.now(UTC)))[0])
    return steps


def size_of(segmented: Segmented, kind: Kind, source: Path) -> int:
    """Make an export and return its size in bytes."""
    return sum(len(data) for data in exported(segmented, kind, source).values())


def measured(step: Callable[[], int], rounds: int) -> tuple[float, float, int]:
    """Return the shortest times in seconds, of the clock and of the processor, and the size."""
    times, size = [], 0
    for _ in range(rounds):
        start, worked = perf_counter(), process_time()
        size = step()
        times.append((perf_counter() - start, process_time() - worked))
    return min(clock for clock, _ in times), min(work for _, work in times), size


def table(found: Mapping[str, tuple[float, float, int]]) -> str:
    """Return the times as a table, beside a goal where there is one."""
    lines = ["| export | s | s of processor | MB | goal |", "|---|---|---|---|---|"]
    for name, (seconds, worked, size) in found.items():
        megabytes = "" if name == "quantify" else f"{size / 1e6:.1f}"
        goal = GOALS_S.get(name)
        kept = f"≤ {goal:g} s: {'kept' if seconds <= goal else 'MISSED'}" if goal else ""
        lines.append(f"| {name} | {seconds:.2f} | {worked:.2f} | {megabytes} | {kept} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
