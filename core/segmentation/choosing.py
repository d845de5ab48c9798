"""The choice of an engine, kept on disk with what OpenVINO compiled, so that the next start has it at once.

What lies on disk is checked on every start against the answers of plain torch that were kept beside it: a file that
went bad, or another OpenVINO that computes otherwise, leads to a new self-test and not to wrong masks. A choice against
experience, where an engine that is slower as a rule came out faster, may be owed to a busy machine: it is tried again.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import time

import numpy as np
import torch

from core.errors import WeightsError
from core.segmentation import openvino_runtime, selftest
from core.segmentation.cachefolder import cache_folder, replacing
from core.segmentation.engines import (
    NAMES,
    PLAIN,
    Conversion,
    Engine,
    openvino_engine,
    possible,
    precision_of,
    processor,
    torch_engine,
)
from core.segmentation.frame import Recipe
from core.segmentation.networks import Network
from core.segmentation.segmenter import EngineNote, ModelCard
from core.segmentation.selftest import Scene, Trial

ASKED = "LOBULE_ENGINE"  # the environment variable that names an engine, or is "auto"
_ROUNDS = 3
_SURPRISE_KEPT_S = 3600.0  # how long a choice against experience stands
_FOLDERS_KEPT = 6  # one per set of weights, about 55 MB each
_FORMAT = 1
_LARGEST = 256  # side of the frame of networks that engines are tried out for without being asked
_trying: set[str] = set()  # fingerprints of the models for which engines are tried out now
_LARGE = "Larger networks are computed by plain torch unless an engine is asked for: trying them out takes minutes."


def told(card: ModelCard) -> EngineNote | None:
    """Return which engine was chosen for a model on this machine and why, or None if it was never loaded here."""
    kept = _read(_folder(card))
    return EngineNote(kept["name"], kept["reason"]) if kept else None


def is_trying(card: ModelCard) -> bool:
    """Return whether engines are being tried out for a model now: it takes longer than to load it, and is done once."""
    return card.sha256 in _trying


def announce(card: ModelCard) -> None:
    """Say that `choose` is about to be called for a model and will try out engines; `is_trying` tells it from now."""
    _trying.add(card.sha256)


def is_untried(recipe: Recipe, card: ModelCard) -> bool:
    """Return whether `choose` would try out engines, which takes longer than to load a model.

    Where a choice is kept it may still find that wanting, and try them out all the same.
    """
    free = (os.environ.get(ASKED) or "auto") == "auto"
    return free and recipe.side <= _LARGEST and told(card) is None


def choose(
    network: Network, recipe: Recipe, card: ModelCard, asked: str | None = None
) -> tuple[Engine | None, EngineNote]:
    """Return the engine that computes a network on this processor, and why; None is the network itself.

    The first time for a file of weights it takes some seconds, later the reading of about 50 MB.

    Args:
        network: On the CPU.
        recipe: How the network is fed.
        card: Of the model; what is kept is kept under the sha256 of its weights.
        asked: One of `NAMES`, or ``auto``; by default what ``LOBULE_ENGINE`` says, else ``auto``.

    Raises:
        WeightsError: No engine goes by the name asked for.
    """
    wanted = asked or os.environ.get(ASKED) or "auto"
    if wanted not in (*NAMES, "auto"):
        raise WeightsError(f"There is no engine {wanted!r}. {ASKED} may be: auto, {', '.join(NAMES)}.")
    if wanted == PLAIN:
        return None, EngineNote(PLAIN, "It was asked for.")
    if wanted == "auto" and recipe.side > _LARGEST:
        return None, EngineNote(PLAIN, _LARGE)
    if wanted == "auto":
        try:
            engine, note = _restored(card, network) or _first(card, network, recipe)
        finally:
            _trying.discard(card.sha256)
    else:
        engine, note = _asked_for(wanted, network, recipe)
    return None if engine.name == PLAIN else engine, note


def _asked_for(name: str, network: Network, recipe: Recipe) -> tuple[Engine, EngineNote]:
    shown = selftest.scene(recipe, torch_engine(network, PLAIN))
    engine, trials = _compared(network, recipe, shown, (name,), rounds=0)
    if engine.name != name:
        return _loudly(engine, f"{name} was asked for, but {trials[0].problem}.")
    return engine, EngineNote(name, "It was asked for, and agrees with plain torch.")


def _compared(
    network: Network, recipe: Recipe, shown: Scene, names: tuple[str, ...], rounds: int
) -> tuple[Engine, list[Trial]]:
    made: list[Conversion] = []

    def openvino(name: str) -> Engine:
        if not made:
            made.append(Conversion(network, recipe.side))
        return made[0].engine(name)

    def maker(name: str) -> Callable[[], Engine]:
        return partial(openvino, name) if name.startswith("OpenVINO") else partial(torch_engine, network, name)

    return selftest.compare({name: maker(name) for name in (*names, PLAIN)}, shown, rounds)


def _first(card: ModelCard, network: Network, recipe: Recipe) -> tuple[Engine, EngineNote]:
    """Run the self-test and keep what it found."""
    announce(card)
    shown = selftest.scene(recipe, torch_engine(network, PLAIN))
    engine, trials = _compared(network, recipe, shown, possible(), _ROUNDS)
    reason = selftest.reason(engine.name, trials)
    if not openvino_runtime.version():
        reason += " OpenVINO is not installed; with it a slice is encoded several times as fast."
    with contextlib.suppress(OSError):  # a full or locked disk costs the next start its speed, nothing else
        _keep(card, engine, reason, shown, next(t.name for t in trials if not t.problem))
    if any(trial.problem for trial in trials):
        return _loudly(engine, reason)
    return engine, EngineNote(engine.name, reason)


def _loudly(engine: Engine, reason: str) -> tuple[Engine, EngineNote]:
    logging.getLogger(__name__).warning("Masks are computed by %s. %s", engine.name, reason)
    return engine, EngineNote(engine.name, reason)


def _keep(card: ModelCard, engine: Engine, reason: str, shown: Scene, usual: str) -> None:
    folder, fingerprints = _folder(card), {}
    arrays = {name: getattr(shown, name).numpy() for name in ("pictures", "boxes", "features", "low")}
    for part, compiled in engine.compiled.items():
        content = compiled.to_bytes()
        fingerprints[part] = hashlib.sha256(content).hexdigest()
        with replacing(folder / f"{part}.blob") as file:
            file.write(content)
    with replacing(folder / "scene.npz") as file:
        np.savez(file, **arrays)
    kept = {"name": engine.name, "reason": reason, "usual": usual, **fingerprints}
    with replacing(folder / "choice.json") as file:  # last: it vouches for the others
        file.write(json.dumps(kept).encode())
    _make_room(folder.parent)


def _read(folder: Path) -> dict[str, str]:
    """Return the name, the reason and the fingerprints of the files of a choice; empty if there is none."""
    try:
        kept = json.loads((folder / "choice.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) and kept.get("name") in NAMES and "reason" in kept else {}


def _restored(card: ModelCard, network: Network) -> tuple[Engine, EngineNote] | None:
    """Return the engine chosen before, or None if there is none or it does not compute as it did."""
    folder = _folder(card)
    kept = _read(folder)
    if not kept or _is_outdated(kept, folder):
        return None
    try:
        engine = _engine(kept, folder, network)
        with (folder / "scene.npz").open("rb") as file, np.load(file) as arrays:
            shown = Scene(**{name: torch.from_numpy(arrays[name]) for name in arrays.files})
        problem = selftest.checked(engine, shown).problem
        folder.touch()
    except Exception as failure:  # of files that went bad: they are made anew
        problem = type(failure).__name__
    if problem:
        logging.getLogger(__name__).warning("The engine kept on disk is tried out anew (%s)", problem)
        return None
    return engine, EngineNote(kept["name"], kept["reason"])


def _is_outdated(kept: dict[str, str], folder: Path) -> bool:
    """Say whether a choice against experience was made so long ago that it is time to try again."""
    surprise = kept["name"] != kept.get("usual", NAMES[0])
    return surprise and time() - (folder / "choice.json").stat().st_mtime > _SURPRISE_KEPT_S


def _engine(kept: dict[str, str], folder: Path, network: Network) -> Engine:
    name = kept["name"]
    if not name.startswith("OpenVINO"):
        return torch_engine(network, name)
    parts = {}
    for part in ("encoder", "decoder"):
        content = (folder / f"{part}.blob").read_bytes()
        if hashlib.sha256(content).hexdigest() != kept[part]:
            raise ValueError(f"{part}.blob is not the file that was written")
        parts[part] = openvino_runtime.restored(content, precision_of(name))
    return openvino_engine(name, parts)


def _folder(card: ModelCard) -> Path:
    """Return where the choice for a model lies: another file, program or processor has another folder."""
    threads = str(torch.get_num_threads())
    told = (str(_FORMAT), card.sha256, str(card.window), openvino_runtime.version(), torch.__version__, processor())
    return cache_folder() / "engines" / hashlib.sha256("\n".join((*told, threads)).encode()).hexdigest()[:32]


def _make_room(engines: Path) -> None:
    """Remove the choices that were not used for longest."""
    folders = sorted((p for p in engines.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime, reverse=True)
    for folder in folders[_FOLDERS_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
