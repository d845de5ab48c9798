"""What was asked for when an object was carried or a CT was searched, as JSON that a replay can ask again."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.editing.carrying import Course
from core.editing.outline import Finding
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.propagation import Seed, Step
from core.segmentation.segmenter import ModelCard
from core.workspace.journal import CARRY, FIND


def carrying(
    plan: Course,
    steps: Iterable[Step],
    *,
    model: ModelCard,
    window: Window,
    identity: int | None,
    label: int | None = None,
) -> dict[str, Any]:
    """Return what to give `KeptCase.acting` round `carry`.

    Args:
        plan: What `propagate` was given. A seed that is a mask must be the object's own, as it still is.
        steps: Those that were done, as `carry` is given them.
        model: The model that answered.
        window: What it was shown.
        identity: The object, or None for a new one.
        label: Of a new object.
    """
    return {
        "do": CARRY,
        "object": identity,
        "label": label,
        "seeds": [{"z": z, **_told(seed)} for z, seed in sorted(plan.seeds.items())],
        "first": plan.first,
        "last": plan.last,
        "slices": sorted(step.z for step in steps),
        "model": model.sha256,
        "window": [window.level_hu, window.width_hu],
    }


def plan_of(asked: Mapping[str, Any], finding: Finding | None, shape: tuple[int, int]) -> Course:
    """Return what `propagate` was given.

    Args:
        asked: From `carrying`.
        finding: The object as it is now, or None for a new one.
        shape: Of a slice, ``(H, W)``.

    Raises:
        KeyError: A part is missing, or the object is not on a slice that it was carried from.
        ValueError: A part makes no sense.
    """
    own = finding.masks(shape) if finding else {}
    seeds: dict[int, Seed] = {}
    for seed in asked["seeds"]:
        box, points = seed.get("box"), seed.get("points", ())
        z = int(seed["z"])
        if box is None and not points:
            seeds[z] = own[z]
        else:
            marks = tuple(Point(int(y), int(x), bool(positive)) for y, x, positive in points)
            seeds[z] = Prompt(Box(*(int(edge) for edge in box)) if box else None, marks)
    return Course(seeds, asked["first"], asked["last"])


def finding(networks: Iterable[str], refiner: ModelCard | None) -> dict[str, Any]:
    """Return what to give `KeptCase.acting` round `propose`.

    Args:
        networks: The sha256 of each that looked, in their order.
        refiner: The model that drew what they found, or None.
    """
    return {"do": FIND, "networks": list(networks), "refiner": refiner.sha256 if refiner else None}


def _told(seed: Seed) -> dict[str, Any]:
    if not isinstance(seed, Prompt):
        return {}
    box = seed.box
    return {
        "box": [box.y0, box.x0, box.y1, box.x1] if box else None,
        "points": [[point.y, point.x, point.positive] for point in seed.points],
    }
