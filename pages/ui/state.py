"""What one browser session has open. The one door to ``st.session_state``."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from threading import RLock
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.imaging.preprocess import Denoising, Normalising
from core.imaging.reading import SeriesSummary
from core.imaging.volume import Mask, Volume
from pages.ui.case import Case as Case

if TYPE_CHECKING:
    from pages.ui.cohorts import Cohort
    from pages.ui.compare.state import Studies
    from pages.ui.desk import Desk
    from pages.ui.learn.state import Learning
    from pages.ui.readers import Readers
    from pages.ui.scored import Scored

UNKNOWN_SCREEN = (1280, 720)
SIDE_WIDTH, ABOVE_AND_BELOW, SMALLEST_HEIGHT = 470, 134, 320


@dataclass
class AppState:
    """Everything of one browser session.

    Attributes:
        cases: Open cases by the fingerprint of their volume, oldest first.
        reader: Tells this session from others; random.
        current: Fingerprint of the case on the screen, or None.
        uploads: Counts uploads that were opened; a new count empties the upload widgets.
        tried: The uploaded files that were read last, opened or not.
        trouble: Why they could not be opened, or None.
        labels_tried: The uploaded label files that were read last.
        choices: The series to choose from, if they hold several.
        denoise: How the next copy of a case is denoised, or None.
        normalise: How its intensities are normalised, or None.
        model: Name of the model that answers prompts.
        finder: Name of the network that finds by itself, ``""`` for the best, ``*`` for all together.
        refine: Whether `model` draws what it finds.
        opacity: Of masks on the picture, 0–1.
        height: Of the picture on the screen, in pixels; 0 fits it into the window.
        screen: Width and height of the browser's window, once it has told.
        comparing: What the Metrics page compares, as it was picked there.
        result: What the Results page shows, as it was picked there.
        scored: The comparison on the Metrics page.
        desk: What is chosen there for the next one.
        cohort: Many cases there.
        readers: Several readers of one CT there.
        learning: What is chosen on the Learn page.
        studies: What is looked at on the Compare page.
        show_reference: Whether the outline of the reference is drawn.
        simple: Whether Annotate shows the simple canvas instead of the viewer.
        paused: Whether slices are not encoded ahead of their first prompt.
        language: Of the screens, ``en`` or ``zh``.
        initials: Of who draws, or ``""``; each reader has masks of their own.
        session: The Streamlit session whose window this is.
        recalled: Whether the case that the address names was looked for.
        line: What the keys for the next and the previous case go through: cases by their key, files by their path.
        deleted: What the last deleted case comes back by, and its name; or None.
        turn: Held by the run that draws a page. Streamlit starts the next run before the last has ended, and a run
            that ends late takes away the fragments of the next one, which then answer nothing.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    reader: str = field(default_factory=lambda: token_hex(8))
    current: str | None = None
    uploads: int = 0
    tried: tuple[str, ...] = ()
    trouble: str | None = None
    labels_tried: tuple[str, ...] = ()
    choices: tuple[SeriesSummary, ...] = ()
    denoise: Denoising | None = None
    normalise: Normalising | None = None
    model: str = "litemedsam"
    finder: str = ""
    refine: bool = False
    opacity: float = 0.35
    height: int = 0
    screen: tuple[int, int] | None = None
    comparing: str = ""
    result: str = ""
    scored: "Scored | None" = None
    desk: "Desk | None" = None
    cohort: "Cohort | None" = None
    readers: "Readers | None" = None
    learning: "Learning | None" = None
    studies: "Studies | None" = None
    show_reference: bool = False
    simple: bool = False
    paused: bool = False
    language: str = "en"
    initials: str = ""
    session: str = ""
    recalled: bool = False
    line: tuple[str | Path, ...] = ()
    deleted: tuple[str, str] | None = None
    turn: AbstractContextManager[bool] = field(default_factory=RLock, repr=False)

    @property
    def case(self) -> Case | None:
        """The case on the screen."""
        return self.cases.get(self.current) if self.current else None

    def holds(self, what: object) -> bool:
        """Say whether a case or comparison is still open in this session."""
        return what is self.scored or any(what is case for case in self.cases.values())

    def picture_size(self, case: Case) -> tuple[int, int]:
        """Return the size ``(rows, columns)`` of the case's picture: as chosen, else as large as the window allows."""
        width, height = self.screen or UNKNOWN_SCREEN
        if self.height:
            return case.picture_size(self.height, 2 * self.height)
        return case.picture_size(
            max(height - ABOVE_AND_BELOW, SMALLEST_HEIGHT), max(width - SIDE_WIDTH, SMALLEST_HEIGHT)
        )

    def open(self, volume: Volume, reference: Mask | None = None) -> Case:
        """Put a volume on the screen; one that is open already keeps what was drawn on it."""
        return self.show(self.cases.get(volume.key) or Case.of(volume, reference))

    def show(self, case: Case) -> Case:
        """Put a case on the screen, in the place of another of the same CT."""
        self.cases[case.volume.key] = case
        self.current, self.trouble = case.volume.key, None
        return case

    def close(self, key: str) -> None:
        """Forget a case and show the one opened last, if any."""
        self.cases.pop(key, None)
        if self.current == key:
            self.current = next(reversed(self.cases), None)


def app_state() -> AppState:
    """Return this session's state; a new one for a new session, in the language of its browser if there is a choice."""
    if "lobule" not in st.session_state:
        chinese = (st.context.locale or "").lower().startswith("zh")
        st.session_state["lobule"] = AppState(language="zh" if chinese else "en")
    state: AppState = st.session_state["lobule"]
    return state


def come_in(state: AppState) -> None:
    """Let this session go on with the state of one that was before."""
    st.session_state["lobule"] = state


def show_in(key: str, value: object) -> None:
    """Make the widget called ``key`` show ``value``; call it just before the widget.

    A value is set only where it differs. Setting it in every run would push the browser back to what the
    server knew a moment ago, while the reader is already further.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def carrying(key: str, value: object, options: Sequence[object] = (), by: str = "value") -> dict[str, Any]:
    """Return the arguments of a widget within an expander or a popover that make it show ``value``.

    Such a widget is drawn when the reader opens what it is in, and the browser has then forgotten what `show_in` said
    in an earlier run: its value goes with it.

    Args:
        key: Of the widget.
        value: What it shows.
        options: What a `st.selectbox` offers, which is told the place of the value among them.
        by: The argument by which the widget takes its first value: `st.pills` and its like call it ``default``.
    """
    show_in(key, value)
    return {"key": key} | ({"index": list(options).index(value)} if options else {by: value})


def shown_in(key: str) -> Any:
    """Return what the widget called ``key`` shows."""
    return st.session_state[key]


def value_of(key: str) -> Any:
    """Return the value of the widget called ``key``, or None if there is none."""
    return st.session_state.get(key)
