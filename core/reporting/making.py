"""How a mask came about, in figures: from the record of its prompts that Lobule writes."""

import json
from dataclasses import dataclass
from typing import Any

from core.editing.record import FORMAT
from core.errors import ReadError


@dataclass(frozen=True)
class ModelUsed:
    """A model that answered prompts.

    Attributes:
        name: Such as ``litemedsam``.
        sha256: Of its weights.
        window: That it was trained on, in words.
        licence: Of its weights.
    """

    name: str
    sha256: str
    window: str
    licence: str


@dataclass(frozen=True)
class Making:
    """How the objects of a mask were made.

    Attributes:
        image: Fingerprint of the CT they were drawn on.
        objects: How many.
        outlines: On how many slices, counting each object.
        boxes: Drawn by the reader.
        points: Clicked by the reader.
        answered: Outlines that a model made and nobody changed.
        changed: Outlines that a model made and a person's tool changed.
        drawn: Outlines that no model made.
        found: Of those that a model made, the ones it proposed without a prompt and the reader accepted.
        models: That answered.
        windows: Level and width in HU that the models saw, each once.
        software: Versions, by name.
    """

    image: str
    objects: int
    outlines: int
    boxes: int
    points: int
    answered: int
    changed: int
    drawn: int
    found: int
    models: tuple[ModelUsed, ...]
    windows: tuple[tuple[float, float], ...]
    software: tuple[tuple[str, str], ...]

    @property
    def is_automatic(self) -> bool:
        """Whether a model had a part in it."""
        return bool(self.models)


def making_of(record: str) -> Making:
    """Read the record that `record.prompts_json` wrote.

    Raises:
        ReadError: It is no such record.
    """
    try:
        return _read(json.loads(record))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReadError(
            f"This is not a record of prompts as Lobule writes it ({FORMAT}). Choose the .json saved with the mask."
        ) from error


def _read(record: dict[str, Any]) -> Making:
    if record["format"] != FORMAT:
        raise ValueError(record["format"])
    slices = [outline for thing in record["objects"] for outline in thing["slices"]]
    by_model = [outline for outline in slices if outline["model"]]
    changed = sum(bool(outline["shaped_by_hand"]) for outline in by_model)
    windows = {(o["window_hu"]["level"], o["window_hu"]["width"]) for o in by_model if o["window_hu"]}
    return Making(
        image=str(record["image"]["fingerprint"]),
        objects=len(record["objects"]),
        outlines=len(slices),
        boxes=sum(outline["box"] is not None for outline in slices),
        points=sum(len(outline["points"]) for outline in slices),
        answered=len(by_model) - changed,
        changed=changed,
        drawn=len(slices) - len(by_model),
        found=sum(bool(outline.get("found")) for outline in by_model),  # not in records of before
        models=tuple(
            ModelUsed(*(str(model[key]) for key in ("name", "sha256", "window", "licence")))
            for model in record["models"]
        ),
        windows=tuple(sorted((float(level), float(width)) for level, width in windows)),
        software=tuple((str(name), str(version)) for name, version in record["software"].items()),
    )
