"""What the browser is told of an annotation: its objects in words, and where they lie as a map of their numbers."""

import json
import math
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from core.editing.annotation import Annotation
from core.editing.outline import Outline
from core.segmentation.prompt import Box


def answer(annotation: Annotation, since: int, active: int | None = None) -> bytes:
    """Return everything that changed since a version.

    A header as JSON behind its length in four bytes, then the object numbers (uint16) of the changed regions, row by
    row; all little-endian. A slice is cleared first, then its region is filled in.

    Args:
        annotation: What the browser shows.
        since: The version it knows; 0 for none.
        active: The object that the last command worked on.
    """
    changed = sorted(annotation.changed_since(since))
    regions, numbers = [], []
    for z in changed:
        ids = annotation.object_slice(z)
        frame = _frame(ids)
        if frame is not None:
            crop = ids[frame.y0 : frame.y1, frame.x0 : frame.x1]
            regions.append({"z": z, "y0": frame.y0, "x0": frame.x0, "h": frame.height, "w": frame.width})
            numbers.append(np.ascontiguousarray(crop, dtype="<u2").tobytes())
    header = json.dumps(_header(annotation, active) | {"regions": regions, "cleared": changed}).encode()
    return b"".join((struct.pack("<I", len(header)), header, *numbers))


def _header(annotation: Annotation, active: int | None) -> dict[str, Any]:
    return {
        "version": annotation.version,
        "active": active,
        "undo": annotation.undo_name,
        "redo": annotation.redo_name,
        "labels": [{"value": label.value, "name": label.name, "colour": label.css} for label in annotation.labels],
        "objects": [
            {
                "id": finding.id,
                "label": finding.label,
                "slices": list(finding.slices),
                "voxels": finding.voxels,
                "ml": _number(finding.volume_ml(annotation.grid)),
                "score": _number(finding.score),
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


def _frame(ids: npt.NDArray[np.uint16]) -> Box | None:
    rows, columns = np.flatnonzero(ids.any(axis=1)), np.flatnonzero(ids.any(axis=0))
    if not len(rows):
        return None
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
