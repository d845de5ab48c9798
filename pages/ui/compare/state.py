"""What is looked at on the Compare page; it stays while another page is on the screen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.imaging.volume import TUMOUR
from pages.ui.learn.state import Chosen
from pages.ui.state import AppState


@dataclass
class Studies:
    """The Compare page of one session.

    Attributes:
        folder: Of the study that is looked at, or None.
        is_new: Whether a new one is being put together.
        data: Of the new one.
        values: Of the widgets, by their keys.
        figure: What the plots show: a label and the key of a figure.
        row: Key of the model whose worst patients are listed, or ``""``.
        case: Name of the case that is looked at, or ``""``.
        slices: Which of the scored slices of each case.
        trouble: Why the last wish could not be met, or ``""``.
    """

    folder: Path | None = None
    is_new: bool = False
    data: Chosen = field(default_factory=Chosen)
    values: dict[str, Any] = field(default_factory=dict)
    figure: tuple[int, str] = (TUMOUR, "dice")
    row: str = ""
    case: str = ""
    slices: dict[str, int] = field(default_factory=dict)
    trouble: str = ""


def studies_of(state: AppState) -> Studies:
    """Return what is looked at on the Compare page of this session."""
    if state.studies is None:
        state.studies = Studies()
    return state.studies


def names_of(rows: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return what plots call each row: the model, and on a second line its prompts in small letters."""
    return {key: f"{title}<br><span style='font-size:11px'>{protocol}</span>"
            for key, (title, protocol) in rows.items()}  # fmt: skip
