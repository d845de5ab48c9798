"""The runs of a folder: what kind each is, how far it is, what its process printed; to be named and removed."""

import contextlib
import shutil
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import LearningError
from core.learning.runs import OUTPUT, Progress, Reporter, State, list_runs, read_config, read_progress, runs_folder


class Kind(StrEnum):
    """What a run does."""

    TRAINING = "training"
    STUDY = "study"
    SEARCH = "search"


@dataclass(frozen=True)
class Listed:
    """A run as a list shows it.

    Attributes:
        folder: Where it lies; its name is that of the run.
        kind: What it does.
        config: As it was written.
        progress: How far it is.
    """

    folder: Path
    kind: Kind
    config: dict[str, Any]
    progress: Progress

    @property
    def name(self) -> str:
        """What it is called."""
        return self.folder.name


def listed(folder: Path, *kinds: Kind) -> list[Listed]:
    """Return the runs of a folder that are of some kinds, the newest first; what cannot be read is passed over."""
    found = []
    for place in list_runs(folder):
        with contextlib.suppress(LearningError, OSError):
            one = look(place)
            if one.kind in kinds:
                found.append(one)
    return found


def look(folder: Path) -> Listed:
    """Return one run.

    Raises:
        LearningError: The folder is no run.
    """
    config = read_config(folder)
    return Listed(folder, _kind(config), config, read_progress(folder))


def kind_of(folder: Path) -> Kind:
    """Say what a run does.

    Raises:
        LearningError: The folder is no run.
    """
    return _kind(read_config(folder))


def _kind(config: dict[str, Any]) -> Kind:
    return next((kind for kind in (Kind.STUDY, Kind.SEARCH) if str(kind) in config), Kind.TRAINING)


def new_folder(name: str, folder: Path | None = None) -> Path:
    """Return the folder of a new run.

    Args:
        name: Letters, digits, ``-`` and ``_``.
        folder: Of all runs; by default `runs.runs_folder`.

    Raises:
        LearningError: It is no name, or it is taken.
    """
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > 60:
        raise LearningError(f"{name!r} is no name for a training. Use up to 60 letters, digits, - and _.")
    place = (folder or runs_folder()) / name
    if place.exists():
        raise LearningError(f"There is a training {name} already. Choose another name.")
    return place


def remove(folder: Path) -> None:
    """Delete a run with all that it has learnt.

    Raises:
        LearningError: It is running, is no run, or cannot be deleted.
    """
    if look(folder).progress.state is State.RUNNING:
        raise LearningError(f"{folder.name} is running. Stop it first.")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise LearningError(f"{folder.name} cannot be deleted ({error.strerror}). Check that you may.") from error


def failed(folder: Path, sentence: str) -> None:
    """Write down why a run could not be done, for those who look at it from elsewhere."""
    known = read_progress(folder)
    Reporter(folder, known.epochs).ended(State.FAILED, sentence, known.epoch)


def printed(folder: Path, lines: int = 200) -> str:
    """Return the last lines that the process of a run has printed; what a bar overwrote is left out."""
    try:
        with (folder / OUTPUT).open(encoding="utf-8", errors="replace", newline="\n") as file:
            last = deque(file, maxlen=lines)
    except OSError:
        return ""
    return "".join(line.rstrip("\n").rsplit("\r", 1)[-1] + "\n" for line in last)
