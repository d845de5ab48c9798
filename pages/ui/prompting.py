"""From boxes to masks: a new box gets a mask, a moved one a new mask, a deleted one takes its mask along."""

from collections.abc import Sequence

import streamlit as st

from core.editing.annotation import Made
from core.editing.outline import Outline
from core.errors import LobuleError
from core.segmentation.prompt import Box, Prompt
from pages.ui import models
from pages.ui.asking import answered
from pages.ui.boxes import Drawn, compare
from pages.ui.canvas import drawn_on
from pages.ui.card import plain
from pages.ui.holding import refusals
from pages.ui.state import AppState, Case
from pages.ui.words import t


def look_ahead(state: AppState, case: Case) -> None:
    """Have the slice on the screen encoded while the reader looks at it, so that the first box is answered at once.

    A model that is still loading does not hold up the picture: `side.model` runs the page again once it is there.
    """
    if models.is_loading(state.model):
        return
    try:
        segmenter = models.segmenter(state.model)
    except LobuleError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    models.encode_ahead(state, case, segmenter)


def collect(state: AppState, case: Case) -> None:
    """Bring the masks of the slice in line with the boxes on the canvas.

    Call it before the picture is drawn, and wherever the reader leaves the slice: the canvas may have told of a
    box that nobody has answered yet.
    """
    drawn = drawn_on(case)
    if drawn is not None:
        _answer(state, case, drawn)


def _answer(state: AppState, case: Case, drawn: Sequence[Drawn]) -> None:
    moved, new, gone = compare(case.annotation.on_slice(case.z), drawn)
    slips = any(item.box is None for item in drawn)
    if gone:
        with refusals():
            case.annotation.remove(*(outline.id for outline in gone), z=case.z)
            gone = []
    if gone:
        case.remount()  # puts back what could not be taken away
    for outline, box in moved:
        _ask(state, case, box, outline.label, outline)
    for item in new:
        if item.box is not None:
            _ask(state, case, item.box, _label(case, item.colour))
    if slips:
        st.toast(t("prompting.too_small"))
    if slips or len(new) > 1:
        case.remount()  # takes slips off the picture, and gives each new box a number of its own


def _label(case: Case, colour: str) -> int:
    """Return the label a box was drawn with: the one in the colour of its line."""
    return next((label.value for label in case.annotation.labels if label.css == colour), case.label)


def ask_again(state: AppState, case: Case, outline: Outline) -> None:
    """Ask for an object's mask once more, with the model and the window chosen now."""
    if outline.box is not None:
        _ask(state, case, outline.box, outline.label, outline)


def _ask(state: AppState, case: Case, box: Box, label: int, old: Outline | None = None) -> None:
    """Ask the model for the mask in a box and keep it; a refusal is said and leaves all as it was."""
    try:
        segmenter = models.segmenter(state.model)
        prediction = answered(case, case.z, Prompt(box), segmenter)
        window = models.fed_window(case, segmenter)
        made: Made = {"box": box, "points": (), "score": prediction.score, "model": segmenter.card, "window": window}
        if old is None:
            case.annotation.add(case.z, prediction.mask, label, **made)
        else:
            case.annotation.replace(old.id, prediction.mask, old.z, **made)
    except LobuleError as error:
        case.remount()
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
