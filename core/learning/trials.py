"""A search for good settings as a file: what was tried, and how good it was; read without what searches."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import LearningError
from core.learning.networks import NetworkConfig
from core.learning.plan import MODELS, Model, Plan
from core.segmentation.cachefolder import replacing

TRIALS = "trials.json"


class Fate(StrEnum):
    """What became of a trial."""

    RUNNING = "running"
    DONE = "done"
    PRUNED = "pruned"


@dataclass(frozen=True)
class Search:
    """What is searched for, on what.

    Attributes:
        model: Whose settings.
        data: Folder of the data.
        trials: How many settings are tried.
        folds: Of the cross-validation that says how good they are.
        full: Networks and schedules for a graphics card.
        seed: For folds, trainings and what is tried.
        patients: Only these; empty for all.
        level_hu: Of the window of the data.
        width_hu: Of the window of the data.
        part: What of ``sam`` is trained.
        base: Model that ``sam`` starts from.
        changes: To the usual settings of the model, such as ``{"epochs": 5}``.
        values: As for `dataset.read_dataset`.
    """

    model: Model
    data: str
    trials: int = 12
    folds: int = 3
    full: bool = False
    seed: int = 0
    patients: tuple[str, ...] = ()
    level_hu: float = 60
    width_hu: float = 200
    part: str = "refiner"
    base: str = "litemedsam"
    changes: Mapping[str, Any] | None = None
    values: Mapping[int, int] | None = None

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise LearningError(f"There is no model {self.model!r}. Choose one of: {', '.join(MODELS)}.")
        if self.trials < 1 or self.folds < 2:
            raise LearningError("A search needs at least 1 trial and 2 folds. Change the settings.")

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"search": found}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> "Search":
        """Read what `as_json` wrote.

        Raises:
            LearningError: It describes no search.
        """
        try:
            found = dict(told["search"])
            values = {int(value): int(label) for value, label in (found["values"] or {}).items()}
            return Search(**{**found, "values": values, "patients": tuple(found["patients"])})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LearningError("The folder holds no search. Choose another, or start a new one.") from error


@dataclass(frozen=True)
class Trial:
    """Settings that were tried.

    Attributes:
        number: From 0.
        fate: What became of them.
        score: Mean over folds of the best validation, as far as they are; None before the first epoch.
        settings: What was tried, such as ``{"rate": 0.001, "loss": "bce", "width": 1.0}``.
        curve: The score after every epoch, one fold after the other.
    """

    number: int
    fate: Fate
    score: float | None
    settings: Mapping[str, Any]
    curve: tuple[float, ...] = ()


def read_trials(folder: Path) -> list[Trial]:
    """Return what a search has tried until now, in that order; nothing of a file that is not there or damaged."""
    try:
        told = json.loads((folder / TRIALS).read_text(encoding="utf-8"))
        return [Trial(**{**one, "fate": Fate(one["fate"]), "curve": tuple(one["curve"])}) for one in told]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def write_trials(folder: Path, trials: list[Trial]) -> None:
    """Write what was tried until now."""
    with replacing(folder / TRIALS) as file:
        file.write((json.dumps([asdict(trial) for trial in trials], indent=1) + "\n").encode())


def best_trial(trials: list[Trial]) -> Trial | None:
    """Return the trial that was best of those that came to their end; None before the first."""
    done = [trial for trial in trials if trial.fate is Fate.DONE and trial.score is not None]
    return max(done, key=lambda trial: trial.score or 0.0, default=None)


def widened(network: NetworkConfig, factor: float) -> NetworkConfig:
    """Return a network with ``factor`` times as many channels on every level, at least one."""
    return replace(network, widths=tuple(max(1, round(width * factor)) for width in network.widths))


def plan_with(plan: Plan, tried: Mapping[str, Any]) -> Plan:
    """Return a plan with the settings of a trial."""
    settings = replace(plan.settings, rate=float(tried["rate"]), loss=str(tried["loss"]))
    network = widened(plan.network, float(tried.get("width", 1))) if plan.network else None
    return replace(plan, settings=settings, network=network)


def in_words(tried: Mapping[str, Any]) -> str:
    """Return the settings of a trial in a line."""
    told = [f"rate {tried['rate']:.2g}", f"loss {tried['loss']}"]
    return ", ".join(told + ([f"width × {tried['width']:g}"] if "width" in tried else []))
