"""From boxes to masks: a new box gets a mask, a moved one a new mask, a deleted one takes its mask along."""

from collections.abc import Iterable, Sequence

import streamlit as st

from core.editing.annotation import Made
from core.editing.outline import Outline
from core.errors import LobuleError
from core.segmentation.embeddings import segment_slice
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Prediction, Segmenter
from pages.ui import models
from pages.ui.state import AppState, Case, Drawn, Seen


def look_ahead(state: AppState, case: Case) -> None:
    """Have the slice on the screen encoded while the reader looks at it, so that the first box is answered at once."""
    try:
        segmenter = models.segmenter(state.model)
    except LobuleError as error:
        st.error(str(error), icon=":material/error:")
        return
    models.prefetch().want(state.reader, case.volume, case.z, segmenter, models.fed_window(case, segmenter))


def answer(state: AppState, case: Case, drawn: Sequence[Drawn]) -> bool:
    """Bring the masks of the slice in line with the boxes on the canvas.

    Returns:
        Whether anything changed, so that the picture must be drawn again.
    """
    moved, new, gone = compare(case.annotation.on_slice(case.z), drawn)
    case.annotation.remove(*(outline.id for outline in gone))
    for outline, box in moved:
        _ask(state, case, box, outline)
    for box in new:
        _ask(state, case, box)
    if len(new) > 1:
        case.remount()  # they were drawn under one number
    return bool(moved or new or gone)


def compare(
    outlines: Iterable[Outline], drawn: Iterable[Drawn]
) -> tuple[list[tuple[Outline, Box]], list[Box], list[Outline]]:
    """Tell which boxes on the canvas were moved, which are new, and which objects lost theirs.

    A box that lies where an object's box lies is that object's; of the others the number tells.
    """
    left = {outline.id: outline for outline in outlines if outline.box is not None}
    moved: list[tuple[Outline, Box]] = []
    new: list[Box] = []
    strange: list[Drawn] = []
    for item in drawn:
        same = [outline for outline in left.values() if outline.box == item.box]
        if same:
            del left[next((o.id for o in same if o.id == item.number), same[0].id)]
        else:
            strange.append(item)
    for item in strange:
        if item.number in left:
            moved.append((left.pop(item.number), item.box))
        else:
            new.append(item.box)
    return moved, new, list(left.values())


def ask_again(state: AppState, case: Case, outline: Outline) -> None:
    """Ask for an object's mask once more, with the model and the window chosen now."""
    if outline.box is not None:
        _ask(state, case, outline.box, outline)


def _ask(state: AppState, case: Case, box: Box, old: Outline | None = None) -> None:
    """Ask the model for the mask in a box and keep it; a refusal is said and leaves all as it was."""
    try:
        with st.spinner("SAM is looking at the box…"):
            segmenter = models.segmenter(state.model)
            prediction = _predict(case, box, segmenter)
        window = models.fed_window(case, segmenter)
        made: Made = {"box": box, "score": prediction.score, "model": segmenter.card, "window": window}
        if old is None:
            case.annotation.add(case.z, prediction.mask, case.label, **made)
        else:
            case.annotation.replace(old.id, prediction.mask, **made)
    except LobuleError as error:
        case.remount()
        st.toast(str(error), icon=":material/error:", duration="long")


def _predict(case: Case, box: Box, segmenter: Segmenter) -> Prediction:
    window, embeddings = models.fed_window(case, segmenter), models.embeddings()
    prediction = segment_slice(case.volume, case.z, Prompt(box), segmenter, embeddings, window)
    seen = embeddings.of(case.volume, case.z, segmenter, window).seen
    case.seen = Seen(case.z, seen, prediction.seen_box, window)
    return prediction
