"""The record of how masks came about: boxes, points, scores, models and windows as JSON, without a patient's name."""

import json
import math
import platform
from importlib.metadata import version
from typing import Any

from core.editing.annotation import Annotation
from core.editing.outline import Finding, Outline, Proposal
from core.imaging.volume import Volume
from core.segmentation.prompt import Box
from core.version import VERSION

FORMAT = "lobule-prompts/2"
_PACKAGES = ("torch", "SimpleITK", "numpy")


def prompts_json(annotation: Annotation, volume: Volume) -> str:
    """Return the prompts of an annotation as indented JSON text; open proposals are left out, as in the label map.

    The image is known by its fingerprint alone: neither a name nor the file's name is written.

    Args:
        annotation: Made on ``volume.grid``.
        volume: The CT.
    """
    settled = [finding for finding in annotation.findings if not finding.is_proposed]
    models = {o.model.sha256: o.model for finding in settled for o in finding.outlines if o.model}
    names = {label.value: label.name for label in annotation.labels}
    record = {
        "format": FORMAT,
        "conventions": "slices count from 1 at the feet; rows and columns are half-open [first, end) voxels from 0, "
        "rows growing to the back, columns to the patient's left (L-P-S); box, points, score and model are those of "
        "the prompt asked last on a slice, whose mask was changed afterwards where it was shaped by hand; what was "
        "found, a model proposed without a prompt and the reader accepted",
        "image": {
            "fingerprint": volume.key,
            "slices_rows_columns": list(volume.grid.shape),
            "spacing_mm": [round(mm, 6) for mm in volume.grid.spacing] if volume.grid.has_spacing else None,
            "intensity": volume.intensity.value,
        },
        "labels": [{"value": label.value, "name": label.name, "colour": label.css} for label in annotation.labels],
        "objects": [_object(finding, annotation, names, volume.has_hu) for finding in settled],
        "models": [
            {"name": card.name, "sha256": card.sha256, "window": str(card.window), "licence": card.licence}
            for card in models.values()
        ],
        "software": _software(),
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _object(finding: Finding, annotation: Annotation, names: dict[int, str], has_hu: bool) -> dict[str, Any]:
    return {
        "id": finding.id,
        "label": {"value": finding.label, "name": names[finding.label]},
        "voxels": finding.voxels,
        "volume_ml": _number(finding.volume_ml(annotation.grid)),
        "slices": [_slice(outline, annotation, has_hu) for outline in finding.outlines],
    }


def _slice(outline: Outline, annotation: Annotation, has_hu: bool) -> dict[str, Any]:
    card = outline.model
    window = outline.window if has_hu else None
    return {
        "slice": outline.z + 1,
        "box": _spans(outline.box) if outline.box else None,
        "points": [{"row": point.y, "column": point.x, "on_object": point.positive} for point in outline.points],
        "extent": _spans(outline.frame),
        "area_voxels": outline.voxels,
        "area_mm2": _number(annotation.area_mm2(outline)),
        "score": _number(outline.score),
        "model": {"name": card.name, "sha256": card.sha256} if card else None,
        "window_hu": {"level": window.level_hu, "width": window.width_hu} if window else None,
        "shaped_by_hand": outline.by_hand,
        "found": outline.proposal is Proposal.ACCEPTED,
    }


def _spans(box: Box) -> dict[str, list[int]]:
    return {"rows": [box.y0, box.y1], "columns": [box.x0, box.x1]}


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _software() -> dict[str, str]:
    ours = {"lobule": VERSION, "python": platform.python_version()}
    return ours | {package: version(package) for package in _PACKAGES}
