"""The ``compare`` command: every model, trained and tested by cross-validation over patients, in one table."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LearningError
from core.learning.settings import PARTS
from core.scoring.tables import save
from core.workspace.training_data import add_data

if TYPE_CHECKING:
    from core.learning.study import Study

EXAMPLES = """examples:
  python -m core compare --data lits --folds 3 --out table
  python -m core compare --data lits --folds 5 --full --out full-table
  python -m core compare --out table
  python -m core compare --out table --html report.html
  python -m core compare --out table --publish weights/comparison --note "27 patients of LiTS, trained on a GPU"

The third goes on with a comparison that was stopped or killed, and prints the table of one that is done. The table is
also written to table.md and table.json in the folder. A file called stop in it ends the work after the step at hand.
--publish writes figures and curves, no pictures, to where the Compare page looks for what comes with Lobule.
"""
Report = Callable[[Path], str]
_MODELS = ("cnn", "unet", "vnet", "samunet", "sam")


def add_arguments(command: argparse.ArgumentParser, report: Report) -> None:
    """Say what the command takes; ``report`` writes a study as one HTML document."""
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
    command.add_argument("--part", choices=PARTS, default="refiner", help="what of sam is trained")
    command.add_argument("--base", default="litemedsam", metavar="NAME", help="model that sam starts from")
    command.add_argument("--side", type=int, metavar="N", help="rows and columns of the pictures networks are given")
    command.add_argument("--examples", type=int, metavar="N", help="slices or blocks an epoch; 0 for all")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--html", type=Path, metavar="FILE", help="write a report, with the worst slices as pictures")
    command.add_argument("--publish", type=Path, metavar="DIR", help="write the figures of a finished comparison there")
    command.add_argument("--note", default="", help="what a reader of what is published should know")
    command.set_defaults(run=partial(compare, report=report))


def compare(chosen: argparse.Namespace, report: Report) -> int:
    """Do or go on with a comparison, then write what was asked for; 0, or 130 if it was stopped."""
    study = study_of(chosen, tuple(chosen.models)) if chosen.data else None
    code = 0 if study is None and _is_only_told(chosen) else _claimed(chosen.out, study)
    if chosen.html:
        save(report(chosen.out), chosen.html)
        print(f"saved {chosen.html}")
    if chosen.publish and not code:
        from core.learning.published import publish

        print(f"saved {publish(chosen.out, chosen.publish, chosen.note)}")
    return code


def _is_only_told(chosen: argparse.Namespace) -> bool:
    """Say whether a comparison is done and only to be told of; then print its table."""
    from core.learning import runs, table

    if not (chosen.html or chosen.publish) or runs.read_progress(chosen.out).state is not runs.State.FINISHED:
        return False
    print(table.markdown(chosen.out))
    return True


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


def _claimed(folder: Path, study: "Study | None") -> int:
    from core.learning.claims import claimed
    from core.learning.runs import read_config

    if study is None:
        read_config(folder)  # a folder that is none is not made
    with claimed(folder):
        return compared(folder, study)


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
