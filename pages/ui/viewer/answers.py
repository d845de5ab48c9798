"""What the browser is told of an annotation: its objects in words, and where they lie as a map of their numbers."""

import json
import math
import struct
from dataclasses import asdict
from typing import Any

from core.editing.annotation import Annotation
from core.editing.carrying import marked
from core.editing.outline import Outline
from pages.ui.seen import Tried
from pages.ui.words import ENGLISH
from pages.ui.words.steps import known


def answer(
    annotation: Annotation,
    since: int,
    active: int | None = None,
    language: str = ENGLISH,
    tried: Tried | None = None,
) -> bytes:
    """Return everything that changed since a version.

    A header as JSON behind its length in four bytes, then the object numbers (uint16) of the changed regions, row by
    row; all little-endian. Outside of its region a slice is as it was; a cleared slice holds nothing any more.

    Args:
        annotation: What the browser shows.
        since: The version it knows; 0 for none.
        active: The object that the last command worked on.
        language: Of the names of steps and labels.
        tried: Which pictures were tried for the mask that was asked for, if the model was unsure.
    """
    regions, numbers, cleared = [], [], []
    for z, box in sorted(annotation.touched_since(since).items()):
        ids = annotation.object_slice(z)
        if not ids.any():
            cleared.append(z)
            continue
        regions.append({"z": z, "y0": box.y0, "x0": box.x0, "h": box.height, "w": box.width})
        numbers.append(ids[box.y0 : box.y1, box.x0 : box.x1].astype("<u2").tobytes())
    changed = {"regions": regions, "cleared": cleared, "tried": asdict(tried) if tried else None}
    header = json.dumps(_header(annotation, active, language) | changed).encode()
    return b"".join((struct.pack("<I", len(header)), header, *numbers))


def _header(annotation: Annotation, active: int | None, language: str) -> dict[str, Any]:
    return {
        "version": annotation.version,
        "active": active,
        "undo": known(annotation.undo_name, language),
        "redo": known(annotation.redo_name, language),
        "labels": [
            {"value": label.value, "name": known(label.name, language), "colour": label.css}
            for label in annotation.labels
        ],
        "objects": [
            {
                "id": finding.id,
                "label": finding.label,
                "slices": list(finding.slices),
                "marked": list(marked(finding)),
                "voxels": finding.voxels,
                "ml": _number(finding.volume_ml(annotation.grid)),
                "score": _number(finding.score),
                "proposed": finding.is_proposed,
                "prompts": [_prompt(outline) for outline in finding.outlines if outline.box or outline.points],
            }
            for finding in annotation.findings
        ],
    }


def _prompt(outline: Outline) -> dict[str, Any]:
    box = outline.box
    return {
        "z": outline.z,
        "box": [box.y0, box.x0, box.y1, box.x1] if box else None,
        "points": [[point.y, point.x, point.positive] for point in outline.points],
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
