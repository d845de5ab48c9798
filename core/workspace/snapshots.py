"""Snapshots: a reader's whole state with its undo history in one file, and beside it the labels for any viewer.

The journal alone says everything. A snapshot makes reopening quick, for only the moves behind it are read; stands in
for a journal that is damaged; and holds the labels in a file that 3D Slicer opens if Lobule is gone.
"""

import contextlib
import json
import shutil
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from core.editing.annotation import Annotation
from core.editing.history import Move, State, Way
from core.imaging.volume import Volume
from core.imaging.writing import write_mask
from core.segmentation.cachefolder import is_unfinished, make_private, replacing, sync_folder
from core.workspace.changes import EMPTY, Change, unpacked

KEPT = 5
_MAGIC = b"LOBULE-STATE-1\n"
_HEAD = struct.Struct("<II")  # length of the header, checksum of all behind this
_STATE, _LABELS = ".state", ".seg.nrrd"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A state, and how it came about as far as that can be undone.

    Attributes:
        reader: Whose it is.
        seq: The last move in it.
        base: The oldest state.
        moves: Those since.
    """

    reader: str
    seq: int
    base: State
    moves: tuple[Move, ...]


def save(snapshot: Snapshot, folder: Path, volume: Volume) -> Annotation:
    """Write a snapshot and its labels, each whole or not at all; older ones beyond the last five go.

    Returns:
        What the snapshot shows.

    Raises:
        OSError: It could not be written.
        WriteError: The labels could not be written.
    """
    name = f"{snapshot.seq:08d}"
    annotation = Annotation(volume.grid)
    annotation.recall(snapshot.moves[-1].after if snapshot.moves else snapshot.base)
    make_private(folder)
    write_mask(annotation.label_map(), volume, folder / f"{name}{_LABELS}", annotation.labels)
    with replacing(folder / f"{name}{_STATE}", durable=True) as file:
        file.write(_packed(snapshot))
    _tidy(folder)
    return annotation


def newest(folder: Path) -> Snapshot | None:
    """Return the newest snapshot that is whole, or None."""
    for path in sorted(folder.glob(f"*{_STATE}"), reverse=True):
        with contextlib.suppress(OSError, ValueError):
            return read(path)
    return None


def read(path: Path) -> Snapshot:
    """Read a snapshot.

    Raises:
        OSError: There is none.
        ValueError: It is not whole.
    """
    return _unpacked(path.read_bytes())


def _packed(snapshot: Snapshot) -> bytes:
    steps = [Change.between(EMPTY, snapshot.base).packed()]
    steps += [Change.between(m.before, m.after).packed() for m in snapshot.moves if m.way is Way.STEP]
    header = {
        "reader": snapshot.reader,
        "seq": snapshot.seq,
        "moves": [(move.way.value, move.name) for move in snapshot.moves],
        "bytes": [len(step) for step in steps],
    }
    head = json.dumps(header).encode()
    body = b"".join((head, *steps))
    return _MAGIC + _HEAD.pack(len(head), zlib.crc32(body)) + body


def _unpacked(data: bytes) -> Snapshot:
    start = len(_MAGIC) + _HEAD.size
    if not data.startswith(_MAGIC) or len(data) < start:
        raise ValueError("this is no snapshot")
    length, check = _HEAD.unpack_from(data, len(_MAGIC))
    if zlib.crc32(data[start:]) != check:
        raise ValueError("the snapshot is damaged")
    header, start = json.loads(data[start : start + length]), start + length
    changes = []
    for size in header["bytes"]:
        changes.append(unpacked(data[start : start + size]))
        start += size
    base = changes[0].applied(EMPTY)
    ways = [(Way(way), name) for way, name in header["moves"]]
    return Snapshot(str(header["reader"]), int(header["seq"]), base, _moves(base, ways, changes))


def _moves(state: State, ways: list[tuple[Way, str]], changes: list[Change]) -> tuple[Move, ...]:
    """Return the moves; the states of undos are those that the steps before them led to, for they come last."""
    moves: list[Move] = []
    steps = iter(changes[1:])
    past: list[State] = []
    for way, name in ways:
        before = state
        if way is Way.STEP:
            past.append(state)
            state = next(steps).applied(state)
        else:
            state = past.pop()
        moves.append(Move(way, name, before, state))
    return tuple(moves)


def _tidy(folder: Path) -> None:
    """Remove all but the newest snapshots, and what was never finished."""
    for suffix in (_STATE, _LABELS):
        for path in sorted(folder.glob(f"*{suffix}"), reverse=True)[KEPT:]:
            path.unlink(missing_ok=True)
    for path in folder.glob(".*"):
        if is_unfinished(path):
            path.unlink(missing_ok=True)
        elif path.is_dir():  # labels whose writing was cut short
            shutil.rmtree(path, ignore_errors=True)
    sync_folder(folder)
