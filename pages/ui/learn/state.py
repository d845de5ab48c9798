"""What is chosen on the Learn page; it stays while another page is on the screen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning.dataset import SOFT_TISSUE
from core.learning.listing import Kind, listed
from core.learning.runs import runs_folder
from core.learning.survey import Look
from pages.ui.state import AppState, carrying, show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.working import Working

RUNS, NEW, SEARCH = "runs", "new", "search"


@dataclass
class Chosen:
    """Training data as they are chosen, and what a look at them gave.

    Attributes:
        folder: As typed.
        level_hu: Of the window of the data.
        width_hu: Of the window of the data.
        liver: Value of the liver in the masks; 0 for none.
        tumour: Value of tumours in the masks; 0 for none.
        looked: What the look was at: all of the above.
        work: The look under way.
        looks: What it gave.
        alone: Names of files without a partner.
        trouble: Why nothing can be looked at, or ``""``.
    """

    folder: str = ""
    level_hu: int = round(SOFT_TISSUE.level_hu)
    width_hu: int = round(SOFT_TISSUE.width_hu)
    liver: int = LIVER
    tumour: int = TUMOUR
    looked: tuple[object, ...] = ()
    work: Working[Look] | None = None
    looks: tuple[Look, ...] = ()
    alone: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def window(self) -> Window:
        """The window of the data."""
        return Window(float(self.level_hu), float(self.width_hu))

    @property
    def values(self) -> dict[int, int]:
        """What the values in the masks mean."""
        return {value: label for value, label in ((self.liver, LIVER), (self.tumour, TUMOUR)) if value}

    @property
    def told(self) -> tuple[object, ...]:
        """All that was typed."""
        return self.folder.strip(), self.level_hu, self.width_hu, self.liver, self.tumour


@dataclass
class Learning:
    """The Learn page of one session.

    Attributes:
        mode: What is looked at.
        data: The training data.
        model: The model picked, as `models.CHOICES` calls it.
        values: Of the widgets, by their keys.
        run: Name of the training picked, or ``""``.
        named: What results were called when they became models, by the name of the training.
        trouble: Why the last wish could not be met, or ``""``.
    """

    mode: str = ""
    data: Chosen = field(default_factory=Chosen)
    model: str = "unet"
    values: dict[str, Any] = field(default_factory=dict)
    run: str = ""
    named: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


def learning_of(state: AppState) -> Learning:
    """Return what is chosen on the Learn page of this session."""
    if state.learning is None:
        state.learning = Learning()
    return state.learning


def modes(learning: Learning) -> str:
    """Let the reader choose what to look at: the trainings there are, a new one, a search for settings."""
    words = {RUNS: t("learn.mode.runs"), NEW: t("learn.mode.new"), SEARCH: t("learn.mode.search")}
    if not learning.mode:
        learning.mode = RUNS if listed(runs_folder(), Kind.TRAINING, Kind.SEARCH) else NEW
    key = in_words("learn_mode")
    show_in(key, learning.mode)
    st.segmented_control(
        t("learn.mode"),
        list(words),
        format_func=words.__getitem__,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=partial(_take_mode, learning, key),
    )
    return learning.mode


def _take_mode(learning: Learning, key: str) -> None:
    learning.mode, learning.trouble = shown_in(key), ""


def kept(
    values: dict[str, Any], key: str, usual: Any, options: Sequence[object] = (), by: str = "value"
) -> dict[str, Any]:
    """Return the arguments of a widget whose value outlives its stay on the screen.

    Args:
        values: Where it is kept.
        key: Of the widget.
        usual: What it shows at first.
        options: As of `carrying`.
        by: As of `carrying`.
    """
    return carrying(key, values.get(key, usual), options, by) | {"on_change": partial(_keep, values, key)}


def _keep(values: dict[str, Any], key: str) -> None:
    values[key] = shown_in(key)
