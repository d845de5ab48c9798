"""What is worked out of an open case on the Results page; it begins anew when something was drawn since."""

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from core.reporting.meshes import SurfaceMesh, surface_meshes
from core.reporting.quantify import Measured, Quantities, quantify
from core.reporting.segmented import Segmented
from pages.ui.card import plain
from pages.ui.state import Case
from pages.ui.words import t
from pages.ui.working import Working, watch

_Measuring = Working[Quantities | tuple[SurfaceMesh, ...]]


@dataclass(eq=False)
class Parcel:
    """A file to take away.

    Attributes:
        name: Of the file; nothing in it says whose CT it is.
        data: What is in it.
        said: Sentences that the reader must know of it.
    """

    name: str
    data: bytes
    said: tuple[str, ...] = ()


@dataclass(eq=False)
class Outcome:
    """What was worked out of what was drawn at one moment.

    Attributes:
        version: Of the annotation at that moment.
        segmented: What was drawn.
        has_reference: Whether labels to compare with were there.
        measuring: The figures and the surfaces, one after the other; None until somebody looks.
        lesion: Label and number of the lesion whose picture is shown.
        work: A report or files being made.
        making: Which of them, or was made last.
        parcel: What was made of each.
        trouble: Why it could not be made, or ``""``.
    """

    version: int
    segmented: Segmented
    has_reference: bool
    measuring: _Measuring | None = None
    lesion: tuple[int, int] | None = None
    work: Working[Any] | None = None
    making: str = ""
    parcel: dict[str, Parcel] = field(default_factory=dict)
    trouble: str = ""

    @property
    def quantities(self) -> Quantities | None:
        """What was measured, once it is."""
        made = self.measuring.made if self.measuring else ()
        return next((one for one in made if isinstance(one, Quantities)), None)

    @property
    def meshes(self) -> tuple[SurfaceMesh, ...] | None:
        """The surfaces of the labels, once they are there."""
        made = self.measuring.made if self.measuring else ()
        return next((one for one in made if isinstance(one, tuple)), None)

    def shown(self, lesions: tuple[Measured, ...]) -> Measured | None:
        """Return the lesion whose picture is shown: the one that was chosen, else the largest."""
        chosen = (one for one in lesions if (one.label, one.number) == self.lesion)
        return next(chosen, max(lesions, key=lambda one: one.voxels, default=None))


def outcome_of(case: Case) -> Outcome:
    """Return what is worked out of a case as it is drawn now."""
    known: Outcome | None = case.outcome
    has_reference = case.reference is not None
    if known is None or (known.version, known.has_reference) != (case.annotation.version, has_reference):
        with case.turn:
            segmented = Segmented.of_annotation(case.volume, case.annotation, case.reference)
            known = case.outcome = Outcome(case.annotation.version, segmented, has_reference)
    return known


def measured(outcome: Outcome, until: str) -> bool:
    """Measure beside the page and show how far that is; say whether ``quantities`` or ``meshes`` are there."""
    if outcome.measuring is None:
        names = (t("outcome.step.figures"), t("outcome.step.surfaces"))
        outcome.measuring = Working(partial(_measure, outcome.segmented), names)
        outcome.measuring.wait(0.4)  # small cases need no bar
    if getattr(outcome, until) is not None:
        return True
    if outcome.measuring.has_ended:
        st.error(plain(outcome.measuring.trouble or t("outcome.stopped")), icon=":material/error:")
        st.button(t("outcome.again"), key="measure_again", on_click=_forget, args=(outcome,))
    else:
        watch(outcome.measuring, "step", until=lambda: getattr(outcome, until) is not None)
    return False


def _forget(outcome: Outcome) -> None:
    outcome.measuring = None


def _measure(segmented: Segmented) -> Generator[Quantities | tuple[SurfaceMesh, ...], None, None]:
    yield quantify(segmented.volume, segmented.mask)
    yield surface_meshes(segmented.mask, segmented.held)
