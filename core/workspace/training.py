"""The ``train`` command: a network or SAM learns from a folder of labelled CTs, and can be stopped and gone on with."""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LearningError, LobuleError
from core.learning.claims import claimed, is_first
from core.learning.settings import PARTS
from core.workspace.training_data import add_data, values_of

if TYPE_CHECKING:
    from core.learning.listing import Kind
    from core.learning.plan import Plan

EXAMPLES = """examples:
  python -m core train unet --data lits --name liver-unet
  python -m core train sam --data lits --part lora --epochs 10
  python -m core train cnn --data pictures --value 255=tumour --loss bce
  python -m core train unet --data lits --folds 5 --full --run unet-5-folds
  python -m core train unet --data lits --search 12 --epochs 6
  python -m core train unet --data lits --rate 0.003 --loss dice+focal --width 2
  python -m core train --resume unet-run
  torchrun --nproc-per-node 4 -m core train unet --data lits --full --run unet-on-4-cards

The folder holds images/ and masks/ of the same names, img_1.png and mask_1.png, or CTs and labels. Patients are told
by patients.csv (name,patient) or by names such as patient003_slice120; a patient is never on two sides.
--search tries rates, losses and widths by cross-validation and says which were best.
--resume goes on with a training, a comparison or a search.
"""
_MODELS = ("unet", "vnet", "cnn", "samunet", "sam")
_SETTINGS = ("side", "examples", "epochs", "batch", "rate", "optimiser", "schedule", "loss", "patience", "seed")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    command.add_argument("model", nargs="?", choices=_MODELS, metavar="MODEL", help=", ".join(_MODELS))
    add_data(command)
    command.add_argument(
        "--run", type=Path, dest="run_folder", metavar="DIR", help="folder for the run (default: a new one, printed)"
    )
    command.add_argument("--resume", type=Path, metavar="DIR", help="go on with the run in this folder")
    command.add_argument(
        "--extra", type=Path, metavar="DIR", help="more cases that are only learnt from, as `pseudo` makes them"
    )
    command.add_argument("--split", type=Path, metavar="FILE", help="JSON with the patients of train and validation")
    command.add_argument("--all", action="store_true", help="learn from every patient, with none to tell when to stop")
    command.add_argument("--folds", type=int, metavar="K", help="cross-validate over patients instead of training once")
    command.add_argument("--search", type=int, metavar="N", help="try N settings by cross-validation instead")
    command.add_argument("--full", action="store_true", help="networks as in the papers, for a graphics card")
    command.add_argument("--name", help="make the result a model of this name when it is done")
    command.add_argument("--part", choices=PARTS, default="refiner", help="what of sam is trained")
    command.add_argument("--base", default="litemedsam", metavar="NAME", help="model that sam starts from")
    command.add_argument("--epochs", type=int, metavar="N")
    command.add_argument("--batch", type=int, metavar="N")
    command.add_argument("--side", type=int, metavar="N", help="rows and columns of the pictures a network is given")
    command.add_argument("--width", type=float, metavar="F", help="times as many channels as usual, as 0.5 or 2")
    command.add_argument("--examples", type=int, metavar="N", help="slices or blocks an epoch; 0 for all")
    command.add_argument("--rate", type=float, metavar="R", help="of learning")
    command.add_argument("--optimiser", choices=("adamw", "adam", "sgd"))
    command.add_argument("--schedule", choices=("constant", "cosine", "polynomial"))
    command.add_argument("--loss", help="bce, dice, dice+bce, dice+focal or each dice+bce")
    command.add_argument("--patience", type=int, metavar="N", help="epochs without a better validation; 0 never ends")
    command.add_argument("--seed", type=int)
    command.add_argument("--device", choices=("cpu", "cuda", "mps"), default="")
    command.set_defaults(run=train)


def train(chosen: argparse.Namespace) -> int:
    """Train, and print a line an epoch; 0, or 130 if it was stopped."""
    if chosen.resume:
        return gone_on(chosen.resume, chosen.name)
    folder = _new_run(chosen)
    if chosen.search:
        from core.workspace.trying import search_of, searched

        search = search_of(chosen)
        with claimed(folder):
            return searched(folder, search)
    if chosen.folds:
        from core.workspace.comparing import compared, study_of

        study = study_of(chosen, (chosen.model,))
        with claimed(folder):
            return compared(folder, study)
    return gone_on(folder, chosen.name)


def gone_on(folder: Path, name: str | None = None) -> int:
    """Do, or go on with, what a folder holds: a training, a comparison or a search.

    Raises:
        LearningError: Another process is doing it.
    """
    from core.learning import listing

    kind = listing.kind_of(folder)
    with claimed(folder):  # what another process says of its run is not written over
        return _done(folder, kind, name)


def _done(folder: Path, kind: "Kind", name: str | None) -> int:
    from core.learning import listing

    try:
        if kind is listing.Kind.STUDY:
            from core.workspace.comparing import compared

            return compared(folder, None)
        if kind is listing.Kind.SEARCH:
            from core.workspace.trying import searched

            return searched(folder, None)
        return _trained(folder, name)
    except LobuleError as problem:
        listing.failed(folder, str(problem))
        raise


def _trained(folder: Path, name: str | None) -> int:
    from core.learning import runs

    print(f"run: {folder}", flush=True)
    (folder / runs.STOP).unlink(missing_ok=True)  # before the seconds that the next import takes
    from core.learning import jobs

    outcome = jobs.run(folder, progress=_said)
    if not is_first():
        return 0
    for line in runs.read_progress(folder).epochs_log:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in line.items() if name not in ("epoch", "seconds"))
        print(f"epoch {line['epoch']}: {figures}, {line['seconds']:.0f} s")
    print(f"{outcome.state} after {outcome.epochs} epochs; best: epoch {outcome.best_epoch}, "
          f"{outcome.best_score:.3f}")  # fmt: skip
    if outcome.state is not runs.State.FINISHED:
        print(f"Go on with: python -m core train --resume {folder}", file=sys.stderr)
        return 130
    if name:
        print(f"saved {jobs.install(folder, name)}")
    return 0


def _new_run(chosen: argparse.Namespace) -> Path:
    """Write the plan of a new run into its folder."""
    from core.learning import runs

    if not chosen.model or not chosen.data:
        raise LearningError("Say what to train on what, as in: train unet --data DIR. Or go on: train --resume DIR.")
    folder: Path = chosen.run_folder or runs.runs_folder() / f"{chosen.model}-{time.strftime('%Y%m%d-%H%M%S')}"
    if chosen.folds or chosen.search:
        return folder
    runs.write_config(folder, _plan(chosen).as_json())
    return folder


def _plan(chosen: argparse.Namespace) -> "Plan":
    from core.imaging.window import Window
    from core.learning.dataset import read_dataset
    from core.learning.plan import one_split, usual_plan
    from core.learning.split import Split
    from core.learning.trials import widened

    window, values = Window(*chosen.window), values_of(chosen)
    if chosen.split:
        split = Split.read(chosen.split)
    else:
        data = read_dataset(chosen.data, window, values=values, progress=_said)
        for sentence in data.skipped:
            print(f"note: {sentence}", file=sys.stderr)
        split = Split(tuple(data.patients)) if chosen.all else one_split(data, chosen.seed or 0)
    changes: dict[str, Any] = {name: getattr(chosen, name) for name in _SETTINGS if getattr(chosen, name) is not None}
    plan = usual_plan(
        chosen.model, str(chosen.data.absolute()), split, full=chosen.full, window=window, values=values,
        part=chosen.part, base=chosen.base, device=chosen.device, licence=chosen.licence,
        extra=str(chosen.extra.absolute()) if chosen.extra else "", **changes,
    )  # fmt: skip
    return plan if not (chosen.width and plan.network) else replace(plan, network=widened(plan.network, chosen.width))


def _said(done: int, total: int, what: str) -> None:
    print(f"\r{done} of {total}: {what:<60}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
