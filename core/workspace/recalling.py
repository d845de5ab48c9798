"""Reopening a case: the state of the last acknowledged move, from a snapshot and the journal behind it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.editing.annotation import Annotation
from core.editing.history import Move, State, Way
from core.workspace import snapshots
from core.workspace.changes import EMPTY, Change, figures, unpacked
from core.workspace.journal import FILE, DamagedError, Entry, Journal
from core.workspace.snapshots import Snapshot

BASE = "base"


@dataclass(frozen=True)
class Recovered:
    """What was found of a case that was not closed in order.

    Attributes:
        last: Name of the last move that was saved.
        at: When it was made, in seconds since 1970.
        lost: How many moves behind it could not be read.
        damaged: What was damaged, in words, or ``""``.
    """

    last: str
    at: float
    lost: int = 0
    damaged: str = ""

    @property
    def sentence(self) -> str:
        """What to tell whoever opens it."""
        told = self.damaged or "This case was not closed."
        if self.last:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.at))
            told += f" It is as after the last action that was saved: “{self.last}”, {when}."
        return f"{told} {self.lost} later actions could not be read." if self.lost else told


@dataclass(frozen=True)
class Found:
    """What recalling found.

    Attributes:
        seq: Number of the last move; 0 without any.
        snapshot_seq: Number of the last move in the snapshot that was read; 0 without one.
        told: What to tell, or None if all was in order.
    """

    seq: int
    snapshot_seq: int
    told: Recovered | None


def journal(folder: Path, *, may_mend: bool) -> tuple[Journal, str]:
    """Open the journal of a case, and say what was damaged.

    One that is damaged is set aside, and a new one begun with what the snapshots of all readers hold.

    Raises:
        CaseError: It cannot be opened.
        DamagedError: It is damaged, and may not be mended here.
    """
    try:
        opened = Journal(folder)
        opened.check()
    except DamagedError:
        if not may_mend:
            raise
        aside = f"{FILE}.damaged-{int(time.time())}"
        for ending in ("", "-wal", "-shm"):
            path = folder / f"{FILE}{ending}"
            if path.exists():
                path.replace(folder / f"{aside}{ending}")
        opened = Journal(folder)
        for own in sorted((folder / "readers").glob("*")):
            _rebuild(opened, snapshots.newest(own))
        return opened, "The journal of this case was damaged and set aside; the case is as in its last snapshot."
    return opened, ""


def recall(annotation: Annotation, journal: Journal, reader: str, own: Path, *, may_mend: bool) -> Found:
    """Make an annotation what the reader left.

    Args:
        annotation: Empty; is changed.
        journal: Of the case.
        reader: Whose masks.
        own: The reader's folder, with the snapshots.
        may_mend: Whether moves that cannot be read may be marked as left out.
    """
    snapshot = snapshots.newest(own)
    start = snapshot.seq if snapshot is not None else 0
    if snapshot is not None:
        annotation.recall(snapshot.base, snapshot.moves)
        if may_mend:
            journal.count_from(start)
    tail = list(journal.entries(reader, start))
    read = followed(annotation, tail)
    lost = journal.leave_out(reader, tail[read].seq) if may_mend and read < len(tail) else 0
    told = None
    if lost or not journal.ended_in_order(reader):
        last = tail[read - 1] if read else journal.last(reader)
        if last is not None:
            told = Recovered(last.name, last.at, lost, "A part of this case's journal was damaged." if lost else "")
    return Found(tail[read - 1].seq if read else start, start, told)


def _rebuild(journal: Journal, snapshot: Snapshot | None) -> None:
    """Write what a snapshot holds into a journal that is new, so that the journal alone says everything again."""
    if snapshot is None:
        return
    now = time.time()
    journal.count_from(snapshot.seq)
    session = journal.begin(snapshot.reader, now, "{}")

    def write(way: str, name: str, before: State, after: State) -> None:
        change = Change.between(before, after).packed() if way in (BASE, Way.STEP) else b""
        journal.append(snapshot.reader, Entry(session, now, way, name, None, change, *figures(after)))

    write(BASE, "", EMPTY, snapshot.base)
    for move in snapshot.moves:
        write(move.way.value, move.name, move.before, move.after)
    journal.end(session, now)


def followed(annotation: Annotation, entries: Sequence[Entry]) -> int:
    """Make the moves that were written down, up to the first that cannot be read, and return how many there were."""
    for count, entry in enumerate(entries):
        if not entry.whole:
            return count
        try:
            _make(annotation, entry)
        except ValueError:
            return count
    return len(entries)


def _make(annotation: Annotation, entry: Entry) -> None:
    """Make one move.

    Raises:
        ValueError: It does not lead to what was there when it was written down.
    """
    written = (entry.lesions, entry.lesion_voxels, entry.voxels)
    if entry.way in (Way.UNDO, Way.REDO):
        there, back = (
            (annotation.undo, annotation.redo) if entry.way == Way.UNDO else (annotation.redo, annotation.undo)
        )
        there()
        if figures(annotation.state) != written:
            back()
            raise ValueError("the move leads elsewhere")
        return
    before = EMPTY if entry.way == BASE else annotation.state
    after = unpacked(entry.change).applied(before)
    if figures(after) != written:
        raise ValueError("the move leads elsewhere")
    if entry.way == BASE:
        annotation.recall(after)
    else:
        annotation.follow(Move(Way.STEP, entry.name, before, after))
