"""Training of the network that reads SAM's embeddings, which are made once and kept on disk."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from core.learning.augmentation import USUAL, Augmentation
from core.learning.cases import Case, Grey, targets
from core.learning.dataset import Dataset
from core.learning.networks import NetworkConfig
from core.learning.networktask import ALL, Batch, Sampling, Save, Seen, SliceTask
from core.learning.pictures import shown
from core.learning.settings import Settings
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

Pair = tuple[torch.Tensor, torch.Tensor]
_BRIGHTER, _CONTRAST, _NOISE = 0.08, 0.15, 0.04


class EmbeddedTask(SliceTask):
    """A network that turns an embedding into logits of liver and tumour.

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
        super().__init__(config, settings, sampling, save, len(self._slices), tumour)
        self._eye, self._augmentation = Eye(segmenter, kept, config.side), augmentation
        self._checked = validation.cases or training.cases

    def _batch(self, chosen: npt.NDArray[np.int64], seed: int) -> Batch:
        slices = [self._slices[int(index)] for index in chosen]
        wanted = torch.stack([self._eye.targets(case, z) for case, z in slices])
        generator = torch.Generator().manual_seed(seed % 2**63)
        return changed(self._eye.of(slices), wanted, self._augmentation, generator)

    def _checks(self) -> Iterator[tuple[Seen, Grey]]:
        """Yield validation slices and labels in the frame of the encoder."""
        for case in self._checked:
            rows = range(0, case.slices, self._sampling.every)
            for k in range(0, len(rows), self._settings.batch):
                slices = [(case, z) for z in rows[k : k + self._settings.batch]]
                yield self._eye.of(slices), np.stack([self._eye.labels(case, z) for case, z in slices])


class Eye:
    """Shows slices to a network as SAM's encoder saw them.

    Args:
        segmenter: Whose encoder.
        kept: Where embeddings are kept.
        side: Rows and columns of the encoder's frame.
    """

    def __init__(self, segmenter: Segmenter, kept: Embeddings, side: int) -> None:
        self._segmenter, self._kept, self._side = segmenter, kept, side

    def of(self, slices: Sequence[tuple[Case, int]]) -> Pair:
        """Return embeddings ``(B, 256, S/4, S/4)`` and pictures ``(B, 1, S, S)`` from 0 to 1; 0 beyond the slice."""
        found = [self._kept.of(case.volume, z, self._segmenter) for case, z in slices]
        features = torch.cat([one.features.float() for one in found])
        return features, torch.stack([self._padded(shown(one.seen))[None] for one in found])

    def seen(self, case: Case, z: int) -> tuple[int, int]:
        """Return how many rows and columns of the frame a slice fills."""
        height, width = self._segmenter.seen(case.grey[z]).shape
        return height, width

    def labels(self, case: Case, z: int) -> Grey:
        """Return the labels of a slice in the frame ``(S, S)``, 0 beyond the slice."""
        height, width = self.seen(case, z)
        given = torch.from_numpy(case.labels[z].astype(np.float32))[None, None]
        found = functional.interpolate(given, (height, width), mode="nearest-exact")[0, 0]
        return self._padded(found).numpy().astype(np.uint8)

    def targets(self, case: Case, z: int) -> torch.Tensor:
        """Return what a network learns of a slice, ``(2, S, S)``."""
        return torch.from_numpy(targets(self.labels(case, z)))

    def _padded(self, picture: torch.Tensor) -> torch.Tensor:
        return functional.pad(picture, (0, self._side - picture.shape[1], 0, self._side - picture.shape[0]))


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
