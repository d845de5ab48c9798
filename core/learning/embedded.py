"""Training of the network that reads SAM's embeddings, which are made once and kept on disk."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from core.learning.augmentation import USUAL, Augmentation
from core.learning.cases import Grey, shares
from core.learning.dataset import Dataset
from core.learning.looks import Eye, Look
from core.learning.networks import NetworkConfig
from core.learning.networktask import ALL, Batch, Sampling, Save, Seen, SliceTask
from core.learning.settings import Settings
from core.learning.variation import varied
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

_THINNER = 4  # are the training slices that are checked where there is no validation
_WHOLE = 0.2  # how often the whole slice is shown, in which the liver must be found first


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
        self._every = sampling.every if validation.cases else _THINNER * sampling.every
        cases = (*training.cases, *self._checked)
        self._close = {case.name: Look.close(case, range(case.slices), case.labels > 0) for case in cases}

    def _batch(self, chosen: npt.NDArray[np.int64], seed: int) -> Batch:
        generator = torch.Generator().manual_seed(seed % 2**63)
        slices = [self._slices[int(index)] for index in chosen]
        far = torch.rand(len(slices), generator=generator) < _WHOLE
        looks = [
            Look.whole(case) if is_far else self._close[case.name]
            for (case, _), is_far in zip(slices, far.tolist(), strict=True)
        ]
        pairs = [self._eye.of([one], look) for one, look in zip(slices, looks, strict=True)]
        wanted = [self._eye.targets(*one, look) for one, look in zip(slices, looks, strict=True)]
        features, pictures = (torch.cat([pair[part] for pair in pairs]) for part in range(2))
        return varied((features, pictures), torch.stack(wanted), far, self._augmentation, generator)

    def _checks(self) -> Iterator[tuple[Seen, Grey]]:
        """Yield looks at the livers of validation slices, as the labels show where these are, and labels."""
        for case in self._checked:
            rows, look = range(0, case.slices, self._every), self._close[case.name]
            for k in range(0, len(rows), self._settings.batch):
                slices = [(case, z) for z in rows[k : k + self._settings.batch]]
                wanted = torch.stack([self._eye.targets(case, z, look) for _, z in slices])
                labels = (wanted > 0.5).sum(1)  # a tumour is liver, too: 1 and 1
                yield self._eye.of(slices, look), labels.numpy().astype(np.uint8)
