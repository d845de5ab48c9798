"""Fine-tuning of SAM and its relatives on boxes: the decoder on kept embeddings, or with more of the encoder.

The mask is taught at the resolution of the slice, and the score beside it what the IoU really was: a score that is not
taught along no longer warns of bad masks.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.learning.boxed import Slice
from core.learning.boxtask import SCORE_WEIGHT, BoxTask, Tuning, chosen, figures
from core.learning.lora import adapt, merged
from core.learning.prompts import Manner, Object, drawn
from core.segmentation import frame
from core.segmentation.engines import BoxDecoder
from core.segmentation.networks import build
from core.segmentation.segmenter import Embedding

_MANNERS = ((Manner.TIGHT, 0.2), (Manner.JITTERED, 0.5), (Manner.LOOSE, 0.3))
_OBJECTS, _LIVER = 2, 1 / 3  # of one slice in a step, and how often its liver is among them
Batch = list[tuple[Slice, list[Object], torch.Tensor]]


class _Tuned(nn.Module):
    """A decoder of boxes, and an encoder whose normalisation stays as it is."""

    def __init__(self, encoder: nn.Module | None, decoder: BoxDecoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def train(self, mode: bool = True) -> "_Tuned":
        """Never leave evaluation: a batch is a few slices, too few to normalise by, and nothing is dropped."""
        return super().train(False)


class TuneTask(BoxTask):
    """The decoder of a model, or with more of its encoder, taught as `BoxTask` says."""

    def _prepared(self, tuning: Tuning) -> nn.Module:
        # Copies: what is learnt must not change the tensors it started from.
        tensors = {name: tensor.clone() for name, tensor in self._parts.tensors.items()}
        model = build(self._parts.architecture, tensors, folded=tuning.part != "whole")
        self._encoder = model.image_encoder.requires_grad_(tuning.part == "whole")
        self._matrices = adapt(self._encoder, tuning.rank, seed=self._settings.seed) if tuning.part == "lora" else []
        _renew_biases(self._encoder)
        decoder = BoxDecoder(model)
        decoder.requires_grad_(False)
        decoder.decoder.requires_grad_(True)
        self._decoder = decoder
        self._seen: dict[tuple[int, int], Embedding] = {}  # by the shape of a slice: where boxes lie in the frame
        return _Tuned(None if tuning.part == "decoder" else self._encoder, decoder)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield slices, the objects chosen on each, and their boxes ``(N, 4)`` as x0, y0, x1, y1 in the frame."""
        rng = np.random.default_rng((self._settings.seed, epoch))
        order, size = rng.permutation(len(self._slices)), self._settings.batch
        for k in range(0, len(order), size):
            batch = []
            for index in order[k : k + size]:
                here = self._slices[int(index)]
                picked = [here.found[k] for k in chosen(here.found, rng, most=_OBJECTS, liver=_LIVER)]
                manners = rng.choice(len(_MANNERS), len(picked), p=[share for _, share in _MANNERS])
                boxes = [self._box(one, here, _MANNERS[int(m)][0], rng) for one, m in zip(picked, manners, strict=True)]
                batch.append((here, picked, torch.tensor(boxes)))
            yield batch

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss over the objects of a batch, each counting alike on its slice."""
        return torch.stack([self._of_slice(*one)[0] for one in batch]).mean()

    def validate(self) -> Mapping[str, float]:
        """Return the mean Dice over objects from a jittered box, always the same; tumours decide."""
        rng = np.random.default_rng(self._settings.seed + 1)
        losses: list[float] = []
        found: list[tuple[Object, float]] = []
        for here in self._checked:
            boxes = torch.tensor([self._box(one, here, Manner.JITTERED, rng) for one in here.found])
            value, dice = self._of_slice(here, list(here.found), boxes)
            losses.append(float(value))
            found += zip(here.found, dice.tolist(), strict=True)
        return figures(losses, found)

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """See `training.Task`; SAM with what of it was taught."""
        learnt = {f"mask_decoder.{name}": tensor for name, tensor in self._decoder.decoder.state_dict().items()}
        if self._part == "lora":
            learnt |= {f"image_encoder.{k}": v for k, v in merged(self._encoder, self._matrices).items()}
        if self._part == "whole":
            learnt |= {f"image_encoder.{k}": v for k, v in self._encoder.state_dict().items()}
        self._saved(path, learnt, facts)

    def _of_slice(self, here: Slice, picked: list[Object], boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the Dice of each object."""
        device = next(self._decoder.parameters()).device
        embedding = self._kept.of(here.case.volume, here.z, self._segmenter) if self._part == "decoder" else None
        features, shape, seen = self._features(here, embedding, device)
        low, scores = self._decoder(features, boxes.float().to(device))
        side = self._parts.recipe.side
        whole = functional.interpolate(low.float(), (side, side), mode="bilinear", align_corners=False)
        logits = functional.interpolate(whole[..., : seen[0], : seen[1]], shape, mode="bilinear", align_corners=False)
        wanted = torch.from_numpy(np.stack([one.mask for one in picked]))[:, None].to(device, torch.float32)
        found = logits.detach() > 0
        both = (found & (wanted > 0)).sum((1, 2, 3)).float()
        sizes = found.sum((1, 2, 3)) + wanted.sum((1, 2, 3))
        iou, dice = both / (sizes - both), 2 * both / sizes
        score_loss = functional.mse_loss(scores.float(), iou)
        return self._loss(logits, wanted) + SCORE_WEIGHT * score_loss, dice

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


def _renew_biases(encoder: nn.Module) -> None:
    """Let TinyViT look its attention biases up again, without the history of gradients they were built with."""
    with torch.no_grad():
        encoder.train()
        encoder.eval()
