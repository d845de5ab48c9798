"""What is known of a checkpoint besides its tensors: from the list of published files, or from its owner."""

import json
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.segmentation.folders import MANIFEST, SHIPPED
from core.segmentation.networks import Architecture

_MANIFEST_KEYS = {"name", "title", "recipe", "sha256", "licence", "source"}
_SIDECAR_KEYS = {"title", "recipe", "level_hu", "width_hu", "licence", "source", "scores"}
_NO_TEXTS = {"level_hu", "width_hu", "scores"}
_FARTHEST_HU = 1e6  # far beyond what any CT holds


def manifest() -> list[dict[str, Any]]:
    """Return what is known of the published files; empty if the list is missing or no list."""
    try:
        entries = json.loads((SHIPPED / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(entries, list):
        return []
    return [entry for entry in entries if _is_entry(entry)]


def facts(path: Path, architecture: Architecture, fingerprint: str) -> tuple[dict[str, Any], str]:
    """Return what is known of a checkpoint, and in a sentence what had to be assumed.

    MedSAM has the tensors of SAM ViT-B, name by name and shape by shape, and wants its picture in another way.
    So the fingerprint decides, then what the user wrote beside the file, then its name.

    Raises:
        WeightsError: The file has the name of one that comes with Lobule, but not its content; or what is written
            beside it makes no sense.
    """
    for entry in manifest():
        if entry["sha256"] == fingerprint:
            return entry, ""
        if path.parent == SHIPPED and entry.get("file") == path.name:
            raise WeightsError(
                f"{path.name} is not the file that comes with Lobule: its sha256 begins with {fingerprint[:12]}, and "
                f"that in {MANIFEST} with {entry['sha256'][:12]}. Restore it, or give your own file another name."
            )
    if architecture is Architecture.LITE:
        default = {"recipe": "litemedsam", "title": f"LiteMedSAM, {path.stem}"}
    elif "medsam" in path.name.lower():
        default = {"recipe": "medsam", "title": f"MedSAM, {path.stem}"}
    else:
        default = {"recipe": "sam", "title": f"{architecture}, {path.stem}"}
    written = _sidecar(path)
    if "recipe" in written or architecture is Architecture.LITE:
        return default | written, ""
    assumption = (
        f"{path.name} is not a published file; judging by its name it is fed as {default['recipe']} is. "
        f"If that is wrong, say so in {path.name}.json (see weights/README.md)."
    )
    return default | written, assumption


def _is_entry(entry: Any) -> bool:
    is_told = isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in _MANIFEST_KEYS)
    return is_told and ("level_hu" not in entry or _is_window(entry["level_hu"], entry.get("width_hu")))


def _sidecar(path: Path) -> dict[str, Any]:
    """Return what the user wrote about a checkpoint in ``<file name>.json``; empty if there is no such file."""
    beside = path.with_name(path.name + ".json")
    if not beside.is_file():
        return {}
    try:
        written = json.loads(beside.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as failure:
        raise WeightsError(f"{beside.name} is not valid JSON. See the example in weights/README.md.") from failure
    if not isinstance(written, dict) or not written.keys() <= _SIDECAR_KEYS:
        raise WeightsError(f"{beside.name} may hold only: {', '.join(sorted(_SIDECAR_KEYS))}.")
    if {"level_hu", "width_hu"} & written.keys() and not _is_window(written.get("level_hu"), written.get("width_hu")):
        raise WeightsError(f"{beside.name} must give level_hu and width_hu together, as numbers, the width at least 1.")
    if not isinstance(written.get("scores", {}), dict):
        raise WeightsError(f"{beside.name} must give its scores as names with their figures.")
    if not all(isinstance(written[key], str) for key in written.keys() - _NO_TEXTS):
        raise WeightsError(f"{beside.name} must give its texts in quotation marks.")
    return written


def _is_window(level: Any, width: Any) -> bool:
    """Say whether two values of a JSON file make a window; it may hold NaN, Infinity and numbers of any length."""
    if not isinstance(level, int | float) or not isinstance(width, int | float):
        return False
    return abs(level) <= _FARTHEST_HU and 1 <= width <= _FARTHEST_HU
