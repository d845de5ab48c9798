"""What every way of teaching SAM by boxes has in common: the slices, the figures of validation, the checkpoint."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning.boxed import Choice, slices_of
from core.learning.dataset import Dataset
from core.learning.losses import loss
from core.learning.prompts import Object
from core.learning.settings import Part, Settings
from core.learning.trained import halved
from core.segmentation import frame
from core.segmentation.cachefolder import replacing
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter
from core.segmentation.weights import Parts

Told = Callable[[Mapping[str, Any]], Mapping[str, Any]]
SCORE_WEIGHT = 0.5  # of the guess of the IoU in the loss
_LEARNT, _CHECKED = Choice(10, 2), Choice(6, 1)


@dataclass(frozen=True)
class Tuning:
    """What of a model is trained.

    Attributes:
        part: ``refiner`` leaves SAM as it is, see `refining`; ``decoder`` on kept embeddings; ``lora`` beside the
            attention of the encoder too; ``whole`` everything.
        rank: Of the low-rank matrices.
        choice: Which slices are learnt from.
        checked: Which slices validation looks at.
    """

    part: Part = "decoder"
    rank: int = 4
    choice: Choice = _LEARNT
    checked: Choice = _CHECKED


def told_of(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the facts of an epoch as they are."""
    return facts


class BoxTask(ABC):
    """A model that answers boxes, taught on liver and tumours.

    Args:
        parts: Of the model to start from.
        segmenter: The same model, which makes the embeddings.
        training: Cases to learn from.
        validation: Cases to check on; without any, the training cases tell.
        settings: How to train; ``batch`` counts slices.
        tuning: What of the model is trained, on which slices.
        kept: Where embeddings are kept.
        told: Adds to the facts of an epoch what is written beside the checkpoint.
    """

    def __init__(
        self,
        parts: Parts,
        segmenter: Segmenter,
        training: Dataset,
        validation: Dataset,
        settings: Settings,
        *,
        tuning: Tuning,
        kept: Embeddings,
        told: Told = told_of,
    ) -> None:
        self._parts, self._segmenter, self._settings = parts, segmenter, settings
        self._kept, self._told, self._window, self._part = kept, told, training.window, tuning.part
        self._loss = loss(settings.loss)
        self._slices = slices_of(training, tuning.choice)
        self._checked = slices_of(validation if validation.cases else training, tuning.checked)
        self.network = self._prepared(tuning)

    @abstractmethod
    def _prepared(self, tuning: Tuning) -> nn.Module:
        """Return what is taught; called once the slices are known."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self._slices) // self._settings.batch)

    def _saved(self, path: Path, learnt: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
        """Write a whole checkpoint in the layout of the model it started from, and beside it what it is."""
        content = safetensors.torch.save(halved({**self._parts.tensors, **learnt}))
        with replacing(path) as file:
            file.write(content)
        about = _sidecar(self._parts, self._window, self._part, self._told(facts))
        with replacing(path.with_name(path.name + ".json")) as file:
            file.write((json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())


def figures(losses: Sequence[float], found: Sequence[tuple[Object, float]]) -> dict[str, float]:
    """Return what validation says of objects and the Dice of each; tumours decide."""
    names = {LIVER: "dice_liver", TUMOUR: "dice_tumour"}
    values = {name: [dice for one, dice in found if one.label == label] for label, name in names.items()}
    told = {name: float(np.mean(dices)) for name, dices in values.items() if dices}
    score = told.get("dice_tumour", told.get("dice_liver", 0.0))
    return {"validation_loss": float(np.mean(losses)) if losses else 0.0, **told, "score": score}


def chosen(found: Sequence[Object], rng: np.random.Generator, *, most: int, liver: float) -> list[int]:
    """Return the places of some objects of a slice: tumours first, and the liver now and then where there are some.

    Args:
        found: Of the slice.
        rng: Draws.
        most: So many at most.
        liver: How often the liver is among them.
    """
    tumours = [k for k, one in enumerate(found) if one.label == TUMOUR]
    livers = [k for k, one in enumerate(found) if one.label == LIVER]
    picked = [tumours[int(k)] for k in rng.permutation(len(tumours))[:most]]
    if livers and (not picked or rng.random() < liver):
        picked = [*picked[: most - 1], max(livers, key=lambda k: int(found[k].mask.sum()))]
    return picked


def _sidecar(parts: Parts, window: Window, part: Part, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `weights` reads beside a checkpoint."""
    told = {"refiner": " with a refiner", "decoder": "", "lora": " with LoRA", "whole": ", the whole model"}[part]
    shown = {name: round(v, 4) for name, v in facts.get("validation", {}).items() if name.startswith("dice")}
    checked = facts.get("checked", "validation during training")
    recipe = next(name for name, known in frame.RECIPES.items() if replace(known, window=window)
                  == replace(parts.recipe, window=window))  # fmt: skip
    return {
        "title": f"{parts.card.title}, fine-tuned on liver tumours{told}",
        "recipe": recipe,
        "level_hu": window.level_hu,
        "width_hu": window.width_hu,
        "licence": str(facts.get("licence", "not stated")),
        "source": str(facts.get("source", f"trained with Lobule from {parts.card.title}")),
        "scores": {"protocol": f"{checked}; jittered boxes, each island alike", **shown},
    }
