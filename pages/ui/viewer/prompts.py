"""Prompts from the viewer: a box or points become a mask, and the mask an object."""

from collections.abc import Mapping
from typing import Any

from core.editing.annotation import Annotation, Made
from core.editing.asked import known_label, known_object
from core.errors import PromptError
from core.segmentation.prompt import Box, Point, Prompt
from pages.ui import models
from pages.ui.asking import answered
from pages.ui.seen import Tried, enlarged
from pages.ui.state import AppState, Case
from pages.ui.words import said

KINDS = ("box", "points")


def ask(state: AppState, case: Case, asked: Mapping[str, Any]) -> tuple[int, Tried | None]:
    """Ask the model for the mask of a prompt, and keep it as an object.

    Others may change the annotation while the model works, which takes long if it has to be loaded first.

    Args:
        state: Of the session; it names the model.
        case: What the prompt was drawn on.
        asked: ``z``, ``box`` and ``points`` in voxels, the ``object`` it belongs to or None, and the ``label`` of a
            new one.

    Returns:
        The id of the object, and which pictures were tried if the model was unsure.

    Raises:
        LobuleError: The model cannot answer or found nothing, or the object or label is gone.
        ValueError: The request makes no sense.
        KeyError: It lacks a field.
    """
    z, prompt = int(asked["z"]), _prompt(asked)
    if not 0 <= z < case.volume.slices:
        raise ValueError(f"z must lie in 0..{case.volume.slices - 1}, got {z}")
    identity: int | None
    identity, label = asked.get("object"), int(asked["label"])
    _check(case.annotation, identity, label)
    segmenter = models.segmenter(state.model)
    prediction = answered(case, z, prompt, segmenter)
    if not prediction.mask.any():
        raise PromptError(said(state.language, "ask.nothing", slice=z + 1))
    made: Made = {
        "box": prompt.box,
        "points": prompt.points,
        "score": prediction.score,
        "model": segmenter.card,
        "window": models.fed_window(case, segmenter),
    }
    with case.turn:
        _check(case.annotation, identity, label)
        step, masks = _step(prompt, z), {z: prediction.mask}
        identity = case.annotation.draw(masks, step, identity=identity, label=label, **made)
        tried = case.seen.tried if case.seen else None
        if tried and tried.enlarged:
            enlarged.add(case.annotation.find(identity, z))
        return identity, tried


def _check(annotation: Annotation, identity: int | None, label: int) -> None:
    """Refuse an object or a label that has gone while the prompt was drawn."""
    if identity is None:
        known_label(annotation, label)
    else:
        known_object(annotation, identity)


def look(state: AppState, case: Case, z: int) -> None:
    """Have a slice encoded ahead of its first prompt, and then the others, unless the reader paused that."""
    case.z = min(max(z, 0), case.volume.slices - 1)
    if state.paused:
        return
    segmenter = models.segmenter(state.model)
    models.encode_ahead(state, case, segmenter)
    _heed_pause(state)  # of meanwhile: a model takes seconds to load


def _heed_pause(state: AppState) -> None:
    if state.paused:
        models.prefetch().cancel(state.reader)


def _prompt(asked: Mapping[str, Any]) -> Prompt:
    box = Box(*(int(edge) for edge in asked["box"])) if asked.get("box") else None
    points = tuple(Point(int(y), int(x), bool(positive)) for y, x, positive in asked.get("points") or ())
    return Prompt(box, points)


def _step(prompt: Prompt, z: int) -> str:
    if not prompt.points:
        return f"box on slice {z + 1}"
    return f"point on slice {z + 1}" if len(prompt.points) == 1 else f"{len(prompt.points)} points on slice {z + 1}"
