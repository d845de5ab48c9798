"""Decodes whatever files a user gave into one volume or one label map; runs inside the guarded process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging import metaimage, nifti, nrrd, picture_files, volume_files
from core.imaging.archive import unpacked
from core.imaging.files import (
    GivenFile,
    Kind,
    claims_in_vain,
    counted,
    listed,
    misnamed,
    names,
    not_an_image,
    numbers_aside,
    quoted,
)
from core.imaging.grid import Grid
from core.imaging.intake import HounsfieldIntake, LabelIntake
from core.imaging.job import Job
from core.imaging.volume import Intensity

_VOLUMES = (Kind.NIFTI, Kind.NRRD, Kind.METAIMAGE)


@dataclass(frozen=True, eq=False)
class Decoded:
    """Voxels in the order of the file, and what is known about them.

    Attributes:
        voxels: ``(z, y, x)`` on ``grid``; int16, or uint8 if labels were wanted.
        grid: The file's own grid.
        name: As in `Source`, like the four that follow.
        format: See `Source`.
        modality: See `Source`.
        description: See `Source`.
        notes: See `Source`.
        intensity: What the numbers mean; meaningless for labels.
        names: As in `Mask`, like the one that follows.
        sparse: See `Mask`.
        frame: See `Source`.
        series: See `Source`.
    """

    voxels: npt.NDArray[np.int16] | npt.NDArray[np.uint8]
    grid: Grid
    name: str
    format: str
    modality: str = ""
    description: str = ""
    notes: tuple[str, ...] = ()
    intensity: Intensity = Intensity.ARBITRARY
    names: Mapping[int, str] = field(default_factory=dict)
    sparse: bool = False
    frame: str = ""
    series: str = ""


def decode(paths: Sequence[Path], job: Job, workspace: Path) -> Decoded:
    """Decode the files a user gave.

    Args:
        paths: One file, several files, a folder or a ``.zip``.
        job: What is wanted, and the limits.
        workspace: A private folder; archives are unpacked there.

    Raises:
        ReadError: In words for the user; `SeveralSeries` if there is a choice.
    """
    files = listed(paths, job.limits)
    archives = [file for file in files if file.kind is Kind.ARCHIVE]
    if archives and len(files) > 1:
        raise ReadError(f"{archives[0].name} is an archive among other files. Open the archive alone, or unpack it.")
    if archives:
        job.started(archives[0].name)
        files = unpacked(archives[0], workspace, job.limits)
    decoded = _reader(files)(files, job)
    return replace(decoded, notes=(*decoded.notes, *misnamed(files[0]))) if len(files) == 1 else decoded


def _reader(files: Sequence[GivenFile]) -> Callable[[Sequence[GivenFile], Job], Decoded]:
    """Find out which kind of image the files are, and refuse a mixture."""
    kinds = {file.kind for file in files}
    volumes = _of(files, *_VOLUMES)
    if Kind.DICOM in kinds and volumes:
        raise ReadError(f"These files hold both DICOM images and {names(volumes)}. Open one of them at a time.")
    if len(volumes) > 1:
        raise ReadError(f"These files hold {len(volumes)} volumes: {names(volumes)}. Open one at a time.")
    if Kind.DICOM in kinds:
        return _dicom
    if volumes:
        return _volume
    if Kind.PICTURE in kinds:
        return _pictures
    raise not_an_image(next((file for file in files if file.kind is not Kind.TEXT), files[0]))


def _of(files: Sequence[GivenFile], *kinds: Kind) -> list[GivenFile]:
    return [file for file in files if file.kind in kinds]


def _dicom(files: Sequence[GivenFile], job: Job) -> Decoded:
    from core.imaging.dicom import (
        choosing,
        pixels,
        segmentation,
    )  # pydicom takes 0.25 s, which other formats need not wait for

    slices = _of(files, Kind.DICOM)
    _refuse_broken(files, slices)
    if job.wants_labels and (file := segmentation.among(slices)):
        read = segmentation.read(file, job)
        notes = (*read.notes, *_beside(file, slices), *_passed_over(files, slices))
        decoded = Decoded(read.voxels, read.grid, read.name, "DICOM", "SEG", notes=notes, names=read.names)
        return replace(decoded, sparse=True, frame=read.frame)
    found = choosing.found_series(slices, job)
    intake = _intake(found.name, found.stack.grid.shape, job)
    pixels.pour(found.stack.headers, intake, job)
    notes = (*found.notes, *_passed_over(files, slices))
    decoded = _finished(intake, found.stack.grid, found.name, "DICOM", notes, found.modality)
    return replace(decoded, frame=found.stack.headers[0].frame_key, series=found.key)


def _beside(file: GivenFile, among: Sequence[GivenFile]) -> tuple[str, ...]:
    others = counted(len(among) - 1, "other DICOM file")
    return () if len(among) == 1 else (f"The labels are those of {quoted([file])}; {others} beside it were left out.",)


def _intake(name: str, shape: tuple[int, int, int], job: Job) -> HounsfieldIntake | LabelIntake:
    return LabelIntake(name, shape) if job.wants_labels else HounsfieldIntake(name, shape)


def _refuse_broken(files: Sequence[GivenFile], slices: Sequence[GivenFile]) -> None:
    """A file named like the slices, or like any image, that holds none is a broken slice, and never passed over."""
    kind = slices[0].kind
    patterns = {numbers_aside(file.name) for file in slices}
    for file in files:
        if file.kind is kind:
            continue
        if (file.kind is Kind.EMPTY and _ends_like(file, slices)) or claims_in_vain(file):
            raise not_an_image(file)
        if numbers_aside(file.name) in patterns or _ends_like(file, slices):
            raise ReadError(
                f"{file.name} lies among {kind} slices but is damaged or no {kind}. Copy it again, or leave it out."
            )


def _ends_like(file: GivenFile, slices: Sequence[GivenFile]) -> bool:
    """Say whether a name ends as the slices' do; a readable file without an ending is a note, such as VERSION."""
    readable = file.kind in (Kind.TEXT, Kind.PICTURE)
    return file.suffix in {other.suffix for other in slices} and not (readable and file.suffix == "")


def _passed_over(files: Sequence[GivenFile], used: Sequence[GivenFile]) -> tuple[str, ...]:
    """Name the files that were left out, pictures first; ``used`` are those that were opened."""
    opened = {file.path for file in used}
    left = [file for file in files if file.path not in opened]
    pictures = _of(left, Kind.PICTURE)
    others = [file for file in left if file.kind is not Kind.PICTURE]
    notes = []
    if pictures:
        were = "was" if len(pictures) == 1 else "were"
        notes.append(f"{quoted(pictures)} {were} left out: pictures and volumes are not opened together.")
    if others:
        what = "was left out: it holds" if len(others) == 1 else "were left out: they hold"
        notes.append(f"{quoted(others)} {what} no image that Lobule can open.")
    return tuple(notes)


def _volume(files: Sequence[GivenFile], job: Job) -> Decoded:
    file = _of(files, *_VOLUMES)[0]
    job.started(file.name)
    if file.kind is Kind.NIFTI:
        layout = nifti.layout(file, job.limits)
    elif file.kind is Kind.NRRD:
        layout = nrrd.layout(file, job.limits)
    else:
        layout = metaimage.layout(file, files, job.limits)
    intake = _intake(file.name, layout.grid.shape, job)
    volume_files.pour(file, layout, intake)
    used = [f for f in files if f.path in (file.path, layout.data)]
    decoded = _finished(intake, layout.grid, file.name, layout.format, (*layout.notes, *_passed_over(files, used)))
    return replace(decoded, names=layout.names)


def _pictures(files: Sequence[GivenFile], job: Job) -> Decoded:
    slices = _of(files, Kind.PICTURE)
    _refuse_broken(files, slices)
    voxels, notes = (
        picture_files.label_volume(slices, job) if job.wants_labels else picture_files.grey_volume(slices, job)
    )
    name = slices[0].name if len(slices) == 1 else f"{slices[0].name} and {len(slices) - 1} more"
    shape = (voxels.shape[0], voxels.shape[1], voxels.shape[2])
    return Decoded(
        voxels=voxels,
        grid=picture_files.picture_grid(shape),
        name=name,
        format="picture",
        notes=(*notes, *_passed_over(files, slices)),
        intensity=Intensity.PICTURE,
    )


def _finished(
    intake: HounsfieldIntake | LabelIntake,
    grid: Grid,
    name: str,
    file_format: str,
    notes: tuple[str, ...],
    modality: str = "",
) -> Decoded:
    if isinstance(intake, LabelIntake):
        intake.finish()
        return Decoded(intake.labels, grid, name, file_format, modality, notes=(*notes, *intake.notes))
    intensity = intake.finish(modality)
    description = name if file_format == "DICOM" and name != "DICOM series" else ""
    return Decoded(
        intake.hu, grid, name, file_format, modality, description, (*notes, *intake.notes), intensity=intensity
    )
