"""``train --search``: settings tried by cross-validation, the best of them said as a command."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LearningError

if TYPE_CHECKING:
    from core.learning.trials import Search

_FOLDS = 3


def search_of(chosen: argparse.Namespace) -> "Search":
    """Return what the arguments of ``train`` ask for."""
    from core.learning.trials import Search

    if not chosen.data.is_dir():
        raise LearningError(f"{chosen.data} is no folder. Give the folder of the training data.")
    told = {name: getattr(chosen, name) for name in ("side", "examples", "epochs", "batch", "optimiser", "schedule")}
    changes = {name: value for name, value in told.items() if value is not None}
    return Search(
        chosen.model, str(chosen.data.absolute()), trials=chosen.search, folds=chosen.folds or _FOLDS,
        full=chosen.full, seed=chosen.seed or 0, level_hu=chosen.window[0], width_hu=chosen.window[1],
        part=chosen.part, base=chosen.base, changes=changes, values=dict(chosen.value or ()),
    )  # fmt: skip


def searched(folder: Path, search: "Search | None") -> int:
    """Do a search or go on with it, and print what was tried; 0, or 130 if it was stopped."""
    from core.learning import runs, trials
    from core.learning.search import run_search

    print(f"run: {folder}", flush=True)
    (folder / runs.STOP).unlink(missing_ok=True)
    started = time.monotonic()

    def said(done: int, total: int, what: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {done} of {total}: {what}", file=sys.stderr, flush=True)

    state = run_search(folder, search, said)
    tried = trials.read_trials(folder)
    for trial in tried:
        score = "–" if trial.score is None else f"{trial.score:.3f}"
        print(f"trial {trial.number + 1}: {score}, {trial.fate}: {trials.in_words(trial.settings)}")
    if state is not runs.State.FINISHED:
        print(f"Stopped. Go on with: python -m core train --resume {folder}", file=sys.stderr)
        return 130
    best, kept = trials.best_trial(tried), trials.Search.from_json(runs.read_config(folder))
    if best:
        told = " ".join(f"--{name} {_short(value)}" for name, value in best.settings.items())
        print(f"best: python -m core train {kept.model} --data {kept.data} {told}")
    return 0


def _short(value: object) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return f'"{text}"' if " " in text else text
