"""A case that is kept: an annotation whose every move is on the disk before it is made."""

import contextlib
import json
import platform
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from threading import RLock, local
from typing import Any

from core.editing.annotation import Annotation
from core.editing.history import Move, Way
from core.errors import CaseError, LobuleError
from core.imaging.volume import Mask, Volume
from core.version import VERSION, libraries
from core.workspace import recalling, snapshots
from core.workspace.changes import Change, figures
from core.workspace.journal import Entry, Session
from core.workspace.later import later
from core.workspace.lock import Holder, Lock
from core.workspace.recalling import Recovered
from core.workspace.snapshots import Snapshot
from core.workspace.thumbnails import save_thumbnail

SNAPSHOT_EVERY = 50


@dataclass(frozen=True)
class Window:
    """What opens a case.

    Attributes:
        reader: Initials of who draws, or ``""``; each reader has masks of their own.
        who: What others are told of who holds the case, or ``""``.
        only_looks: Whether nothing will be changed, so that the case is left to others.
    """

    reader: str = ""
    who: str = ""
    only_looks: bool = False


class KeptCase:
    """A case on the disk, opened for one reader.

    Whatever changes `annotation` is written down first. If that fails, or the case is held by another window, the
    change is not made and a `CaseError` says so.

    Attributes:
        volume: The CT.
        annotation: What the reader has drawn, with its undo history.
        reader: Their initials, or ``""``.
        holder: Who else holds the case, or None if this may change it.
        recovered: What was found on opening, if it had not been closed in order; else None.
        folder: Of the case.
        saving: Tells when the CT itself is on the disk, or why it is not; None if it was there.
        saving_labels: The same of labels that came with it; None if none are to be written.
    """

    def __init__(self, volume: Volume, folder: Path, window: Window) -> None:
        self.volume, self.folder, self.reader = volume, folder, window.reader
        self.annotation = Annotation(volume.grid)
        self._own = reader_folder(folder, window.reader)
        self.saving: Future[None] | None = None
        self.saving_labels: Future[None] | None = None
        self._turn, self._asking, self._refusal = RLock(), local(), ""
        self._lock = Lock(self._own)
        self.holder: Holder | None = None
        if window.only_looks:
            self._refusal = "This case was opened to look at it only. Open it again to change it."
        else:
            self.holder = self._lock.take(Holder.here(window.who, time.time()))
        try:
            self._journal, damaged = recalling.journal(folder, may_mend=self.may_change)
            found = recalling.recall(self.annotation, self._journal, self.reader, self._own, may_mend=self.may_change)
            self._session = self._journal.begin(self.reader, time.time(), _software()) if self.may_change else 0
        except BaseException:
            self._lock.release()
            raise
        self._seq, self._snapped, self._written = found.seq, found.snapshot_seq, self.annotation.state
        self.recovered = _told(found.told, damaged) if self.may_change else None
        self.annotation.ahead = self._keep

    @property
    def may_change(self) -> bool:
        """Whether this window holds the case."""
        return self.holder is None and not self._refusal

    @property
    def seq(self) -> int:
        """Number of the last move in the journal; it rises with each, also of other readers."""
        return self._seq

    @property
    def key(self) -> str:
        """Fingerprint of the CT."""
        return self.volume.key

    @property
    def readers(self) -> tuple[str, ...]:
        """Initials of all who have drawn, first come first."""
        return self._journal.readers()

    def entries(self, reader: str | None = None) -> Iterator[Entry]:
        """Yield every move of a reader, by default of this one."""
        return self._journal.entries(self.reader if reader is None else reader)

    def sessions(self) -> dict[int, Session]:
        """Return all sessions by their number."""
        return self._journal.sessions()

    @contextlib.contextmanager
    def acting(self, asked: Mapping[str, Any] | None) -> Iterator[None]:
        """Say what was asked for, so that the moves made inside, by this thread, can be replayed from it.

        Args:
            asked: A command as `core.editing.commands.from_json` reads it, or from `core.workspace.asked`; made of
                numbers, texts, lists and nothing that names a patient.
        """
        self._asking.text = None if asked is None else json.dumps(asked, separators=(",", ":"), ensure_ascii=False)
        try:
            yield
        finally:
            self._asking.text = None

    def masks(self) -> dict[str, Mask]:
        """Return the label map of every reader who has drawn, first come first."""
        return {reader: self.of_reader(reader).label_map() for reader in self.readers}

    def of_reader(self, reader: str) -> Annotation:
        """Return what a reader has drawn by now, to look at."""
        if reader == self.reader:
            return self.annotation
        annotation = Annotation(self.volume.grid)
        recalling.recall(annotation, self._journal, reader, reader_folder(self.folder, reader), may_mend=False)
        return annotation

    def refresh(self) -> bool:
        """Catch up with what the window that holds the case has drawn, and say whether there was anything.

        Raises:
            CaseError: The record cannot be read now; what is shown stays.
        """
        last = self._journal.last(self.reader)
        if self.may_change or last is None or last.seq == self._seq:
            return False
        read = Annotation(self.volume.grid)  # so that what is shown stays if the record cannot be read now
        found = recalling.recall(read, self._journal, self.reader, self._own, may_mend=False)
        self.annotation.ahead = None
        self.annotation.recall(*read.trail())
        self.annotation.ahead, self._seq, self._written = self._keep, found.seq, self.annotation.state
        return True

    def note(self, **facts: str) -> None:
        """Write down facts of the case as a whole, such as its status.

        Raises:
            CaseError: It may not be changed here, or could not be saved.
        """
        with self._turn:
            self._check()
            self._journal.note(**facts)

    def facts(self) -> dict[str, str]:
        """Return what was noted of the case."""
        return self._journal.facts()

    def snapshot(self) -> None:
        """Write a snapshot now, if anything changed since the last one.

        Raises:
            OSError: It could not be written; the journal has everything all the same.
            LobuleError: The labels in it could not be written.
        """
        with self._turn:
            taken = self._taken() if self.may_change and self._seq != self._snapped else None
        if taken is not None:
            later(_write, taken, self._own, self.volume, self.folder).result()

    def give_up(self, sentence: str) -> None:
        """Stop changing the case, for another window has taken it over; whoever still tries is told."""
        with self._turn:
            if self._refusal:
                return
            self._refusal = sentence
            with contextlib.suppress(CaseError):  # then the next to open it is told that it was not closed
                self._journal.end(self._session, time.time())
            self._lock.release()

    def close(self) -> None:
        """Close the case in order: with a snapshot, so that it opens quickly and others can read its labels."""
        with contextlib.suppress(OSError, LobuleError):  # the journal has everything
            self.snapshot()
        with self._turn:
            if self.may_change:
                self.give_up("This case was closed. Open it again to change it.")
            self._journal.close()

    def _keep(self, move: Move) -> None:
        """Write a move down before it is made."""
        with self._turn:
            self._check()
            if move.before is not self._written:
                raise CaseError("What is shown is not what was saved last. Open the case again to go on.")
            if self._seq - self._snapped >= SNAPSHOT_EVERY and (taken := self._taken()):
                later(_write, taken, self._own, self.volume, self.folder)
            change = Change.between(move.before, move.after).packed() if move.way is Way.STEP else b""
            asked: str | None = getattr(self._asking, "text", None)
            entry = Entry(self._session, time.time(), move.way.value, move.name, asked, change, *figures(move.after))
            self._seq, self._written = self._journal.append(self.reader, entry), move.after

    def _taken(self) -> Snapshot | None:
        """Return the state that was written down last; None while a move that is written is being made."""
        base, moves = self.annotation.trail()
        if (moves[-1].after if moves else base) is not self._written:
            return None
        self._snapped = self._seq
        return Snapshot(self.reader, self._seq, base, moves)

    def _check(self) -> None:
        if self._refusal:
            raise CaseError(self._refusal)
        if self.holder is not None:
            raise CaseError(
                f"Nothing can be changed here: {self.holder.sentence} Close it there, then open it here again."
            )


def reader_folder(folder: Path, reader: str) -> Path:
    """Return where a reader's lock and snapshots lie; the name does not tell who it is."""
    return folder / "readers" / blake2b(reader.encode(), digest_size=6).hexdigest()


def _write(taken: Snapshot, own: Path, volume: Volume, folder: Path) -> None:
    save_thumbnail(volume, snapshots.save(taken, own, volume), folder)


def _told(recovered: Recovered | None, damaged: str) -> Recovered | None:
    if not damaged:
        return recovered
    return replace(recovered or Recovered("", time.time()), damaged=damaged)


def _software() -> str:
    return json.dumps({"lobule": VERSION, "python": platform.python_version(), **libraries()})
