"""Every edit that the viewer can ask for, as a command that was read strictly.

===============  ==========================================================================================
``do``           fields
===============  ==========================================================================================
`paint`          object or null, label, points ``[[z, y, x], ...]``, radius_mm; ball, erase, hu ``[low, high]``
`polygon`        object or null, label, z, vertices ``[[y, x], ...]``; erase
`fill_holes`     object
`keep_largest`   object
`remove_small`   object, mm3
`smooth`         object, mm
`tidy`           object, mm
`grow`           object, mm (negative shrinks)
`interpolate`    object
`copy`           object, z, to
`delete`         object
`delete_slice`   object, z
`relabel`        object, label
`accept`         object
`accept_all`
`drop_all`
`add_label`      name
`undo`, `redo`
===============  ==========================================================================================

Slices count from 0 here; places are in voxels, whose centres are whole numbers. Fields behind a semicolon may be
left out.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Protocol

from core.editing.annotation import Annotation
from core.editing.drawing import Paint, Polygon
from core.editing.keeping import AddLabel, Copy, Delete, DeleteSlice, Redo, Relabel, Undo
from core.editing.proposing import Accept, AcceptAll, DropAll
from core.editing.shaping import FillHoles, Grow, Interpolate, KeepLargest, RemoveSmall, Smooth, Tidy
from core.imaging.volume import Volume

KINDS: Mapping[str, type["Command"]] = {
    "paint": Paint,
    "polygon": Polygon,
    "fill_holes": FillHoles,
    "keep_largest": KeepLargest,
    "remove_small": RemoveSmall,
    "smooth": Smooth,
    "tidy": Tidy,
    "grow": Grow,
    "interpolate": Interpolate,
    "copy": Copy,
    "delete": Delete,
    "delete_slice": DeleteSlice,
    "relabel": Relabel,
    "accept": Accept,
    "accept_all": AcceptAll,
    "drop_all": DropAll,
    "add_label": AddLabel,
    "undo": Undo,
    "redo": Redo,
}


class Command(Protocol):
    """One edit: a frozen dataclass of its fields."""

    def perform(self, annotation: Annotation, volume: Volume) -> int | None:
        """Do it in one step, and return the object that is active now."""


def from_json(asked: Mapping[str, Any]) -> Command:
    """Read a command.

    Args:
        asked: As `json.loads` returns it: ``do`` and the fields of that command.

    Raises:
        ValueError: There is no such command, or a field is unknown, missing or of another kind.
    """
    if not isinstance(asked, Mapping) or not isinstance(asked.get("do"), str) or asked["do"] not in KINDS:
        raise ValueError(f"do must be one of {', '.join(KINDS)}")
    kind = KINDS[asked["do"]]
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = asked.keys() - known.keys() - {"do"}
    missing = {name for name, field in known.items() if field.default is MISSING} - asked.keys()
    if unknown or missing:
        raise ValueError(f"{asked['do']}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    return kind(**{name: _read(field.metadata, name, asked[name]) for name, field in known.items() if name in asked})


def perform(command: Command, annotation: Annotation, volume: Volume) -> int | None:
    """Do what a command says, in one step that can be undone.

    Args:
        command: From `from_json`.
        annotation: Is changed; not by two threads at once.
        volume: The CT it was made on.

    Returns:
        The object that is active now, or None.

    Raises:
        PromptError: There is nothing to do, or what it names is gone; told in a sentence.
        ValueError: A slice lies outside the volume.
    """
    return command.perform(annotation, volume)


def _read(metadata: Mapping[str, Any], name: str, value: Any) -> Any:
    try:
        return metadata["read"](value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
