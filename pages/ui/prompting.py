"""From boxes to masks: a new box gets a mask, a moved one a new mask, a deleted one takes its mask along."""

from collections.abc import Sequence

import streamlit as st

from core.editing.annotation import Made
from core.editing.outline import Outline
from core.errors import LobuleError
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Prediction
from pages.ui import models
from pages.ui.state import AppState, Case, Seen


def look_ahead(state: AppState, case: Case) -> None:
    """Have the slice on the screen encoded while the reader looks at it, so that the first box is answered at once."""
    try:
        segmenter = models.segmenter(state.model)
    except LobuleError as error:
        st.error(str(error), icon=":material/error:")
        return
    window = models.fed_window(case, segmenter)
    models.prefetch().want(state.reader, case.volume, case.z, segmenter, window)


def answer(state: AppState, case: Case, boxes: Sequence[Box]) -> bool:
    """Bring the masks of the slice in line with the boxes on it.

    Returns:
        Whether anything changed, so that the picture must be drawn again.
    """
    known = {outline.box: outline for outline in case.annotation.on_slice(case.z) if outline.box is not None}
    drawn = [box for box in dict.fromkeys(boxes) if box not in known]
    gone = [outline for box, outline in known.items() if box not in boxes]
    if len(drawn) == len(gone) == 1:
        _ask(state, case, drawn[0], moved=gone[0])
    else:
        case.annotation.remove(*(outline.id for outline in gone))
        for box in drawn:
            _ask(state, case, box)
    return bool(drawn or gone)


def ask_again(state: AppState, case: Case, outline: Outline) -> None:
    """Ask for an object's mask once more, with the model and the window chosen now."""
    if outline.box is not None:
        _ask(state, case, outline.box, moved=outline)


def _ask(state: AppState, case: Case, box: Box, moved: Outline | None = None) -> None:
    """Ask the model for the mask in a box and keep it; a refusal is said and leaves all as it was."""
    try:
        with st.spinner("SAM is looking at the box…"):
            prediction = _predict(state, case, box)
        made: Made = {
            "box": box,
            "score": prediction.score,
            "model": state.model,
            "window": case.seen.window if case.seen else None,
        }
        if moved is None:
            case.annotation.add(case.z, prediction.mask, case.label, **made)
        else:
            case.annotation.replace(moved.id, prediction.mask, **made)
    except LobuleError as error:
        case.remount()
        st.toast(str(error), icon=":material/error:", duration="long")


def _predict(state: AppState, case: Case, box: Box) -> Prediction:
    segmenter = models.segmenter(state.model)
    window = models.fed_window(case, segmenter)
    embedding = models.embeddings().of(case.volume, case.z, segmenter, window)
    prediction = segmenter.predict(embedding, Prompt(box))
    case.seen = Seen(case.z, embedding.seen, prediction.seen_box, window)
    return prediction
