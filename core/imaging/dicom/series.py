"""Sorts DICOM images into series and passes, and finds the one to open or the choices to offer."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import ReadError
from core.imaging.dicom.headers import Header, short_key
from core.imaging.dicom.scan import Scan
from core.imaging.files import GivenFile, counted, names
from core.imaging.job import Job

_PHASE_WORDS = {"TemporalPositionIdentifier": "phase", "AcquisitionNumber": "acquisition"}


@dataclass(frozen=True)
class Candidate:
    """One series, or one pass of a series, that could be opened.

    Attributes:
        key: Opaque name by which it can be asked for again.
        description: For people; never names the patient.
        headers: Its images, unsorted.
        notes: What was left out.
    """

    key: str
    description: str
    headers: tuple[Header, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_axial_ct(self) -> bool:
        """Whether this is a CT whose slices lie across the body."""
        orientation = self.headers[0].orientation
        if orientation is None or self.headers[0].modality != "CT":
            return False
        return abs(float(np.cross(orientation[:3], orientation[3:])[2])) > 0.8


def candidates(scan: Scan) -> list[Candidate]:
    """Return what could be opened, largest axial CT first.

    Raises:
        ReadError: There is no image among the files.
    """
    groups: dict[str, list[Header]] = defaultdict(list)
    for header in scan.headers:
        groups[header.series].append(header)
    found = [_without_localisers(list(group)) for group in groups.values()]
    slices = [(group, left) for group, left in found if not _is_secondary(group)]
    body = [(group, left) for group, left in slices if not group[0].is_localiser]
    if not slices:
        raise _no_volume(scan, [header for group, _ in found for header in group])
    kept = body or slices
    passed = len(found) - len(kept)
    split = [candidate for group, left in kept for candidate in _passes(group, left)]
    if passed or scan.other:
        note = _left_out(passed, len(scan.other))
        split = [replace(c, notes=(*c.notes, note)) for c in split]
    return sorted(split, key=lambda c: (not c.is_axial_ct, -len(c.headers)))


def chosen(among: Sequence[Candidate], job: Job) -> Candidate | None:
    """Return the candidate asked for, the only one, or None if the user must choose.

    Raises:
        ReadError: The one asked for is not there.
    """
    if job.series is not None:
        wanted = [candidate for candidate in among if candidate.key == job.series]
        if not wanted:
            raise ReadError("The chosen series is not among these files. Open them again and choose from the list.")
        return wanted[0]
    return among[0] if len(among) == 1 else None


def _without_localisers(group: list[Header]) -> tuple[list[Header], int]:
    slices = [header for header in group if not header.is_localiser]
    return (slices, len(group) - len(slices)) if slices else (group, 0)


def _is_secondary(group: Sequence[Header]) -> bool:
    """Say whether these are screenshots or colour pictures, which have no place in the patient."""
    return all(header.samples != 1 or (header.position is None and header.modality in ("OT", "SC")) for header in group)


def _no_volume(scan: Scan, headers: Sequence[Header]) -> ReadError:
    if headers:
        file = headers[0].file
        kind = "a colour picture" if headers[0].samples != 1 else "a screenshot"
        return ReadError(f"{file.name} is {kind} stored as DICOM, not a CT slice. Export the original CT series.")
    if scan.other:
        return ReadError(
            f"These files hold {scan.other[0]}, not a CT. Open the CT series; as labels, load a SEG, NIfTI or NRRD."
        )
    return ReadError("These files hold no DICOM images. Choose the folder with the CT slices.")


def _left_out(series: int, objects: int) -> str:
    parts = []
    if series:
        parts.append(f"{series} series of localisers or screenshots")
    if objects:
        parts.append(
            "1 DICOM object that is no image" if objects == 1 else f"{objects} DICOM objects that are no images"
        )
    return f"Left out: {' and '.join(parts)}."


def _passes(group: list[Header], localisers: int) -> list[Candidate]:
    """Split a series in which positions repeat into its passes, if a tag tells them apart."""
    first = group[0]
    description = first.description or "DICOM series"
    were = "was" if localisers == 1 else "were"
    notes = (f"{counted(localisers, 'localiser image')} in the series {were} left out.",) if localisers else ()
    split = _split(group)
    if split is None:
        return [Candidate(short_key(first.series), description, tuple(group), notes)]
    tag, parts = split
    word = _PHASE_WORDS.get(tag, "pass")
    return [
        Candidate(
            short_key(first.series, tag, value),
            f"{description}, {word} {number} of {len(parts)}",
            tuple(part),
            (*notes, f"The series holds {len(parts)} passes over the same slices; this is {word} {number}."),
        )
        for number, (value, part) in enumerate(sorted(parts.items(), key=lambda item: _by_number(item[0])), start=1)
    ]


def _by_number(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value


def _split(group: Sequence[Header]) -> tuple[str, dict[str, list[Header]]] | None:
    distinct = list({header.instance or id(header): header for header in group}.values())
    if _positions_differ(distinct):
        return None
    for tag in dict.fromkeys(tag for header in distinct for tag in header.phases):
        parts: dict[str, list[Header]] = defaultdict(list)
        for header in distinct:
            parts[header.phases.get(tag, "")].append(header)
        if _are_passes(list(parts.values())):
            return tag, parts
    return None


def _are_passes(parts: Sequence[Sequence[Header]]) -> bool:
    """Say whether these are two or more passes of equal length, each over positions that differ."""
    equal = len(parts) > 1 and len({len(part) for part in parts}) == 1 and len(parts[0]) > 1
    return equal and all(_positions_differ(part) for part in parts)


def _positions_differ(group: Sequence[Header]) -> bool:
    positions = [tuple(np.round(header.position, 2)) for header in group if header.position is not None]
    return len(set(positions)) == len(positions)


def files_of(headers: Sequence[Header]) -> list[GivenFile]:
    """Return the files of some images, each once."""
    return list({header.file.path: header.file for header in headers}.values())


def named(headers: Sequence[Header]) -> str:
    """Write the files of some images for a message."""
    return names(files_of(headers))
