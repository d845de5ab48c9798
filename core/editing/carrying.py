"""A propagated object as one step: which slices it starts from, and which of its slices it may replace.

A slice that a reader marked with a box or points, or shaped by hand, is theirs: it is a seed for carrying the object
on, and carrying never changes it. All others are the model's, and are replaced.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from core.editing.annotation import Annotation
from core.editing.asked import known_object
from core.editing.outline import Finding, Made
from core.errors import PromptError
from core.imaging.window import Window
from core.segmentation.prompt import Prompt
from core.segmentation.propagation import Seed, Step
from core.segmentation.segmenter import ModelCard


@dataclass(frozen=True, eq=False)
class Course:
    """What to give `propagate` so that it carries an object.

    Attributes:
        seeds: Slice, from 0, to a mask or a prompt.
        first: Lowest slice to go to, or None.
        last: Highest slice to go to, or None.
    """

    seeds: Mapping[int, Seed]
    first: int | None = None
    last: int | None = None


def marked(finding: Finding) -> tuple[int, ...]:
    """Return the slices of an object that a reader marked or shaped, from 0, rising."""
    return tuple(o.z for o in finding.outlines if o.box is not None or o.points or o.by_hand)


def course(annotation: Annotation, identity: int, z: int | None = None, prompt: Prompt | None = None) -> Course:
    """Return how to carry an object from all its marked slices, or anew from one of its slices only.

    Args:
        annotation: Holds the object.
        identity: The object.
        z: Carry it from here, up to the next marked slice on either side; None for all of it.
        prompt: What was marked on slice ``z`` just now; by default the object's mask there is the seed.

    Raises:
        PromptError: The object is gone, or there is nothing to start from.
    """
    finding = known_object(annotation, identity)
    _, height, width = annotation.grid.shape
    masks, own = finding.masks((height, width)), marked(finding)
    if z is None:
        if not own:
            raise PromptError(
                f"Object {identity} has no slice that was marked or drawn. Mark it on a slice, then carry it on."
            )
        return Course({mark: masks[mark] for mark in own})
    if prompt is None and z not in masks:
        raise PromptError(f"Object {identity} is not on slice {z + 1}. Mark it there, then carry it on.")
    below = max((mark for mark in own if mark < z), default=None)
    above = min((mark for mark in own if mark > z), default=None)
    seeds: dict[int, Seed] = {mark: masks[mark] for mark in (below, above) if mark is not None}
    return Course({**seeds, z: prompt or masks[z]}, below, above)


def carry(
    annotation: Annotation,
    steps: Iterable[Step],
    *,
    model: ModelCard,
    window: Window | None = None,
    identity: int | None = None,
    label: int | None = None,
) -> int:
    """Give an object the slices that were propagated, in one step; its marked slices stay as they are now.

    A slice beyond the one where a walk ended is taken off the object, up to the next marked one. Where a walk was
    cancelled nothing ended, so what lies beyond stays.

    Args:
        annotation: Is changed; not by two threads at once.
        steps: From `propagate`, all or those that were done.
        model: The model that answered.
        window: What it was shown; by default that of the model.
        identity: The object, or None for a new one.
        label: Of a new object.

    Returns:
        The id of the object.

    Raises:
        PromptError: The object is gone, or there is nothing to draw.
    """
    done = {step.z: step for step in steps}
    finding = None if identity is None else known_object(annotation, identity)
    kept = set(marked(finding)) if finding else set()
    drawn = {z: step for z, step in done.items() if z not in kept or _is_asked(step)}
    masks = {z: step.mask for z, step in drawn.items() if finding is None or step.prompt is not None}
    if finding is not None:
        nothing = np.zeros(annotation.grid.shape[1:], dtype=bool)
        masks |= dict.fromkeys(_beyond(done, set(finding.slices), kept), nothing)
    each = {z: _made(drawn[z], model, window or model.window) for z in masks.keys() & drawn.keys()}
    number = annotation.next_id if identity is None else identity
    return annotation.draw(masks, _name(number, done.values()), identity=identity, label=label, each=each)


def _is_asked(step: Step) -> bool:
    """Say whether a reader asked for this very slice."""
    return step.z == step.origin and step.prompt is not None


def _made(step: Step, model: ModelCard, window: Window) -> Made:
    if step.prompt is None:
        return {}  # a mask of the reader's
    if _is_asked(step):
        box, points = step.prompt.box, step.prompt.points
        return {"box": box, "points": points, "score": step.score, "model": model, "window": window}
    return {"box": None, "points": (), "score": step.score, "model": model, "window": window}


def _beyond(done: Mapping[int, Step], slices: set[int], kept: set[int]) -> set[int]:
    """Return the slices past the ends of the walks, each up to the next slice that stays."""
    gone: set[int] = set()
    staying = kept | {z for z, step in done.items() if z == step.origin}
    for step in done.values():
        if step.stopped:
            way = 1 if step.z > step.origin else -1
            wall = min(((z - step.z) * way for z in staying if (z - step.z) * way > 0), default=math.inf)
            gone |= {z for z in slices if 0 < (z - step.z) * way < wall}
    return gone - done.keys()


def _name(identity: int, steps: Iterable[Step]) -> str:
    reached = [step.z for step in steps if step.mask.any()]
    if len(reached) < 2:
        return f"carry object {identity}"
    return f"carry object {identity} through slices {min(reached) + 1}–{max(reached) + 1}"
