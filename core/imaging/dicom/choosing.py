"""Finds the DICOM series to open: chooses it or offers the choice, clears duplicates, orders its slices."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.choices import SeriesSummary, SeveralSeries
from core.imaging.dicom import pixels
from core.imaging.dicom.headers import Header
from core.imaging.dicom.scan import scanned
from core.imaging.dicom.series import Candidate, candidates, chosen, named
from core.imaging.dicom.stack import Stack, repeated, stacked
from core.imaging.files import GivenFile, counted
from core.imaging.job import Job
from core.imaging.window import PRESETS, Window

_THUMBNAIL = 128


@dataclass(frozen=True)
class FoundSeries:
    """The series to open, its slices in order, nothing decoded yet.

    Attributes:
        name: The series description, or ``DICOM series``.
        modality: ``CT``, ``MR``...
        stack: Its slices in order and their grid.
        notes: What a reader must know.
        key: Opaque; asks for the same series again, as `Job.series`.
    """

    name: str
    modality: str
    stack: Stack
    notes: tuple[str, ...]
    key: str


def found_series(files: Sequence[GivenFile], job: Job) -> FoundSeries:
    """Find the series to open among DICOM files and put its slices in order.

    Args:
        files: DICOM files of one patient.
        job: Limits, and the series if one was chosen.

    Raises:
        SeveralSeries: The user has to choose.
        ReadError: The series does not form one straight, complete volume.
    """
    among = candidates(scanned(files, job))
    candidate = chosen(among, job)
    if candidate is None:
        raise SeveralSeries(tuple(_summary(c, job) for c in among))
    headers, dropped = _without_duplicates(candidate.headers, job)
    stack = stacked(headers, job.limits)
    notes = [*candidate.notes, *dropped, *stack.notes]
    if len({(h.slope, h.intercept) for h in stack.headers}) > 1:
        notes.append("The rescale differs from slice to slice and was applied to each.")
    return FoundSeries(candidate.description, stack.headers[0].modality, stack, tuple(notes), candidate.key)


def _without_duplicates(headers: Sequence[Header], job: Job) -> tuple[list[Header], list[str]]:
    """Keep one of each set of identical slices at one position; different ones cannot be told apart."""
    groups = repeated(headers)
    drop: set[int] = set()
    for group in groups:
        prints = {_fingerprint(header, job) for header in group}
        if len(prints) > 1:
            raise ReadError(
                f"{named(group)}: {len(group)} different images lie at one position, and nothing in the files tells "
                "which belongs to this scan. Export one series, or one phase, at a time."
            )
        drop |= {id(header) for header in group[1:]}
    kept = [header for header in headers if id(header) not in drop]
    were = "was" if len(drop) == 1 else "were"
    note = f"{counted(len(drop), 'duplicate slice')} with identical pixels {were} left out."
    return kept, [note] if drop else []


def _fingerprint(header: Header, job: Job) -> bytes:
    values = pixels.rescaled(header, pixels.stored(header.file, job))
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


def _summary(candidate: Candidate, job: Job) -> SeriesSummary:
    first = candidate.headers[0]
    try:
        stack = stacked(candidate.headers, job.limits)
        ordered, spacing = stack.headers, stack.grid.spacing
    except ReadError:
        y, x = first.spacing or (float("nan"), float("nan"))
        ordered, spacing = candidate.headers, (float("nan"), y, x)
    return SeriesSummary(
        key=candidate.key,
        description=candidate.description,
        modality=first.modality,
        slices=len(candidate.headers),
        size=(first.rows, first.columns),
        spacing=spacing,
        thumbnail=_thumbnail(ordered[len(ordered) // 2], job),
    )


def _thumbnail(header: Header, job: Job) -> npt.NDArray[np.uint8]:
    """Return a small picture of a slice; plain grey if it cannot be decoded, which opening it will explain."""
    try:
        values = pixels.rescaled(header, pixels.stored(header.file, job))
    except ReadError:
        return np.full((_THUMBNAIL, _THUMBNAIL), 128, np.uint8)
    step = max(1, -(-max(values.shape) // _THUMBNAIL))
    small = np.clip(values[::step, ::step].astype(np.float64), -32768, 32767).astype(np.int16)
    if header.modality == "CT":
        return PRESETS["Abdomen"].apply(small)
    low, high = np.percentile(small, (0.5, 99.5))
    return Window(float(low + high) / 2, max(1.0, float(high - low))).apply(small)
