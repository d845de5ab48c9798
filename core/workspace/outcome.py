"""What a batch is asked to do with every case, and what became of one."""

from dataclasses import dataclass
from pathlib import Path

from core.imaging.window import Window
from core.workspace.prompts import Asked


@dataclass(frozen=True)
class How:
    """What is the same for every case; sent to the processes.

    Attributes:
        asked: All objects of all cases.
        propagate: Whether to carry each to the slices next to its marks.
        model: Its name, or None for the usual one.
        window: What it is shown, or None for the window it was trained on.
        output: The folder for masks and prompts.
    """

    asked: tuple[Asked, ...]
    propagate: bool
    model: str | None
    window: Window | None
    output: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes:
        case: Its name.
        objects: How many were found.
        problems: Sentences that say what was not.
        path: The mask, or None if there is none.
    """

    case: str
    objects: int
    problems: tuple[str, ...]
    path: Path | None
