"""The record of how a reader's masks of a case came about: every prompt and edit in its order, as one JSON text."""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.editing.annotation import Annotation
from core.editing.history import Way
from core.editing.outline import Outline
from core.errors import CaseError
from core.workspace.changes import Change, unpacked
from core.workspace.journal import Entry
from core.workspace.kept import KeptCase
from core.workspace.recalling import BASE

FORMAT = "lobule-replay/1"
_LARGEST_BYTES = 512 * 2**20
_CONVENTIONS = (
    "actions in their order; `asked` is what the reader asked for, slices and voxels from 0; `answers` are the "
    "model's, with the prompt of each; `change` is what the action did, masks and all, as Lobule packs it; `result` is "
    "the sha256 of the label map, one byte a voxel, slices from the feet up, rows to the back, columns to the left"
)


@dataclass(frozen=True, eq=False)
class Action:
    """One move of a record.

    Attributes:
        way: Of `core.editing.history.Way`, or ``base``.
        name: Of the step.
        asked: What was asked for, or None if that is not known.
        change: What it did; None for an undo or redo.
    """

    way: str
    name: str
    asked: Mapping[str, Any] | None
    change: Change | None


@dataclass(frozen=True, eq=False)
class Record:
    """A record as it was read.

    Attributes:
        image: Fingerprint of the CT.
        shape: Its slices, rows and columns.
        actions: In their order.
        result: sha256 of the label map at the end.
    """

    image: str
    shape: tuple[int, int, int]
    actions: tuple[Action, ...]
    result: str


def audit_json(kept: KeptCase, *, initials: bool = False) -> str:
    """Return the record of a case, for the reader it is open for.

    The image is known by its fingerprint alone: neither its name nor that of its file is written.

    Args:
        kept: The case.
        initials: Whether the reader's initials go into it.
    """
    volume, grid = kept.volume, kept.volume.grid
    entries = list(kept.entries())
    changes = [unpacked(entry.change) if entry.change else None for entry in entries]
    models = {o.model.sha256: o.model for change in changes if change for o in change.come if o.model}
    record = {
        "format": FORMAT,
        "conventions": _CONVENTIONS,
        "image": {
            "fingerprint": volume.key,
            "slices_rows_columns": list(grid.shape),
            "spacing_mm": [round(mm, 6) for mm in grid.spacing] if grid.has_spacing else None,
            "intensity": volume.intensity.value,
        },
        "reader": (kept.reader or None) if initials else None,
        "models": [
            {"name": card.name, "sha256": card.sha256, "window": str(card.window), "licence": card.licence}
            for card in models.values()
        ],
        "software": {str(number): session.software for number, session in kept.sessions().items()},
        "actions": [_action(entry, change) for entry, change in zip(entries, changes, strict=True)],
        "result": {
            "sha256": fingerprint(kept.annotation),
            "labels": [{"value": label.value, "name": label.name} for label in kept.annotation.labels],
        },
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        CaseError: The file cannot be read, is no record, or is damaged.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CaseError(f"{path.name} is larger than 512 MB, and so no record of a case.")
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CaseError(f"{path.name} cannot be read as a record of a case. Export it again.") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise CaseError(f"{path.name} is no record of a case ({FORMAT}). Export it again with this version.")
    try:
        z, y, x = (int(n) for n in told["image"]["slices_rows_columns"])
        actions = tuple(_read(action) for action in told["actions"])
        return Record(str(told["image"]["fingerprint"]), (z, y, x), actions, str(told["result"]["sha256"]))
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise CaseError(f"{path.name} is a record of a case with parts missing or damaged. Export it again.") from error


def fingerprint(annotation: Annotation) -> str:
    """Return the sha256 of a label map, ``(z, y, x)`` uint8, as `audit_json` writes it."""
    return hashlib.sha256(np.ascontiguousarray(annotation.label_map().voxels, dtype=np.uint8).data).hexdigest()


def _action(entry: Entry, change: Change | None) -> dict[str, Any]:
    at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
    return {
        "number": entry.seq,
        "at": at.replace("+00:00", "Z"),
        "session": entry.session,
        "way": entry.way,
        "name": entry.name,
        "asked": None if entry.asked is None else json.loads(entry.asked),
        "answers": [_answer(o) for o in change.come if o.model and not o.by_hand] if change else [],
        "change": base64.b64encode(entry.change).decode(),
    }


def _answer(outline: Outline) -> dict[str, Any]:
    box, window = outline.box, outline.window
    return {
        "object": outline.id,
        "z": outline.z,
        "box": [box.y0, box.x0, box.y1, box.x1] if box else None,
        "points": [[point.y, point.x, point.positive] for point in outline.points],
        "score": round(outline.score, 4) if math.isfinite(outline.score) else None,
        "model": outline.model.sha256 if outline.model else None,
        "window": [window.level_hu, window.width_hu] if window else None,
    }


def _read(told: Mapping[str, Any]) -> Action:
    way, packed = str(told["way"]), base64.b64decode(told["change"], validate=True)
    if way not in (*Way, BASE):
        raise ValueError(f"{way} is no way")
    asked = told["asked"]
    if asked is not None and not isinstance(asked, dict):
        raise TypeError("asked must be an object")
    return Action(way, str(told["name"]), asked, unpacked(packed) if packed else None)
