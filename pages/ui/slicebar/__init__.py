"""The slice bar: slider, arrow and page keys, and the wheel over the picture, with a mark where there are masks.

It runs in the browser (`slicebar.js`) and reports the slice wanted, never a step: reports may be late or dropped,
the last one is right. It also reports the size of the window and warns before a reload that would lose masks.
"""

from functools import partial
from pathlib import Path

import streamlit as st

from pages.ui.prompting import collect
from pages.ui.state import AppState, Case, shown_in
from pages.ui.words import t

KEY = "slicebar"
_PLACES = ("{slice}", "{slices}")  # filled in by the browser, which is ahead
_FILES = Path(__file__).parent
_bar = st.components.v2.component(
    "lobule_slicebar",
    html=(_FILES / "slicebar.html").read_text(encoding="utf-8"),
    css=(_FILES / "slicebar.css").read_text(encoding="utf-8"),
    js=(_FILES / "slicebar.js").read_text(encoding="utf-8"),
)


def slice_bar(state: AppState, case: Case) -> None:
    """Show the bar for a case."""
    _bar(
        key=KEY,
        data={
            "slice": case.z + 1,
            "last": case.volume.slices,
            "moves": case.moves,
            "marks": [z + 1 for z in case.annotation.slices_with_objects()],
            "screen": state.screen,
            "unsaved": case.kept is None and len(case.annotation) > 0,
            "words": {
                "title": t("slicebar.title"),
                "down": t("slicebar.down"),
                "up": t("slicebar.up"),
                "slice": t("slicebar.slice"),
                "spoken": t("slicebar.spoken", slice=_PLACES[0], slices=_PLACES[1]),
            },
        },
        on_wanted_change=partial(_take_slice, state, case),
        on_screen_change=partial(_take_screen, state, case),
    )


def _take_slice(state: AppState, case: Case) -> None:
    wanted, _ = shown_in(KEY)["wanted"]
    collect(state, case)
    case.scroll_to(int(wanted) - 1)


def _take_screen(state: AppState, case: Case) -> None:
    width, height = shown_in(KEY)["screen"]
    before = state.picture_size(case)
    state.screen = (int(width), int(height))
    if state.picture_size(case) != before:
        collect(state, case)
        case.remount()
