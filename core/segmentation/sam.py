"""SAM and its relatives: an encoder run once per picture, and a decoder run once per prompt."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.errors import PromptError
from core.segmentation import frame
from core.segmentation.frame import Recipe
from core.segmentation.memory import enough_memory
from core.segmentation.networks import Network
from core.segmentation.prompt import Prompt
from core.segmentation.segmenter import Embedding, ModelCard, Prediction

MOST_AT_ONCE = 16  # prompts in one call of the decoder; each takes about 30 MB while it runs


def choose_device() -> str:
    """Return the fastest device of this machine: ``cuda``, else ``mps``, else ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class SamSegmenter:
    """A SAM-family network that answers prompts. Holds no picture: share it between sessions and threads.

    Attributes:
        card: What the model is.
        device: Where it runs.
    """

    def __init__(self, card: ModelCard, network: Network, recipe: Recipe, device: str = "cpu") -> None:
        self.card = card
        self.device = device
        self._recipe = recipe
        with enough_memory(card.size, device):
            self._network = network.to(device)
        with torch.inference_mode():
            self._positions = self._network.prompt_encoder.get_dense_pe()  # (1, 256, 64, 64)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Encode a picture ``(H, W)``, rows to posterior, columns to the patient's left. The slow part.

        Raises:
            DeviceError: There is too little memory.
        """
        if image.ndim != 2 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"image must be (H, W) uint8 and not empty, got {image.shape} {image.dtype}")
        seen = frame.seen_picture(image, self._recipe)
        with self._running():
            features = self._network.image_encoder(frame.framed(seen, self._recipe).to(self.device)).float()
        return Embedding(features, (image.shape[0], image.shape[1]), seen, self.card.sha256)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        """Answer one prompt on an embedded picture. The fast part.

        Raises:
            PromptError: The prompt lies outside the picture, or holds points and the model takes none.
            DeviceError: There is too little memory.
            ValueError: The embedding was made by another model.
        """
        return self.predict_many(embedding, [prompt])[0]

    def predict_many(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Prediction]:
        """Answer several prompts on one picture, each on its own; boxes go through the decoder together.

        Returns:
            One answer per prompt, in their order. They may differ from those of `predict` by rounding.

        Raises:
            PromptError: As `predict`; then no prompt is answered.
            DeviceError: As `predict`.
            ValueError: As `predict`.
        """
        if embedding.model != self.card.sha256:
            raise ValueError(f"embedding was made by model {embedding.model!r}, this is {self.card.sha256!r}")
        asked = [self._seen(prompt, embedding) for prompt in prompts]
        answers: dict[int, Prediction] = {}
        for several in _alike(asked):
            with self._running():
                low, scores = self._decoded(embedding.features, [asked[k] for k in several])
                logits = frame.unframed(low.float(), embedding, self._recipe)
            for k, single, score in zip(several, logits, scores.tolist(), strict=True):
                answers[k] = _prediction(single.copy(), score, asked[k][0])  # not a view: one answer must not hold all
        return [answers[k] for k in range(len(prompts))]

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Compute without gradients, in the precision of the device, and say it in words if memory runs out."""
        with enough_memory(self.card.size, self.device), torch.inference_mode(), self._precision():
            yield

    def _precision(self) -> AbstractContextManager[Any]:
        # float16, named because it must not become bfloat16: against the masks of float32 the Dice is 0.996 with it
        # and 0.981 with bfloat16, whose fewer digits blur the decoder's edges.
        return torch.autocast("cuda", dtype=torch.float16) if self.device.startswith("cuda") else nullcontext()

    def _seen(self, prompt: Prompt, embedding: Embedding) -> "_Asked":
        if prompt.points and not self.card.takes_points:
            raise PromptError(
                f"{self.card.title} was trained on boxes only and answers points with noise. "
                "Draw a box round the object, or choose a model that takes points, such as SAM."
            )
        box = None if prompt.box is None else frame.seen_box(prompt.box, embedding, self._recipe)
        return box, [frame.seen_point(point, embedding) for point in prompt.points]

    def _decoded(self, features: torch.Tensor, asked: "Sequence[_Asked]") -> tuple[torch.Tensor, torch.Tensor]:
        """Return for N prompts of one kind the best mask's logits ``(N, 1, 256, 256)`` and predicted IoU ``(N,)``."""
        corners, clicks = self._tensors(asked)
        sparse, dense = self._network.prompt_encoder(
            points=None if clicks is None else (clicks[..., :2], clicks[..., 2]), boxes=corners, masks=None
        )
        low, scores = self._network.mask_decoder(
            image_embeddings=features,
            image_pe=self._positions,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            # One click is ambiguous: part, organ or body.
            multimask_output=corners is None and clicks is not None and clicks.shape[1] == 1,
        )
        best = scores.argmax(dim=1)
        each = torch.arange(len(best), device=best.device)
        return low[each, best][:, None], scores[each, best]

    def _tensors(self, asked: "Sequence[_Asked]") -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Return inclusive boxes ``(N, 4)`` as x0, y0, x1, y1 and points ``(N, P, 3)`` as x, y, label, or None."""
        corners = clicks = None
        if asked[0][0] is not None:
            swapped = [(x0, y0, x1, y1) for y0, x0, y1, x1 in (box for box, _ in asked if box)]
            corners = torch.tensor(swapped, dtype=torch.float32, device=self.device)
        if asked[0][1]:
            clicks = torch.tensor([points for _, points in asked], dtype=torch.float32, device=self.device)
        return corners, clicks


# A box ``(y0, x0, y1, x1)`` and points ``(x, y, label)`` in the frame.
_Asked = tuple[tuple[float, float, float, float] | None, list[tuple[float, float, int]]]


def _alike(asked: Sequence[_Asked]) -> Iterator[list[int]]:
    """Yield the places of the prompts that one call of the decoder can answer: a box or not, as many points."""
    kinds: dict[tuple[bool, int], list[int]] = {}
    for k, (box, points) in enumerate(asked):
        kinds.setdefault((box is not None, len(points)), []).append(k)
    for places in kinds.values():
        yield from (places[k : k + MOST_AT_ONCE] for k in range(0, len(places), MOST_AT_ONCE))


def _prediction(
    logits: npt.NDArray[np.float32], score: float, box: tuple[float, float, float, float] | None
) -> Prediction:
    logits.flags.writeable = False
    mask = logits > 0
    mask.flags.writeable = False
    return Prediction(mask, min(1.0, max(0.0, score)), logits, box)
