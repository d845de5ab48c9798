"""Fine-tuning of SAM and its relatives on boxes: the decoder on kept embeddings, or with more of the encoder.

The mask is taught at the resolution of the slice, and the score beside it what the IoU really was: a score that is not
taught along no longer warns of bad masks.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning.boxed import Choice, Slice, slices_of
from core.learning.dataset import Dataset
from core.learning.lora import adapt, merged
from core.learning.losses import loss
from core.learning.prompts import Manner, Object, drawn
from core.learning.settings import Part, Settings
from core.learning.trained import halved
from core.segmentation import frame
from core.segmentation.cachefolder import replacing
from core.segmentation.embeddings import Embeddings
from core.segmentation.engines import BoxDecoder
from core.segmentation.networks import build
from core.segmentation.segmenter import Embedding, Segmenter
from core.segmentation.weights import Parts

Told = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_MANNERS = ((Manner.TIGHT, 0.2), (Manner.JITTERED, 0.5), (Manner.LOOSE, 0.3))
_OBJECTS = 2  # of one slice in a step
_SCORE_WEIGHT = 0.5
_LEARNT, _CHECKED = Choice(10, 2), Choice(6, 1)
Batch = list[tuple[Slice, list[Object], torch.Tensor]]


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


class _Tuned(nn.Module):
    """A decoder of boxes, and an encoder whose normalisation stays as it is."""

    def __init__(self, encoder: nn.Module | None, decoder: BoxDecoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def train(self, mode: bool = True) -> "_Tuned":
        """Never leave evaluation: a batch is a few slices, too few to normalise by, and nothing is dropped."""
        return super().train(False)


class TuneTask:
    """A model that answers boxes, taught on liver and tumours.

    Args:
        parts: Of the model to start from.
        segmenter: The same model, which makes the embeddings.
        training: Cases to learn from.
        validation: Cases to check on; without any, the training cases tell.
        settings: How to train; ``batch`` counts slices.
        tuning: What of the model is trained.
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
        self._told = told
        self._parts, self._segmenter, self._settings, self._kept = parts, segmenter, settings, kept
        self._window, self._part = training.window, tuning.part
        # Copies: what is learnt must not change the tensors it started from.
        tensors = {name: tensor.clone() for name, tensor in parts.tensors.items()}
        model = build(parts.architecture, tensors, folded=tuning.part != "whole")
        self._encoder = model.image_encoder.requires_grad_(tuning.part == "whole")
        self._matrices = adapt(self._encoder, tuning.rank, seed=settings.seed) if tuning.part == "lora" else []
        _renew_biases(self._encoder)
        decoder = BoxDecoder(model)
        decoder.requires_grad_(False)
        decoder.decoder.requires_grad_(True)
        self.network: nn.Module = _Tuned(None if tuning.part == "decoder" else self._encoder, decoder)
        self._decoder, self._loss = decoder, loss(settings.loss)
        self._seen: dict[tuple[int, int], Embedding] = {}  # by the shape of a slice: where boxes lie in the frame
        self._slices = slices_of(training, tuning.choice)
        self._checked = slices_of(validation if validation.cases else training, tuning.checked)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self._slices) // self._settings.batch)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield slices, the objects chosen on each, and their boxes ``(N, 4)`` as x0, y0, x1, y1 in the frame."""
        rng = np.random.default_rng((self._settings.seed, epoch))
        order, size = rng.permutation(len(self._slices)), self._settings.batch
        for k in range(0, len(order), size):
            batch = []
            for index in order[k : k + size]:
                here = self._slices[int(index)]
                chosen = _chosen(here.found, rng)
                manners = rng.choice(len(_MANNERS), len(chosen), p=[share for _, share in _MANNERS])
                boxes = [self._box(one, here, _MANNERS[int(m)][0], rng) for one, m in zip(chosen, manners, strict=True)]
                batch.append((here, chosen, torch.tensor(boxes)))
            yield batch

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss over the objects of a batch, each counting alike on its slice."""
        return torch.stack([self._of_slice(*one)[0] for one in batch]).mean()

    def validate(self) -> Mapping[str, float]:
        """Return the mean Dice over objects from a jittered box, always the same; tumours decide."""
        rng = np.random.default_rng(self._settings.seed + 1)
        values: dict[int, list[float]] = {LIVER: [], TUMOUR: []}
        losses = []
        for here in self._checked:
            boxes = torch.tensor([self._box(one, here, Manner.JITTERED, rng) for one in here.found])
            value, dice = self._of_slice(here, list(here.found), boxes)
            losses.append(float(value))
            for one, found in zip(here.found, dice.tolist(), strict=True):
                values[one.label].append(found)
        names = {LIVER: "dice_liver", TUMOUR: "dice_tumour"}
        told = {names[label]: float(np.mean(found)) for label, found in values.items() if found}
        score = told.get("dice_tumour", told.get("dice_liver", 0.0))
        return {"validation_loss": float(np.mean(losses)) if losses else 0.0, **told, "score": score}

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Write a whole checkpoint in the layout of the model it started from, and beside it what it is."""
        learnt = {f"mask_decoder.{name}": tensor for name, tensor in self._decoder.decoder.state_dict().items()}
        if self._part == "lora":
            learnt |= {f"image_encoder.{k}": v for k, v in merged(self._encoder, self._matrices).items()}
        if self._part == "whole":
            learnt |= {f"image_encoder.{k}": v for k, v in self._encoder.state_dict().items()}
        save_checkpoint(path, self._parts, learnt, self._window, self._part, self._told(facts))

    def _of_slice(self, here: Slice, chosen: list[Object], boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the Dice of each object."""
        device = next(self._decoder.parameters()).device
        embedding = self._kept.of(here.case.volume, here.z, self._segmenter) if self._part == "decoder" else None
        features, shape, seen = self._features(here, embedding, device)
        low, scores = self._decoder(features, boxes.float().to(device))
        side = self._parts.recipe.side
        whole = functional.interpolate(low.float(), (side, side), mode="bilinear", align_corners=False)
        logits = functional.interpolate(whole[..., : seen[0], : seen[1]], shape, mode="bilinear", align_corners=False)
        wanted = torch.from_numpy(np.stack([one.mask for one in chosen]))[:, None].to(device, torch.float32)
        found = logits.detach() > 0
        both = (found & (wanted > 0)).sum((1, 2, 3)).float()
        sizes = found.sum((1, 2, 3)) + wanted.sum((1, 2, 3))
        iou, dice = both / (sizes - both), 2 * both / sizes
        score_loss = functional.mse_loss(scores.float(), iou)
        return self._loss(logits, wanted) + _SCORE_WEIGHT * score_loss, dice

    def _features(
        self, here: Slice, embedding: Embedding | None, device: torch.device
    ) -> tuple[torch.Tensor, tuple[int, int], tuple[int, int]]:
        height, width = here.case.grey.shape[1:]
        if embedding is not None:
            rows, columns = embedding.seen.shape
            return embedding.features.to(device).float(), (height, width), (rows, columns)
        picture = frame.seen_picture(here.case.grey[here.z], self._parts.recipe)
        framed = frame.framed(picture, self._parts.recipe).to(device)
        return self._encoder(framed), (height, width), (picture.shape[0], picture.shape[1])

    def _box(self, one: Object, here: Slice, manner: Manner, rng: np.random.Generator) -> tuple[float, ...]:
        shape = (here.case.grey.shape[1], here.case.grey.shape[2])
        box = drawn(one.box, manner, shape, rng)
        if shape not in self._seen:
            picture = here.case.grey[here.z]
            self._seen[shape] = Embedding(torch.empty(0), picture, self._segmenter.seen(picture), "")
        y0, x0, y1, x1 = frame.seen_box(box, self._seen[shape], self._parts.recipe)
        return x0, y0, x1, y1


def save_checkpoint(
    path: Path, parts: Parts, learnt: Mapping[str, torch.Tensor], window: Window, part: Part, facts: Mapping[str, Any]
) -> None:
    """Write a model with what it learnt, in the layout of the one it started from, and beside it what it is."""
    content = safetensors.torch.save(halved({**parts.tensors, **learnt}))
    with replacing(path) as file:
        file.write(content)
    about = sidecar(parts, window, part, facts)
    with replacing(path.with_name(path.name + ".json")) as file:
        file.write((json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())


def sidecar(parts: Parts, window: Window, part: Part, facts: Mapping[str, Any]) -> dict[str, Any]:
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


def _chosen(found: tuple[Object, ...], rng: np.random.Generator) -> list[Object]:
    """Return up to two objects of a slice; tumours first, and the liver one time in three where there are some."""
    tumours = [one for one in found if one.label == TUMOUR]
    livers = [one for one in found if one.label == LIVER]
    picked = [tumours[int(k)] for k in rng.permutation(len(tumours))[:_OBJECTS]]
    if livers and (not picked or rng.random() < 1 / 3):
        picked = [*picked[: _OBJECTS - 1], max(livers, key=lambda one: int(one.mask.sum()))]
    return picked


def _renew_biases(encoder: nn.Module) -> None:
    """Let TinyViT look its attention biases up again, without the history of gradients they were built with."""
    with torch.no_grad():
        encoder.train()
        encoder.eval()
