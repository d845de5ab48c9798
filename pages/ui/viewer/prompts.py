"""Prompts from the viewer: a box or points become a mask, and the mask an object."""

from collections.abc import Mapping
from typing import Any

from core.editing.annotation import Made
from core.errors import PromptError
from core.segmentation.embeddings import segment_slice
from core.segmentation.prompt import Box, Point, Prompt
from pages.ui import models
from pages.ui.state import AppState, Case, Seen
from pages.ui.words import said

KINDS = ("box", "points")


def ask(state: AppState, case: Case, asked: Mapping[str, Any]) -> int:
    """Ask the model for the mask of a prompt, and keep it as an object.

    Args:
        state: Of the session; it names the model.
        case: What the prompt was drawn on.
        asked: ``z``, ``box`` and ``points`` in voxels, the ``object`` it belongs to or None, and the ``label`` of a
            new one.

    Returns:
        The id of the object.

    Raises:
        LobuleError: The model cannot answer, or found nothing.
        ValueError: The request makes no sense.
        KeyError: It lacks a field, or there is no such object.
    """
    z, prompt = int(asked["z"]), _prompt(asked)
    if not 0 <= z < case.volume.slices:
        raise ValueError(f"z must lie in 0..{case.volume.slices - 1}, got {z}")
    segmenter = models.segmenter(state.model)
    window, embeddings = models.fed_window(case, segmenter), models.embeddings()
    prediction = segment_slice(case.volume, z, prompt, segmenter, embeddings, window)
    seen = embeddings.of(case.volume, z, segmenter, window).seen
    case.seen = Seen(z, seen, prediction.seen_box, window)
    identity = asked.get("object")
    if not prediction.mask.any():
        raise PromptError(said(state.language, "ask.nothing", slice=z + 1))
    made: Made = {
        "box": prompt.box,
        "points": prompt.points,
        "score": prediction.score,
        "model": segmenter.card,
        "window": window,
    }
    masks, label = {z: prediction.mask}, int(asked["label"])
    return case.annotation.draw(masks, _step(prompt, z), identity=identity, label=label, **made)


def look(state: AppState, case: Case, z: int) -> None:
    """Have a slice encoded ahead of its first prompt."""
    case.z = min(max(z, 0), case.volume.slices - 1)
    segmenter = models.segmenter(state.model)
    models.prefetch().want(state.reader, case.volume, case.z, segmenter, models.fed_window(case, segmenter))


def _prompt(asked: Mapping[str, Any]) -> Prompt:
    box = Box(*(int(edge) for edge in asked["box"])) if asked.get("box") else None
    points = tuple(Point(int(y), int(x), bool(positive)) for y, x, positive in asked.get("points") or ())
    return Prompt(box, points)


def _step(prompt: Prompt, z: int) -> str:
    if not prompt.points:
        return f"box on slice {z + 1}"
    return f"point on slice {z + 1}" if len(prompt.points) == 1 else f"{len(prompt.points)} points on slice {z + 1}"
