"""The list of cases: what is known of each without opening it, searched and sorted; and a folder as a work-list."""

import contextlib
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from core.errors import CaseError, ReadError
from core.imaging.files import natural
from core.workspace import stored, thumbnails
from core.workspace.journal import Journal


class Status(StrEnum):
    """How far a case is. The first two follow from what was drawn, the others are a person's word."""

    NEW = "new"
    IN_WORK = "in work"
    DONE = "done"
    REVIEWED = "reviewed"


class Order(StrEnum):
    """By what the list can be sorted."""

    CHANGED = "changed"
    NAME = "name"
    STATUS = "status"
    LESIONS = "lesions"
    ML = "ml"


@dataclass(frozen=True)
class CaseRow:
    """A case in the list.

    Attributes:
        key: Fingerprint of the CT.
        name: What it is called on the screen; see `core.imaging.volume.Source.name`.
        kind: Format of the file it came from.
        shape: Slices, rows, columns; all 0 if not known.
        status: How far it is.
        lesions: Objects other than liver, of the reader who drew last.
        lesion_ml: What they measure; ``nan`` if the voxel size is not known.
        changed: When something was drawn last, else when it was opened first; seconds since 1970.
        readers: Initials of who drew, first come first.
        thumbnail: The small picture, or None.
        has_volume: Whether it opens without its file.
        origin: `origin_of` the file it came from, or ``""``.
        trouble: Why it cannot be opened, or ``""``.
    """

    key: str
    name: str
    kind: str
    shape: tuple[int, int, int]
    status: Status
    lesions: int
    lesion_ml: float
    changed: float
    readers: tuple[str, ...]
    thumbnail: Path | None
    has_volume: bool
    origin: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Work:
    """A CT of a work-list.

    Attributes:
        name: Of its file or folder, without ending.
        path: Where it lies.
        row: Its case, or None if it was never opened.
    """

    name: str
    path: Path
    row: CaseRow | None


def row_of(folder: Path) -> CaseRow:
    """Return what is known of the case in a folder; about 2 ms."""
    picture = folder / thumbnails.FILE
    known = (picture if picture.is_file() else None, stored.has_volume(folder))
    try:
        with contextlib.closing(Journal(folder)) as journal:
            facts, last, readers = journal.facts(), journal.last(), journal.readers()
    except CaseError as error:
        return CaseRow(folder.name, "", "", (0, 0, 0), Status.IN_WORK, 0, math.nan, 0.0, (), *known, trouble=str(error))
    z, y, x = (int(n) for n in facts.get("shape", "0 0 0").split())
    return CaseRow(
        key=folder.name,
        name=facts.get("name", ""),
        kind=facts.get("kind", ""),
        shape=(z, y, x),
        status=Status(facts["status"]) if "status" in facts else Status.IN_WORK if last else Status.NEW,
        lesions=last.lesions if last else 0,
        lesion_ml=last.lesion_voxels * float(facts.get("voxel_ml", "nan")) if last else 0.0,
        changed=last.at if last else float(facts.get("opened", "0")),
        readers=readers,
        thumbnail=known[0],
        has_volume=known[1],
        origin=facts.get("origin", ""),
    )


def listed(
    rows: Iterable[CaseRow], search: str = "", order: Order = Order.CHANGED, status: Status | None = None
) -> list[CaseRow]:
    """Return the rows that hold every word searched for, sorted.

    Args:
        rows: All cases.
        search: Words of the name, kind, status, readers or the beginning of the key; case and accents do not count.
        order: Names from A to Z and status from new to reviewed; all else from the newest or largest down.
        status: Only those, or None for all.
    """
    words = _plain(search).split()
    found = [row for row in rows if status in (None, row.status) and all(word in _text(row) for word in words)]
    found.sort(key=lambda row: row.changed, reverse=True)
    if order is Order.NAME:
        found.sort(key=lambda row: _plain(row.name))
    elif order is Order.STATUS:
        found.sort(key=lambda row: list(Status).index(row.status))
    elif order is Order.LESIONS:
        found.sort(key=lambda row: row.lesions, reverse=True)
    elif order is Order.ML:
        found.sort(key=lambda row: -1.0 if math.isnan(row.lesion_ml) else row.lesion_ml, reverse=True)
    return found


def worklist(folder: Path, rows: Sequence[CaseRow]) -> list[Work]:
    """Return the CTs of a folder in natural order, each with its case if it was opened before.

    Args:
        folder: Of files, or a folder of DICOM for each CT.
        rows: All cases.

    Raises:
        ReadError: There is no such folder, or it holds no CT.
    """
    from core.scoring.folders import cases

    if not folder.is_dir():
        raise ReadError(f"{folder} is no folder. Give the folder of the CTs.")
    known = {row.origin: row for row in rows if row.origin}
    found = sorted(cases(folder).items(), key=lambda case: natural(case[0]))
    return [Work(name, path, known.get(origin_of(path))) for name, path in found]


def origin_of(path: Path) -> str:
    """Return what tells a file, or a folder of slices, from others and from itself before it was changed.

    It is a fingerprint: the path itself, which may name a patient, is not written down.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    states = [file.stat() for file in files]
    told = (str(path.resolve()), len(files), sum(s.st_size for s in states), max(s.st_mtime_ns for s in states))
    return blake2b(repr(told).encode(), digest_size=16).hexdigest()


def _text(row: CaseRow) -> str:
    return _plain(" ".join((row.name, row.kind, row.status, *row.readers, row.key[:12])))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
