"""A training run is a folder, so that a page, a terminal and the training itself need not know of each other.

====================  =====================================================================================
in the folder         is
====================  =====================================================================================
``config.json``       what is trained, on what, and how; with it the run can be started again
``state.json``        how far it is, rewritten every second or two; `Progress`
``log.jsonl``         a line of JSON for every epoch
``last.pt``           weights, optimiser and epoch, to go on from
``best.safetensors``  the weights that did best on validation
``output.txt``        what the process printed
``stop``              whoever makes this file asks the training to stop
``lock``              is held by the process that works here, see `claims`
====================  =====================================================================================
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import LearningError, LobuleError
from core.learning.claims import is_at_work
from core.segmentation.cachefolder import data_folder, replacing

CONFIG, STATE, LOG, LAST, BEST, OUTPUT, STOP = (
    "config.json", "state.json", "log.jsonl", "last.pt", "best.safetensors", "output.txt", "stop",
)  # fmt: skip
_BETWEEN_S = 1.0
_ROOT = Path(__file__).parents[2]
_started: dict[int, subprocess.Popen[bytes]] = {}  # children of this process


class State(StrEnum):
    """What a run is doing."""

    NEW = "new"
    RUNNING = "running"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def can_go_on(self) -> bool:
        """Whether `start` would go on with it."""
        return self in (State.NEW, State.STOPPED, State.INTERRUPTED, State.FAILED)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        state: What it is doing; ``INTERRUPTED`` if its process ended without a word.
        sentence: For the screen: what is being done, or why it ended.
        epoch: Epochs done.
        epochs: Epochs at most.
        share: Of the epoch at hand, 0–1.
        eta_s: Seconds until the last epoch ends, at most; None while not known.
        epochs_log: A mapping for every epoch: ``epoch``, ``loss``, ``rate``, ``seconds`` and what validation said.
        pid: Of the process, or 0.
    """

    state: State
    sentence: str = ""
    epoch: int = 0
    epochs: int = 0
    share: float = 0.0
    eta_s: float | None = None
    epochs_log: tuple[Mapping[str, float], ...] = field(default=())
    pid: int = 0


def read_config(folder: Path) -> dict[str, Any]:
    """Return what is trained in a run.

    Raises:
        LearningError: The folder is no run.
    """
    try:
        found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LearningError(f"{folder} is no training run: it has no readable {CONFIG}. Start a new one.") from error
    if not isinstance(found, dict):
        raise LearningError(f"{CONFIG} of {folder} must hold an object. Start a new run.")
    return found


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write what is trained in a run, which makes the folder one.

    Raises:
        LearningError: The folder holds another run, or cannot be written to.
    """
    text = json.dumps(config, indent=1, sort_keys=True) + "\n"
    if (folder / CONFIG).is_file() and json.loads(text) != read_config(folder):
        raise LearningError(f"{folder} holds a run with other settings. Choose another folder, or remove that run.")
    try:
        with replacing(folder / CONFIG) as file:
            file.write(text.encode())
    except OSError as error:
        raise LearningError(f"{folder} cannot be written to ({error.strerror}). Choose another folder.") from error


def read_progress(folder: Path) -> Progress:
    """Say how far a run is; quick enough to be asked every second."""
    found = _json(folder / STATE)
    if not found:
        return Progress(State.NEW)
    log = tuple(line for line in map(_parsed, _lines(folder / LOG)) if line)
    state = State(found["state"]) if found.get("state") in list(State) else State.FAILED
    sentence, pid = str(found.get("sentence", "")), int(found.get("pid", 0))
    if state is State.RUNNING and (_has_ended(pid) or not is_at_work(folder, pid, folder / STATE)):
        state, sentence = State.INTERRUPTED, "The process of this training ended without a word. It can go on."
    eta = found.get("eta_s")
    return Progress(
        state, sentence, int(found.get("epoch", 0)), int(found.get("epochs", 0)), float(found.get("share", 0)),
        None if eta is None else float(eta), log, pid,
    )  # fmt: skip


def runs_folder() -> Path:
    """Return where runs lie if nobody says otherwise: in ``LOBULE_HOME``, else in the user's own data."""
    return data_folder() / "runs"


def list_runs(folder: Path) -> list[Path]:
    """Return the runs in a folder, the newest first."""
    found = [path.parent for path in folder.glob(f"*/{CONFIG}")]
    return sorted(found, key=lambda path: -(path / CONFIG).stat().st_mtime)


def start(folder: Path) -> int:
    """Train in a process of its own, that goes on when this one ends; return its number.

    Args:
        folder: A run, new or to be gone on with.

    Raises:
        LearningError: It is no run, it is running, or it is finished.
    """
    read_config(folder)
    state = read_progress(folder).state
    if not state.can_go_on:
        raise LearningError(f"This training is {state}. Start a new one." if state is State.FINISHED else
                            "This training is already running.")  # fmt: skip
    (folder / STOP).unlink(missing_ok=True)
    with (folder / OUTPUT).open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "train", "--resume", str(folder.absolute())],
            cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    _started[process.pid] = process
    _write_state(folder, Progress(State.RUNNING, "Starting.", pid=process.pid))
    return process.pid


def ask_to_stop(folder: Path) -> None:
    """Ask a run to stop; it does within a step, and can go on later."""
    (folder / STOP).touch()


class Reporter:
    """Writes how far a run is, for `read_progress`.

    Args:
        folder: Of the run.
        epochs: Epochs at most.
    """

    def __init__(self, folder: Path, epochs: int) -> None:
        self._folder, self._epochs = folder, epochs
        self._written = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def is_asked_to_stop(self) -> bool:
        """Whether somebody made the file that asks for it, here or in the study that this run belongs to."""
        return any((place / STOP).exists() for place in (self._folder, *self._folder.parents[:2]))

    def at(self, epoch: int, share: float, sentence: str, eta_s: float | None = None) -> None:
        """Say how far it is, unless that was said just now."""
        if time.monotonic() - self._written >= _BETWEEN_S:
            self._written = time.monotonic()
            running = Progress(State.RUNNING, sentence, epoch, self._epochs, share, eta_s, (), os.getpid())
            _write_state(self._folder, running)

    def ended(self, state: State, sentence: str, epoch: int) -> None:
        """Say that and why it ended."""
        _write_state(self._folder, Progress(state, sentence, epoch, self._epochs, 0.0, None, (), 0))

    @contextmanager
    def telling(self, what: str, done: Callable[[], int]) -> Iterator[None]:
        """Say why it failed, if what is done within this fails; the error goes on.

        Args:
            what: Is done, with its article.
            done: Returns how many epochs are.
        """
        try:
            yield
        except LobuleError as problem:
            self.ended(State.FAILED, str(problem), done())
            raise
        except Exception as failure:
            self.ended(State.FAILED, f"{what} ended by a mistake of the program ({failure}).", done())
            raise

    def rewrite(self, lines: list[dict[str, float]]) -> None:
        """Write the whole log, a line an epoch."""
        with replacing(self._folder / LOG) as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines).encode())


def _write_state(folder: Path, progress: Progress) -> None:
    told = {name: value for name, value in asdict(progress).items() if name != "epochs_log"}
    with replacing(folder / STATE) as file:
        file.write((json.dumps(told) + "\n").encode())


def _json(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except OSError:
        return {}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _has_ended(pid: int) -> bool:
    """Say whether a process is one of ours that ended, which is laid to rest."""
    return pid in _started and _started[pid].poll() is not None
