"""What one browser session has open. The one door to ``st.session_state``."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from secrets import token_hex
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.editing.annotation import Annotation
from core.imaging.label import Label
from core.imaging.picture import display_size
from core.imaging.preprocess import Denoising, Normalising
from core.imaging.reading import SeriesSummary
from core.imaging.volume import TUMOUR, Mask, Volume
from core.imaging.window import PRESETS, Window
from core.segmentation.prompt import Box
from pages.ui.seen import Seen
from pages.ui.viewer.exhibit import Exhibit, Layer

if TYPE_CHECKING:
    from pages.ui.cohorts import Cohort
    from pages.ui.desk import Desk
    from pages.ui.readers import Readers
    from pages.ui.scored import Scored
    from pages.ui.viewer.carrying import Run

UNKNOWN_SCREEN = (1280, 720)
SIDE_WIDTH, ABOVE_AND_BELOW, SMALLEST_HEIGHT = 470, 134, 320


@dataclass
class Case:
    """An open CT with everything drawn on it in this session.

    Attributes:
        volume: The CT.
        annotation: What the reader has marked.
        reference: Labels that came with the CT, on its grid, or None.
        z: Index of the slice on the screen, from 0.
        window: The window on the screen.
        custom_window: Whether level and width are chosen freely.
        label: Value of the label that the next box gets.
        feed_screen: Whether the model is fed the window on the screen instead of its own.
        moves: Counts the moves to a slice that the slice bar did not ask for.
        mount: Counts every change of what the canvas must start from; see `remount`.
        canvas_size: Rows and columns of the canvas on the screen.
        boxes: What the canvas started from: number, box and label of each object.
        seen: What the model was given last.
        labels_trouble: Why the labels last uploaded could not be taken as reference, or None.
        turn: Held by whoever changes the annotation: the page's script, a request of the viewer, or `run`.
        run: The objects that are carried through the slices, or were last.
    """

    volume: Volume
    annotation: Annotation
    reference: Mask | None = None
    z: int = 0
    window: Window = PRESETS["Abdomen"]
    custom_window: bool = False
    label: int = TUMOUR
    feed_screen: bool = False
    moves: int = 0
    mount: int = 0
    canvas_size: tuple[int, int] = (1, 1)
    boxes: tuple[tuple[int, Box, Label], ...] = ()
    seen: Seen | None = None
    labels_trouble: str | None = None
    turn: AbstractContextManager[bool] = field(default_factory=RLock, repr=False)
    run: "Run | None" = field(default=None, repr=False)

    @classmethod
    def of(cls, volume: Volume, reference: Mask | None = None) -> "Case":
        """Open a volume at its middle slice, or where the reference shows most tumour."""
        case = cls(volume, Annotation(volume.grid), reference)
        case.z = volume.slices // 2
        if reference is not None and (reference.voxels == TUMOUR).any():
            case.z = int((reference.voxels == TUMOUR).sum(axis=(1, 2)).argmax())
        return case

    @property
    def pen(self) -> Label:
        """The label of the next box."""
        return self.annotation.label(self.label)

    def picture_size(self, height: int, widest: int) -> tuple[int, int]:
        """Return the size ``(rows, columns)`` of a slice on the screen, true to its proportions.

        It is ``height`` tall, or less where it would be wider than ``widest``.
        """
        tall, wide = display_size(self.volume.grid, height)
        return (tall, wide) if wide <= widest else (max(1, round(tall * widest / wide)), widest)

    def go_to(self, z: int) -> None:
        """Show slice ``z``, clipped to the volume, and tell the slice bar."""
        self.moves += 1
        self.scroll_to(z)

    def scroll_to(self, z: int) -> None:
        """Show slice ``z``, clipped to the volume, as the slice bar asked."""
        self.z = min(max(z, 0), self.volume.slices - 1)
        self.remount()

    def exhibit(self) -> Exhibit:
        """Return what the viewer fetches of the case: the CT, and the reference over it."""
        layers: dict[str, Layer] = {}
        if (reference := self.reference) is not None:
            layers["reference"] = lambda first, last: reference.voxels[first:last].astype(np.uint8, copy=False)
        return Exhibit(self.volume.grid.shape, self.volume.hu, layers)

    @property
    def canvas_key(self) -> str:
        """The key of the canvas on the screen."""
        return f"canvas_{self.mount}"

    def remount(self) -> None:
        """Make the canvas start anew from the annotation.

        A canvas keeps its drawing for as long as its key lives, so boxes would leak to the next slice.
        Every slice entered and every edit made outside the canvas therefore gets a key of its own.
        """
        self.mount += 1
        if self.label not in (label.value for label in self.annotation.labels):
            self.label = TUMOUR  # the label was undone
        outlines = self.annotation.on_slice(self.z)
        self.boxes = tuple((o.id, o.box, self.annotation.label(o.label)) for o in outlines if o.box is not None)


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
        opacity: Of masks on the picture, 0–1.
        height: Of the picture on the screen, in pixels; 0 fits it into the window.
        screen: Width and height of the browser's window, once it has told.
        comparing: What the Metrics page compares, as it was picked there.
        scored: The comparison on the Metrics page.
        desk: What is chosen there for the next one.
        cohort: Many cases there.
        readers: Several readers of one CT there.
        show_reference: Whether the outline of the reference is drawn.
        simple: Whether Annotate shows the simple canvas instead of the viewer.
        paused: Whether slices are not encoded ahead of their first prompt.
        language: Of the screens, ``en`` or ``zh``.
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
    opacity: float = 0.35
    height: int = 0
    screen: tuple[int, int] | None = None
    comparing: str = ""
    scored: "Scored | None" = None
    desk: "Desk | None" = None
    cohort: "Cohort | None" = None
    readers: "Readers | None" = None
    show_reference: bool = False
    simple: bool = False
    paused: bool = False
    language: str = "en"
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
        case = self.cases.setdefault(volume.key, Case.of(volume, reference))
        self.current, self.trouble = volume.key, None
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


def show_in(key: str, value: object) -> None:
    """Make the widget called ``key`` show ``value``; call it just before the widget.

    A value is set only where it differs. Setting it in every run would push the browser back to what the
    server knew a moment ago, while the reader is already further.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def shown_in(key: str) -> Any:
    """Return what the widget called ``key`` shows."""
    return st.session_state[key]


def value_of(key: str) -> Any:
    """Return the value of the widget called ``key``, or None if there is none."""
    return st.session_state.get(key)
