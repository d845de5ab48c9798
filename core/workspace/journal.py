"""The journal of a case: every move of every reader, on the disk before the screen shows it.

One SQLite file in write-ahead mode with synchronous FULL: a move is one transaction, and a process that is killed, or
a power cut, takes nothing with it that was acknowledged. Write-ahead needs a disk of this computer, not of a network.
"""

import errno
import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import CaseError

FILE = "journal.sqlite"
CARRY = "carry"  # in `Entry.asked`: an object that was carried through slices, see `core.workspace.asked`
FIND = "find"  # there too: liver and tumours that a network proposed
_WAIT_S = 5.0
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY, reader TEXT NOT NULL, opened REAL NOT NULL, closed REAL, software TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS moves (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL, reader TEXT NOT NULL, at REAL NOT NULL,
    way TEXT NOT NULL, name TEXT NOT NULL, asked TEXT, change BLOB NOT NULL, crc INTEGER NOT NULL,
    lesions INTEGER NOT NULL, lesion_voxels INTEGER NOT NULL, voxels INTEGER NOT NULL,
    left_out INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS by_reader ON moves (reader, seq);
"""
_COLUMNS = "seq, session, at, way, name, asked, change, crc, lesions, lesion_voxels, voxels"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DamagedError(CaseError):
    """The file is no longer a journal."""


@dataclass(frozen=True)
class Entry:
    """One move as it is written down.

    Attributes:
        session: From `Journal.begin`.
        at: Seconds since 1970.
        way: Of `core.editing.history.Way`, or ``base`` for a state that everything before led to.
        name: Of the step.
        asked: What was asked for, as JSON text, or None if that is not known.
        change: `Change.packed`; empty for an undo or redo.
        lesions: Objects other than liver there were after it.
        lesion_voxels: What these cover.
        voxels: What all objects cover.
        seq: Its number, rising within the case; 0 before it is written.
        whole: Whether the change is as it was written.
    """

    session: int
    at: float
    way: str
    name: str
    asked: str | None
    change: bytes
    lesions: int
    lesion_voxels: int
    voxels: int
    seq: int = 0
    whole: bool = True


@dataclass(frozen=True)
class Session:
    """From the opening of a case to its closing.

    Attributes:
        opened: Seconds since 1970.
        software: Names and versions.
    """

    opened: float
    software: dict[str, str]


class Journal:
    """The journal in the folder of a case; several threads and processes may use it.

    Raises:
        CaseError: It cannot be opened or made.
        DamagedError: There is a file, but it is no journal.
    """

    def __init__(self, folder: Path) -> None:
        with _telling("opened"):
            path = folder / FILE
            self._base = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_TABLES)

    def check(self) -> None:
        """Raise `DamagedError` if the file is not whole."""
        with _telling("read"):
            (found,) = self._base.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise DamagedError("The journal of this case is damaged. Open the case again: it will be mended.")

    def begin(self, reader: str, now: float, software: str) -> int:
        """Begin a session of a reader and return its number."""
        with _telling():
            row = (reader, now, software)
            number = self._base.execute("INSERT INTO sessions (reader, opened, software) VALUES (?, ?, ?)", row)
            return int(number.lastrowid or 0)

    def end(self, session: int, now: float) -> None:
        """Write down that a session was closed in order."""
        with _telling():
            self._base.execute("UPDATE sessions SET closed = ? WHERE id = ?", (now, session))

    def sessions(self) -> dict[int, Session]:
        """Return all sessions by their number."""
        with _telling("read"):
            rows = self._base.execute("SELECT id, opened, software FROM sessions")
            return {number: Session(opened, json.loads(software)) for number, opened, software in rows}

    def ended_in_order(self, reader: str) -> bool:
        """Say whether the last session of a reader was closed; yes if there was none."""
        with _telling("read"):
            query = "SELECT closed FROM sessions WHERE reader = ? ORDER BY id DESC LIMIT 1"
            row = self._base.execute(query, (reader,)).fetchone()
            return row is None or row[0] is not None

    def append(self, reader: str, entry: Entry) -> int:
        """Write a move down and return its number, once it is on the disk.

        Raises:
            CaseError: It could not be written; then nothing of it was.
        """
        row = (reader, entry.session, entry.at, entry.way, entry.name, entry.asked, entry.change)
        figures = (zlib.crc32(entry.change), entry.lesions, entry.lesion_voxels, entry.voxels)
        with _telling():
            done = self._base.execute(
                "INSERT INTO moves (reader, session, at, way, name, asked, change, crc, lesions, lesion_voxels, voxels)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row + figures,
            )
            return int(done.lastrowid or 0)

    def entries(self, reader: str, after: int = 0) -> Iterator[Entry]:
        """Yield the moves of a reader in their order, those behind a number only."""
        query = f"SELECT {_COLUMNS} FROM moves WHERE reader = ? AND seq > ? AND NOT left_out ORDER BY seq"  # noqa: S608
        with _telling("read"):
            for row in self._base.execute(query, (reader, after)):
                yield _entry(row)

    def last(self, reader: str | None = None) -> Entry | None:
        """Return the last move of a reader, or of all, without what it changed."""
        columns = _COLUMNS.replace("change, crc", "x'', 0")
        query = (
            f"SELECT {columns} FROM moves WHERE (?1 IS NULL OR reader = ?1) AND NOT left_out ORDER BY seq DESC LIMIT 1"  # noqa: S608
        )
        with _telling("read"):
            row = self._base.execute(query, (reader,)).fetchone()
        return None if row is None else _entry(row)

    def readers(self) -> tuple[str, ...]:
        """Return who has drawn, first come first."""
        with _telling("read"):
            query = "SELECT reader FROM moves WHERE NOT left_out GROUP BY reader ORDER BY min(seq)"
            return tuple(row[0] for row in self._base.execute(query))

    def leave_out(self, reader: str, first: int) -> int:
        """Leave moves out from a number on, for what they stand on is damaged; return how many."""
        with _telling():
            done = self._base.execute(
                "UPDATE moves SET left_out = 1 WHERE reader = ? AND seq >= ? AND NOT left_out", (reader, first)
            )
            return done.rowcount

    def count_from(self, seq: int) -> None:
        """See to it that the next move has a higher number than this."""
        with _telling():
            known = self._base.execute("SELECT seq FROM sqlite_sequence WHERE name = 'moves'").fetchone()
            if known is None:
                self._base.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('moves', ?)", (seq,))
            elif known[0] < seq:
                self._base.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'moves'", (seq,))

    def facts(self) -> dict[str, str]:
        """Return what is known of the case as a whole."""
        with _telling("read"):
            return dict(self._base.execute("SELECT key, value FROM facts"))

    def note(self, **facts: str) -> None:
        """Write down what is known of the case, in one transaction; what was noted under a key is replaced."""
        if not facts:
            return
        places = ", ".join("(?, ?)" for _ in facts)
        values = [part for fact in facts.items() for part in fact]
        with _telling():
            self._base.execute(f"INSERT OR REPLACE INTO facts (key, value) VALUES {places}", values)  # noqa: S608

    def forget(self, key: str) -> None:
        """Take back a fact that was noted."""
        with _telling():
            self._base.execute("DELETE FROM facts WHERE key = ?", (key,))

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, session, at, way, name, asked, change, crc, lesions, lesion_voxels, voxels = row
    whole = zlib.crc32(change) == crc
    return Entry(session, at, way, name, asked, change, lesions, lesion_voxels, voxels, seq=seq, whole=whole)


def is_full(error: OSError) -> bool:
    """Say whether the disk, or a share of it, is full."""
    return error.errno in _FULL


def not_saved(reason: str) -> CaseError:
    """Return the error for something that was not done because it could not be saved."""
    return CaseError(f"This was not done, because it could not be saved: {reason}. Then do it again.")


@contextmanager
def _telling(doing: str = "saved") -> Iterator[None]:
    """Turn what SQLite says into a sentence.

    Raises:
        CaseError: The disk is full or may not be written to, or another process holds the file for too long.
        DamagedError: The file is damaged.
    """
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if doing != "saved":
            raise CaseError(f"The journal of the case could not be {doing} ({error}). Check its folder.") from error
        if code == sqlite3.SQLITE_FULL:
            raise not_saved("the disk is full. Free some space") from error
        raise not_saved(f"the disk refused it ({error}). Check its space and permissions") from error
    except sqlite3.DatabaseError as error:
        raise DamagedError(
            f"The journal of this case is damaged ({error}). Close the case and open it again: it will be mended."
        ) from error
