"""Training of the network that reads SAM's embeddings, which are made once and kept on disk."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from core.learning.augmentation import USUAL, Augmentation
from core.learning.cases import Case, Grey, shares, targets
from core.learning.dataset import Dataset
from core.learning.networks import NetworkConfig
from core.learning.networktask import ALL, Batch, Sampling, Save, Seen, SliceTask
from core.learning.pictures import shown
from core.learning.samunet import SCALE
from core.learning.settings import Settings
from core.learning.view import View
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

Pair = tuple[torch.Tensor, torch.Tensor]
_BRIGHTER, _CONTRAST, _NOISE = 0.08, 0.15, 0.04
_WHOLE = 0.2  # how often the whole slice is shown, in which the liver must be found first
_NEIGHBOUR_MM = 2.0  # how far away the neighbours are, about


class EmbeddedTask(SliceTask):
    """A network that turns an embedding and pictures into logits of liver and tumour.

    It learns from looks at the liver, and now and then at whole slices, as `networkfinders.EmbeddingFinder` takes them.

    Args:
        config: Which network.
        training: Cases to learn from.
        validation: Cases to check on; without any, the training cases tell.
        settings: How to train.
        save: Writes the network; see `trained.save_network`.
        segmenter: Makes the embeddings.
        kept: Where they are kept.
        augmentation: How far what is seen may be moved and changed. It is not mirrored: an embedding knows its side.
        sampling: Which slices an epoch is made of.
    """

    def __init__(
        self,
        config: NetworkConfig,
        training: Dataset,
        validation: Dataset,
        settings: Settings,
        *,
        save: Save,
        segmenter: Segmenter,
        kept: Embeddings,
        augmentation: Augmentation = USUAL,
        sampling: Sampling = ALL,
    ) -> None:
        tumour = np.flatnonzero(np.concatenate([case.tumour_px for case in training.cases]))
        self._slices = [(case, z) for case in training.cases for z in range(case.slices)]
        often = shares([case.patient for case, _ in self._slices])
        super().__init__(config, settings, sampling, save, len(self._slices), tumour, often)
        self._eye, self._augmentation = Eye(segmenter, kept, config.side), augmentation
        self._checked = validation.cases or training.cases
        cases = (*training.cases, *self._checked)
        self._liver = {case.name: View.round(case.labels > 0) for case in cases}

    def _batch(self, chosen: npt.NDArray[np.int64], seed: int) -> Batch:
        generator = torch.Generator().manual_seed(seed % 2**63)
        slices = [self._slices[int(index)] for index in chosen]
        whole = torch.rand(len(slices), generator=generator) < _WHOLE
        views = [
            View.whole(_shape(case)) if far else self._liver[case.name]
            for (case, _), far in zip(slices, whole.tolist(), strict=True)
        ]
        looks = [
            (self._eye.of([one], view), self._eye.targets(*one, view)) for one, view in zip(slices, views, strict=True)
        ]
        features, pictures = (torch.cat([seen[part] for seen, _ in looks]) for part in range(2))
        return changed(
            (features, pictures), torch.stack([wanted for _, wanted in looks]), self._augmentation, generator
        )

    def _checks(self) -> Iterator[tuple[Seen, Grey]]:
        """Yield looks at the livers of validation slices, as the labels show where these are, and labels."""
        for case in self._checked:
            rows, view = range(0, case.slices, self._sampling.every), self._liver[case.name]
            for k in range(0, len(rows), self._settings.batch):
                slices = [(case, z) for z in rows[k : k + self._settings.batch]]
                wanted = torch.stack([self._eye.targets(case, z, view) for _, z in slices])
                labels = (wanted > 0.5).sum(1)  # a tumour is liver, too: 1 and 1
                yield self._eye.of(slices, view), labels.numpy().astype(np.uint8)


class Eye:
    """Shows parts of slices to a network, and what SAM's encoder saw there.

    Args:
        segmenter: Whose encoder.
        kept: Where embeddings are kept.
        side: Rows and columns of the pictures.
    """

    def __init__(self, segmenter: Segmenter, kept: Embeddings, side: int) -> None:
        self._segmenter, self._kept, self._side = segmenter, kept, side

    def of(self, slices: Sequence[tuple[Case, int]], view: View) -> Pair:
        """Return embeddings ``(B, 256, S/4, S/4)`` and pictures of slices and their neighbours ``(B, 3, S, S)``."""
        shape = _shape(slices[0][0])
        embeddings = [self._kept.of(case.volume, z, self._segmenter).features.float() for case, z in slices]
        pictures = torch.stack([shown(case.grey[near(case, z)]) for case, z in slices])
        return view.cut_features(torch.cat(embeddings), shape, self._side // SCALE), view.cut(pictures, self._side)

    def targets(self, case: Case, z: int, view: View) -> torch.Tensor:
        """Return what a network learns of a slice, ``(2, S, S)`` from 0 to 1."""
        return view.cut(torch.from_numpy(targets(case.labels[z]))[None], self._side)[0]


def near(case: Case, z: int) -> list[int]:
    """Return a slice between its neighbours, about 2 mm away; at an end it is its own."""
    step = max(1, round(_NEIGHBOUR_MM / case.grid.spacing[0])) if case.grid.has_spacing else 1
    return [max(z - step, 0), z, min(z + step, case.slices - 1)]


def changed(
    seen: Pair, wanted: torch.Tensor, how: Augmentation, generator: torch.Generator
) -> tuple[Pair, torch.Tensor]:
    """Turn, scale and shift what is seen and what is wanted alike; make the pictures brighter, steeper and noisier."""
    (features, pictures), count = seen, len(wanted)

    def drawn(most: float, probability: float) -> torch.Tensor:
        values = (torch.rand(count, generator=generator) * 2 - 1) * most
        return values * (torch.rand(count, generator=generator) < probability)

    turn, scale = drawn(np.deg2rad(how.turn_degrees), how.move), 1 + drawn(how.scale, how.move)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    shift = [2 * drawn(how.shift, how.move) for _ in range(2)]
    matrix = torch.stack([torch.stack([cos, -sin, shift[0]], 1), torch.stack([sin, cos, shift[1]], 1)], 1)
    features, pictures = _moved(features, matrix, "bilinear"), _moved(pictures, matrix, "bilinear")
    contrast, brighter = (drawn(most, how.grey).view(-1, 1, 1, 1) for most in (_CONTRAST, _BRIGHTER))
    noise = torch.randn(pictures.shape, generator=generator) * drawn(_NOISE, how.grey).abs().view(-1, 1, 1, 1)
    pictures = (pictures * (1 + contrast) + brighter + noise).clamp(0, 1)
    return (features, pictures), _moved(wanted, matrix, "nearest")


def _moved(pictures: torch.Tensor, matrix: torch.Tensor, mode: str) -> torch.Tensor:
    places = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, places, mode=mode, padding_mode="zeros", align_corners=False)


def _shape(case: Case) -> tuple[int, int]:
    return case.grey.shape[1], case.grey.shape[2]
