"""Trained networks that find liver and tumours on the slices of a case."""

from collections.abc import Iterator, Sequence

import cc3d
import numpy as np
import torch

from core.errors import WeightsError
from core.learning.cases import Case
from core.learning.finders import Finder, Probabilities
from core.learning.looks import Eye, Look
from core.learning.networks import OUTPUTS
from core.learning.pictures import enlarged, resized, shown
from core.learning.trained import TrainedNetwork
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

_BATCH = 8
_MEMORY_BYTES = 1 << 28
_LOOKS = 24  # at whole slices, to find the liver before looking at it closely
_BEYOND = 2  # of these looks above and below the liver, closely looked at too


class NetworkFinder:
    """A trained U-Net, V-Net or CNN.

    Args:
        trained: The network.
        device: Where it computes.
    """

    def __init__(self, trained: TrainedNetwork, device: str = "cpu") -> None:
        self.card = trained.card
        self._network, self._device = trained.network.to(device), device

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`."""
        shape = (case.grey.shape[1], case.grey.shape[2])
        found = self._flat(case, slices) if self.card.config.is_flat else self._deep(case, slices)
        for low in found:
            yield enlarged(low, shape)

    def _flat(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        for k in range(0, len(slices), _BATCH):
            pictures = resized(case.grey[list(slices[k : k + _BATCH])], self.card.config.side)
            with torch.inference_mode():
                logits = self._network(shown(pictures)[:, None].to(self._device))
                yield from torch.sigmoid(logits).cpu().numpy()

    def _deep(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        from monai.inferers import sliding_window_inference  # seconds

        config = self.card.config
        block = shown(resized(case.grey, config.side))[None, None]
        with torch.inference_mode():
            logits = sliding_window_inference(
                block, (config.depth, config.side, config.side), 1, self._network, overlap=0.5, mode="gaussian",
                sw_device=self._device, device="cpu", padding_mode="replicate",
            )  # fmt: skip
            found = torch.sigmoid(logits[0])
        for z in slices:
            yield found[:, z].numpy()


class EmbeddingFinder:
    """A trained network that reads SAM's embeddings of the slices: it finds the liver, and looks at it closely.

    Args:
        trained: The network.
        segmenter: The model whose embeddings it reads.
        kept: Where they are kept.
        device: Where the network computes.

    Raises:
        WeightsError: The network was trained on the embeddings of another model.
    """

    def __init__(self, trained: TrainedNetwork, segmenter: Segmenter, kept: Embeddings, device: str = "cpu") -> None:
        if trained.card.base_sha256 != segmenter.card.sha256:
            raise WeightsError(
                f"{trained.card.title} reads the embeddings of {trained.card.base}, and {segmenter.card.title} here is "
                "another model or another copy. Train it anew."
            )
        self.card = trained.card
        self._eye = Eye(segmenter, kept, trained.card.config.side)
        self._network, self._device = trained.network.to(device), device

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`; far above and below the liver nothing is looked at, and nothing found."""
        look, close = self._look(case, slices)
        for z in slices:
            yield self._found(case, z, look) if z in close else np.zeros((OUTPUTS, *case.grey.shape[1:]), np.float32)

    def _look(self, case: Case, slices: Sequence[int]) -> tuple[Look, range]:
        """Find the liver by a look at whole slices, and return how it is looked at closely and on which slices."""
        thin = np.unique(np.linspace(0, len(slices) - 1, _LOOKS).round().astype(int))
        looked, whole = [slices[k] for k in thin], Look.whole(case)
        marked = np.stack([self._found(case, z, whole)[0] > 0.5 for z in looked])
        liver = cc3d.largest_k(marked.astype(np.uint8), k=1, connectivity=6) > 0
        shows = np.flatnonzero(liver.any(axis=(1, 2)))
        if not len(shows):
            return whole, range(case.slices)
        first, last = max(shows[0] - _BEYOND, 0), min(shows[-1] + _BEYOND, len(looked) - 1)
        return Look.close(case, looked, liver), range(looked[first], looked[last] + 1)

    def _found(self, case: Case, z: int, look: Look) -> Probabilities:
        with torch.inference_mode():
            features, pictures = self._eye.of([(case, z)], look)
            logits = self._network((features.to(self._device), pictures.to(self._device)))
            shape = (case.grey.shape[1], case.grey.shape[2])
            found: Probabilities = look.view.put_back(torch.sigmoid(logits).float().cpu(), shape)[0].numpy()
        return found


def network_finder(trained: TrainedNetwork, device: str = "cpu", kept: Embeddings | None = None) -> Finder:
    """Return what finds with a trained network, whatever it reads.

    Raises:
        WeightsError: The model whose embeddings it reads is not here.
    """
    if not trained.card.base:
        return NetworkFinder(trained, device)
    return EmbeddingFinder(trained, weights.load(trained.card.base), kept or Embeddings(_MEMORY_BYTES), device)
