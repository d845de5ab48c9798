"""What a comparison is about: the data, the folds and the models."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import LearningError
from core.learning.plan import MODELS, Model


@dataclass(frozen=True)
class Study:
    """What is compared, on what.

    Attributes:
        data: Folder of the data.
        folds: Of the cross-validation.
        models: Which are trained.
        full: Networks and schedules for a graphics card.
        every: Every such slice of a test case is scored.
        seed: For the split, the trainings and the boxes.
        patients: Only these; empty for all.
        part: What of ``sam`` is trained.
        base: Model that ``sam`` starts from.
        level_hu: Of the window of the data.
        width_hu: Of the window of the data.
        changes: To the usual settings of a model, such as ``{"unet": {"epochs": 2}}``.
        values: As for `dataset.read_dataset`.
        licence: Of the weights that come out.
    """

    data: str
    folds: int = 3
    models: tuple[Model, ...] = MODELS
    full: bool = False
    every: int = 2
    seed: int = 0
    patients: tuple[str, ...] = ()
    part: str = "refiner"
    base: str = "litemedsam"
    level_hu: float = 60
    width_hu: float = 200
    changes: Mapping[str, Mapping[str, Any]] | None = None
    values: Mapping[int, int] | None = None
    licence: str = "not stated"

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"study": found}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> "Study":
        """Read what `as_json` wrote.

        Raises:
            LearningError: It describes no study.
        """
        try:
            found = dict(told["study"])
            values = {int(value): int(label) for value, label in (found["values"] or {}).items()}
            return Study(
                **{**found, "values": values, "models": tuple(found["models"]), "patients": tuple(found["patients"])}
            )
        except (KeyError, TypeError) as error:
            raise LearningError("The folder holds no comparison. Choose another, or start a new one.") from error
