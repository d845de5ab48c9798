"""What is to be trained, on what and how: written into a run's folder, so that any process can do it."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from core.errors import LearningError
from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning.augmentation import STRONG, USUAL, Augmentation
from core.learning.boxed import Choice
from core.learning.boxtask import Tuning
from core.learning.dataset import SOFT_TISSUE, Dataset
from core.learning.networks import FULL, SMALL, NetworkConfig
from core.learning.settings import PARTS, Part, Settings
from core.learning.split import Split, folds

Model = Literal["unet", "vnet", "cnn", "samunet", "sam"]
MODELS: tuple[Model, ...] = ("unet", "vnet", "cnn", "samunet", "sam")
LEARNS_FROM_ALL: frozenset[Model] = frozenset({"samunet"})  # for a fixed time: nobody is kept to tell when to stop
_FOLDS_OF_SPLIT = 5


@dataclass(frozen=True)
class Sizing:
    """How much of the data an epoch sees.

    Attributes:
        examples: Slices or blocks an epoch; 0 for all. Not used for ``sam``.
        tumour_share: Of them that show tumour.
        every: Validation looks at every such slice or block.
        tumour_slices: Of a patient, for ``sam``.
        liver_slices: Without tumour, of a patient, for ``sam``.
    """

    examples: int = 0
    tumour_share: float = 0.5
    every: int = 1
    tumour_slices: int = 10
    liver_slices: int = 2


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        model: One of `MODELS`.
        data: Folder of the training data.
        split: Who is learnt from.
        settings: How to train.
        window: As for `dataset.read_dataset`.
        values: As for `dataset.read_dataset`.
        network: Which network; None for ``sam``.
        part: What of ``sam`` is trained, see `boxtask.Tuning`.
        base: Name of the model that ``sam`` starts from, and whose embeddings ``samunet`` reads.
        sizing: How much of the data an epoch sees.
        augmentation: How far examples are changed; not used for ``sam``.
        device: ``cuda``, ``mps`` or ``cpu``; ``""`` for the fastest.
        licence: Of the weights that come out.
        source: What they were trained on, in words.
        extra: Folder of more cases that are only learnt from, such as `pseudo.pseudo_label` makes; ``""`` for none.
    """

    model: Model
    data: str
    split: Split
    settings: Settings
    window: Window = SOFT_TISSUE
    values: Mapping[int, int] = field(default_factory=lambda: {LIVER: LIVER, TUMOUR: TUMOUR})
    network: NetworkConfig | None = None
    part: Part = "refiner"
    base: str = "litemedsam"
    sizing: Sizing = Sizing()
    augmentation: Augmentation = USUAL
    device: str = ""
    licence: str = "not stated"
    source: str = ""
    extra: str = ""

    @property
    def tuning(self) -> Tuning:
        """How SAM is trained."""
        if self.part not in PARTS:
            raise LearningError(f"{self.part!r} is no part of a model. Choose one of: {', '.join(PARTS)}.")
        choice = Choice(self.sizing.tumour_slices, self.sizing.liver_slices)
        return Tuning(self.part, choice=choice)

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found

    @staticmethod
    def from_json(found: Mapping[str, Any]) -> "Plan":
        """Read what `as_json` wrote.

        Raises:
            LearningError: Something is missing or not known.
        """
        try:
            told = {one.name: found[one.name] for one in fields(Plan) if one.name != "extra"}
            told["extra"] = str(found.get("extra", ""))
            told["split"] = Split(**{side: tuple(names) for side, names in told["split"].items()})
            told["settings"], told["window"] = Settings(**told["settings"]), Window(**told["window"])
            told["values"] = {int(value): int(label) for value, label in told["values"].items()}
            told["network"] = NetworkConfig.from_json(told["network"]) if told["network"] else None
            told["sizing"], told["augmentation"] = Sizing(**told["sizing"]), Augmentation(**told["augmentation"])
            plan = Plan(**told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LearningError(f"The settings of this run are not complete ({error}). Start a new one.") from error
        if plan.model not in MODELS:
            raise LearningError(f"There is no model {plan.model!r}. Choose one of: {', '.join(MODELS)}.")
        return plan


def usual_plan(model: Model, data: str, split: Split, *, full: bool = False, **changes: Any) -> Plan:
    """Return a plan that works on two cores, or the full one for a graphics card.

    Args:
        model: One of `MODELS`.
        data: Folder of the training data.
        split: Who is learnt from.
        full: Networks as large as in the papers, on all slices.
        changes: Fields of `Settings`, of `Sizing` or of `Plan` to change, or the ``side`` of the network.

    Raises:
        LearningError: There is no such model.
    """
    if model not in MODELS:
        raise LearningError(f"There is no model {model!r}. Choose one of: {', '.join(MODELS)}.")
    usual = _FULL if full else _SMALL
    settings, sizing = usual.get(f"{model} {changes.get('part', Plan.part)}", usual[model])
    network = None if model == "sam" else (FULL if full else SMALL)[model]
    if network and "side" in changes:
        network = _sided(network, int(changes["side"]))
    kinds = {one.name: kind for kind in (Settings, Sizing) for one in fields(kind)}
    settings = replace(settings, **{name: value for name, value in changes.items() if kinds.get(name) is Settings})
    sizing = replace(sizing, **{name: value for name, value in changes.items() if kinds.get(name) is Sizing})
    augmentation = STRONG if model == "samunet" else USUAL
    plan = Plan(model, data, split, settings, network=network, sizing=sizing, augmentation=augmentation)
    own = {name: value for name, value in changes.items() if name not in kinds and name != "side"}
    return replace(plan, **own)


def _sided(network: NetworkConfig, side: int) -> NetworkConfig:
    try:
        return replace(network, side=side)
    except ValueError as error:
        raise LearningError(f"A {network.title} takes no pictures of {side} × {side}: {error}. Use another.") from error


_SMALL: Mapping[str, tuple[Settings, Sizing]] = {
    "unet": (Settings(epochs=9, batch=8, rate=2e-3, warmup=1, patience=0), Sizing(examples=320, every=4)),
    "vnet": (Settings(epochs=12, batch=1, rate=5e-3, warmup=1, patience=0), Sizing(examples=32, every=2)),
    "cnn": (Settings(epochs=24, batch=8, rate=2e-3, loss="bce", patience=0), Sizing(examples=240, every=4)),
    "samunet": (
        Settings(epochs=28, batch=12, rate=2e-3, warmup=2, decay=1e-2, patience=0),
        Sizing(examples=480, every=4),
    ),
    "sam": (Settings(epochs=4, batch=4, rate=2e-4, loss="each dice+bce", patience=0), Sizing()),
    "sam refiner": (
        Settings(epochs=20, batch=10, rate=2e-3, warmup=2, decay=1e-3, loss="each dice+bce", patience=0),
        Sizing(0, 0.5, 1, 1000, 6),
    ),
}
_FULL: Mapping[str, tuple[Settings, Sizing]] = {
    "unet": (Settings(epochs=150, batch=16, rate=1e-3, warmup=3, patience=40), Sizing()),
    "vnet": (Settings(epochs=300, batch=2, rate=5e-4, warmup=3, patience=60), Sizing(examples=120)),
    "cnn": (Settings(epochs=40, batch=16, rate=1e-3, loss="bce", patience=10), Sizing()),
    "samunet": (Settings(epochs=40, batch=16, rate=1e-3, warmup=2, patience=0), Sizing()),
    "sam": (Settings(epochs=40, batch=4, rate=2e-4, loss="each dice+bce", patience=10), Sizing(0, 0.5, 1, 1000, 6)),
    "sam refiner": (
        Settings(epochs=60, batch=10, rate=2e-3, warmup=2, decay=1e-3, loss="each dice+bce", patience=0),
        Sizing(0, 0.5, 1, 1000, 12),
    ),
}


def one_split(data: Dataset, seed: int = 0) -> Split:
    """Return a split for a single training: a fifth of the patients is kept to tell when to stop, none for a test.

    Raises:
        LearningError: There are fewer than two patients.
    """
    patients = data.patients
    if len(patients) < 2:
        raise LearningError(
            f"The data hold {len(patients)} patient, and validation needs one that is not learnt from. Add patients."
        )
    rng = np.random.default_rng(seed)
    if len(patients) >= 2 * _FOLDS_OF_SPLIT:
        first = folds(data, _FOLDS_OF_SPLIT, rng, validation=0)[0]
        return Split(first.train, first.test)
    shows = sorted({case.patient for case in data.cases if case.has_tumour}) or list(patients)
    kept = shows[int(rng.integers(len(shows)))]
    return Split(tuple(name for name in patients if name != kept), (kept,))


def device_of(plan: Plan) -> str:
    """Return where a plan is computed."""
    if plan.device:
        return plan.device
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # of torchrun: each process has a card of its own


def copy_of(path: Path, target: Path) -> None:
    """Copy a file of weights and what lies beside it, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".json", ""):
        source = path.with_name(path.name + suffix)
        if source.is_file():
            unfinished = target.with_name(f".{target.name}{suffix}.unfinished")
            shutil.copyfile(source, unfinished)
            unfinished.replace(target.with_name(target.name + suffix))
