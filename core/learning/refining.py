"""Training of a refiner: SAM stays as it is, and what looks again at the neighbourhood of a box learns to mend it.

SAM answers each of a few boxes of an object once; what is looked at is kept, so that an epoch costs seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from core.learning.boxed import Slice
from core.learning.boxtask import SCORE_WEIGHT, BoxTask, Tuning, chosen, figures
from core.learning.cases import shares
from core.learning.prompts import Manner, Object, drawn
from core.segmentation.networks import REFINER
from core.segmentation.prompt import Box, Prompt
from core.segmentation.refiner import Refiner, Sight, corrected, looked_at

_MANNERS = (Manner.JITTERED, Manner.TIGHT, Manner.JITTERED, Manner.LOOSE, Manner.JITTERED, Manner.LOOSE)
_OBJECTS, _LIVER = 4, 1 / 4  # of one slice in a step, and how often its liver is among them
_FLIP, _TURN = 0.5, 0.5
_CONTRAST, _BRIGHTER, _NOISE = 0.2, 0.1, 0.05
_GREY, _DOWN, _ACROSS = 0, 1, 2  # channels


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen round one box, and what should be drawn there.

    Attributes:
        seen: ``(6, S, S)``, as `refiner.looked_at` gives it, in 16 bits.
        wanted: ``(1, S, S)`` from 0 to 1, in 16 bits.
    """

    seen: torch.Tensor
    wanted: torch.Tensor


Batch = tuple[torch.Tensor, torch.Tensor]


class RefineTask(BoxTask):
    """A refiner that learns to mend what a model draws in boxes round liver and tumours."""

    def _prepared(self, tuning: Tuning) -> nn.Module:
        self._looks: dict[tuple[str, int, int], tuple[Look, ...]] = {}
        self._shares = shares([here.case.patient for here in self._slices])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._settings.seed)
            return Refiner()

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield what is seen round boxes, ``(N, 6, S, S)``, and what should be drawn there, ``(N, 1, S, S)``."""
        rng = np.random.default_rng((self._settings.seed, epoch))
        for _ in range(self.steps):
            looks = []
            for index in rng.choice(len(self._slices), self._settings.batch, p=self._shares):
                here = self._slices[int(index)]
                picked = chosen(here.found, rng, most=_OBJECTS, liver=_LIVER)
                looks += [self._of(here, k)[int(rng.integers(len(_MANNERS)))] for k in picked]
            changed = [_changed(look, rng) for look in looks]
            yield torch.stack([seen for seen, _ in changed]), torch.stack([wanted for _, wanted in changed])

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss over the objects of a batch, each counting alike."""
        device = next(self.network.parameters()).device
        seen, wanted = (one.to(device) for one in batch)
        corrections, scores = self.network(seen)
        logits = corrected(seen, corrections.float())
        score_loss = functional.mse_loss(scores.float(), _overlaps(logits.detach(), wanted)[0])
        return self._loss(logits, wanted) + SCORE_WEIGHT * score_loss

    def validate(self) -> Mapping[str, float]:
        """Return the mean Dice over objects from a jittered box, always the same; tumours decide."""
        losses: list[float] = []
        found: list[tuple[Object, float]] = []
        device = next(self.network.parameters()).device
        for here in self._checked:
            looks = [self._of(here, k)[_MANNERS.index(Manner.JITTERED)] for k in range(len(here.found))]
            seen = torch.stack([look.seen.float() for look in looks]).to(device)
            wanted = torch.stack([look.wanted.float() for look in looks]).to(device)
            logits = corrected(seen, self.network(seen)[0].float())
            losses.append(float(self._loss(logits, wanted)))
            found += zip(here.found, _overlaps(logits, wanted)[1].tolist(), strict=True)
        return figures(losses, found)

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """See `training.Task`; SAM as it is, and the refiner."""
        learnt = {f"{REFINER}{name}": tensor for name, tensor in self.network.state_dict().items()}
        self._saved(path, learnt, facts)

    def _of(self, here: Slice, k: int) -> tuple[Look, ...]:
        """Return the looks at an object of a slice, one for every manner of drawing a box; kept once made."""
        key = (here.case.name, here.z, k)
        if key not in self._looks:
            self._looks[key] = tuple(self._made(here, here.found[k], k))
        return self._looks[key]

    def _made(self, here: Slice, one: Object, k: int) -> Iterator[Look]:
        rng = np.random.default_rng((self._settings.seed, here.z, k))
        embedding = self._kept.of(here.case.volume, here.z, self._segmenter)
        boxes = [drawn(one.box, manner, embedding.shape, rng) for manner in _MANNERS]
        answers = self._segmenter.predict_many(embedding, [Prompt(box) for box in boxes])
        picture = torch.from_numpy(embedding.picture.astype(np.float32) / 255)
        logits = torch.from_numpy(np.stack([answer.logits for answer in answers]))[:, None]
        yield from _looks(boxes, picture, logits, one.mask)


def _looks(
    boxes: list[Box], picture: torch.Tensor, logits: torch.Tensor, mask: npt.NDArray[np.bool_]
) -> Iterator[Look]:
    sight = Sight.of(boxes, (picture.shape[0], picture.shape[1]))
    truth = torch.from_numpy(mask.astype(np.float32)).expand(len(boxes), 1, -1, -1)
    for seen, wanted in zip(looked_at(sight, picture, logits).half(), sight.cut(truth).half(), strict=True):
        yield Look(seen.clone(), wanted.clone())


def _changed(look: Look, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror and turn what is seen and wanted alike; make the picture brighter, steeper and noisier."""
    seen, wanted = look.seen.float(), look.wanted.float()
    for axis in (-1, -2):
        if rng.random() < _FLIP:
            seen, wanted = seen.flip(axis), wanted.flip(axis)
    if rng.random() < _TURN:
        seen, wanted = seen.transpose(-1, -2).clone(), wanted.transpose(-1, -2)
        seen[[_DOWN, _ACROSS]] = seen[[_ACROSS, _DOWN]]
    contrast, brighter = 1 + _CONTRAST * rng.uniform(-1, 1), _BRIGHTER * rng.uniform(-1, 1)
    noise = torch.from_numpy(rng.standard_normal(seen.shape[1:], np.float32)) * (_NOISE * rng.random())
    grey = (seen[_GREY] - 0.5) * contrast + 0.5 + brighter + noise
    return torch.cat([grey[None], seen[1:]]), wanted


def _overlaps(logits: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the IoU and the Dice of each object ``(N,)`` within what is looked at."""
    found, there = logits > 0, wanted > 0.5
    both = (found & there).sum((1, 2, 3)).float()
    sizes = (found.sum((1, 2, 3)) + there.sum((1, 2, 3))).float().clamp(min=1)
    return both / (sizes - both).clamp(min=1), 2 * both / sizes
