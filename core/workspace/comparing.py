"""The ``compare`` command: every model, trained and tested by cross-validation over patients, in one table."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LearningError
from core.workspace.training_data import add_data

if TYPE_CHECKING:
    from core.learning.study import Study

EXAMPLES = """examples:
  python -m core compare --data lits --folds 3 --out table
  python -m core compare --data lits --folds 5 --full --out full-table
  python -m core compare --out table

The last goes on with a comparison that was stopped or killed, and prints the table of one that is done. The table is
also written to table.md and table.json in the folder. A file called stop in it ends the work after the step at hand.
"""
_MODELS = ("cnn", "unet", "vnet", "samunet", "sam")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_data(command)
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the comparison")
    command.add_argument("--folds", type=int, default=3, metavar="K", help="of the cross-validation (default 3)")
    command.add_argument(
        "--models", nargs="+", choices=_MODELS, default=_MODELS, metavar="MODEL", help=" ".join(_MODELS)
    )
    command.add_argument("--patients", nargs="+", default=(), metavar="NAME", help="only these")
    command.add_argument("--full", action="store_true", help="networks as in the papers, for a graphics card")
    command.add_argument("--every", type=int, default=2, metavar="N", help="score every N-th slice (default 2)")
    command.add_argument("--epochs", type=int, metavar="N", help="of every model, instead of its usual number")
    command.add_argument(
        "--part", choices=("decoder", "lora", "whole"), default="decoder", help="what of sam is trained"
    )
    command.add_argument("--base", default="litemedsam", metavar="NAME", help="model that sam starts from")
    command.add_argument("--side", type=int, metavar="N", help="rows and columns of the pictures networks are given")
    command.add_argument("--examples", type=int, metavar="N", help="slices or blocks an epoch; 0 for all")
    command.add_argument("--seed", type=int, default=0)
    command.set_defaults(run=compare)


def compare(chosen: argparse.Namespace) -> int:
    """Do or go on with a comparison; 0, or 130 if it was stopped."""
    return compared(chosen.out, study_of(chosen, tuple(chosen.models)) if chosen.data else None)


def study_of(chosen: argparse.Namespace, models: tuple[Any, ...]) -> "Study":
    """Return what the arguments ask for."""
    from core.learning.study import Study

    if not chosen.data.is_dir():
        raise LearningError(f"{chosen.data} is no folder. Give the folder of the training data.")
    told = {name: getattr(chosen, name, None) for name in ("epochs", "side", "examples")}
    own = {name: value for name, value in told.items() if value is not None}
    changes = {model: own for model in models} if own else None
    return Study(
        str(chosen.data.absolute()), folds=chosen.folds, models=models, full=chosen.full,
        every=getattr(chosen, "every", 2), seed=chosen.seed or 0, patients=tuple(getattr(chosen, "patients", ())),
        part=chosen.part, base=chosen.base, level_hu=chosen.window[0], width_hu=chosen.window[1], changes=changes,
        values=dict(chosen.value or ()), licence=chosen.licence,
    )  # fmt: skip


def compared(folder: Path, study: "Study | None") -> int:
    """Do a study, write its table and print it."""
    from core.learning import runs, table
    from core.learning.crossval import run_study

    (folder / runs.STOP).unlink(missing_ok=True)
    state = run_study(folder, study, _timed())
    text = table.markdown(folder)
    (folder / "table.md").write_text(text, encoding="utf-8")
    (folder / "table.json").write_text(json.dumps(table.as_json(folder), indent=1, ensure_ascii=False), "utf-8")
    print(text)
    if state is not runs.State.FINISHED:
        print(f"Stopped. Go on with: python -m core compare --out {folder}", file=sys.stderr)
        return 130
    print(f"saved {folder / 'table.md'}")
    return 0


def _timed() -> Any:
    started = time.monotonic()

    def said(done: int, total: int, what: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {done} of {total}: {what}", file=sys.stderr, flush=True)

    return said
