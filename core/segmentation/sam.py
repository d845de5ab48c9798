"""SAM and its relatives: an encoder run once per picture, and a decoder run once per prompt."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from core.errors import DeviceError, PromptError
from core.segmentation import frame
from core.segmentation.engines import Engine
from core.segmentation.frame import Recipe
from core.segmentation.memory import enough_memory
from core.segmentation.networks import Network
from core.segmentation.place import Asked, Place, alike
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, EngineNote, ModelCard, Prediction

_BATCH = {True: 8, False: 2}  # pictures at once on a graphics card, by whether the model is a small one
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def choose_device() -> str:
    """Return the fastest device of this machine: ``cuda``, else ``mps``, else ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def no_room(card: ModelCard) -> str:
    """Say that a model is not computed where it would be fastest."""
    return f"The graphics card has too little free memory for {card.size}, so the processor computes it, more slowly."


class SamSegmenter:
    """A SAM-family network that answers prompts. Holds no picture: share it between sessions and threads.

    Attributes:
        card: What the model is.
        engine: What computes it, and why.
    """

    def __init__(
        self,
        card: ModelCard,
        network: Network,
        recipe: Recipe,
        device: str = "cpu",
        engine: tuple[Engine | None, EngineNote] | None = None,
    ) -> None:
        self.card = card
        self._recipe = recipe
        self._moving = Lock()
        with enough_memory(card.size, device):
            self._place = Place.of(network, device, engine[0] if engine else None)
        precision = "fp16" if device.startswith("cuda") else "fp32"
        self.engine = engine[1] if engine else EngineNote(f"torch {precision}", f"It runs on {device}.")

    @property
    def device(self) -> str:
        """Where it runs: ``cuda``, ``mps`` or ``cpu``."""
        return self._place.device

    @property
    def batch(self) -> int:
        """How many pictures are best encoded at once."""
        return _BATCH[self._recipe.side <= 256] if self.device.startswith("cuda") else 1

    def compute_with(self, engine: Engine | None, note: EngineNote) -> None:
        """Go on with another engine on the processor; what was begun ends as it began. None is the network itself."""
        with self._moving:
            self._place, self.engine = replace(self._place, engine=engine), note

    def seen(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return what the encoder is given of a picture ``(H, W)``, before padding."""
        if image.ndim != 2 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"image must be (H, W) uint8 and not empty, got {image.shape} {image.dtype}")
        return frame.seen_picture(image, self._recipe)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Encode a picture ``(H, W)``, rows to posterior, columns to the patient's left. The slow part.

        Raises:
            DeviceError: There is too little memory.
        """
        return self.embed_many([image])[0]

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Encode several pictures; on a graphics card `batch` at a time.

        Raises:
            DeviceError: There is too little memory.
        """
        seen = [self.seen(image) for image in images]
        features = [
            encoded
            for k in range(0, len(seen), self.batch)
            for encoded in self._fitting(seen[k : k + self.batch], self._encoded)
        ]
        return [
            Embedding(encoded, image, shown, self.card.sha256)
            for encoded, image, shown in zip(features, images, seen, strict=True)
        ]

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
        self._check(embedding)
        asked = [self._asked(prompt, embedding) for prompt in prompts]
        answers: dict[int, Prediction] = {}
        for places in alike(asked):
            several = [asked[k] for k in places]
            answered = self._fitting(several, lambda place, few: self._answered(place, embedding, few))
            answers.update(zip(places, answered, strict=True))
        return self._looked_again(embedding, prompts, [answers[k] for k in range(len(prompts))])

    def attention(self, embedding: Embedding, prompt: Prompt) -> npt.NDArray[np.float32]:
        """Return where a prompt looks, ``(h, w)`` in the frame of `Embedding.seen`: the mean over its tokens.

        Raises:
            PromptError: As `predict`.
            DeviceError: As `predict`.
            ValueError: As `predict`.
        """
        self._check(embedding)
        asked = self._asked(prompt, embedding)
        (looks,) = self._fitting([asked], lambda place, few: [place.attention(embedding.features, few[0]).mean(dim=0)])
        return frame.unpadded(looks, embedding, self._recipe)

    def _check(self, embedding: Embedding) -> None:
        if embedding.model != self.card.sha256:
            raise ValueError(f"embedding was made by model {embedding.model!r}, this is {self.card.sha256!r}")

    def _encoded(self, place: Place, seen: Sequence[npt.NDArray[np.uint8]]) -> list[torch.Tensor]:
        pictures = torch.cat([frame.framed(picture, self._recipe) for picture in seen])
        features = place.encode(pictures.contiguous(memory_format=torch.channels_last))
        return [features[k : k + 1] for k in range(len(features))]

    def _answered(self, place: Place, embedding: Embedding, asked: Sequence[Asked]) -> list[Prediction]:
        low, scores = place.decode(embedding.features, asked)
        with torch.inference_mode():
            logits = frame.unframed(low.float(), embedding, self._recipe)
        several = zip(logits, scores.tolist(), asked, strict=True)
        return [_prediction(single.copy(), score, box) for single, score, (box, _) in several]  # copies, no views

    def _looked_again(
        self, embedding: Embedding, prompts: Sequence[Prompt], found: list[Prediction]
    ) -> list[Prediction]:
        """Have the answers to boxes refined, by a model that was taught to."""
        boxed = [(k, prompt.box.clip(embedding.shape)) for k, prompt in enumerate(prompts) if prompt.box]
        if not self._place.refines or not boxed:
            return found
        several = [(found[k], box) for k, box in boxed]
        better = self._fitting(several, lambda place, few: _refined(place, embedding, few))
        replaced = {k: one for (k, _), one in zip(boxed, better, strict=True)}
        return [replaced.get(k, one) for k, one in enumerate(found)]

    def _asked(self, prompt: Prompt, embedding: Embedding) -> Asked:
        if prompt.points and not self.card.takes_points:
            raise PromptError(
                f"{self.card.title} was trained on boxes only and answers points with noise. "
                "Draw a box round the object, or choose a model that takes points, such as SAM."
            )
        box = None if prompt.box is None else frame.seen_box(prompt.box, embedding, self._recipe)
        return box, [frame.seen_point(point, embedding) for point in prompt.points]

    # When memory runs out

    def _fitting(
        self, items: Sequence[_Item], compute: Callable[[Place, Sequence[_Item]], list[_Result]]
    ) -> list[_Result]:
        """Compute all items at once; if they do not fit, in two halves; if those do not, on the processor.

        Raises:
            DeviceError: The processor has too little memory as well.
        """
        place = self._place
        half = (len(items) + 1) // 2
        try:
            return self._computed(place, items, len(items), compute)
        except DeviceError:
            if place.device == "cpu" and len(items) == 1:
                raise
        try:
            return self._computed(place, items, half, compute)
        except DeviceError:
            if place.device == "cpu":
                raise
        return self._computed(self._moved(place), items, half, compute)

    def _computed(
        self,
        place: Place,
        items: Sequence[_Item],
        size: int,
        compute: Callable[[Place, Sequence[_Item]], list[_Result]],
    ) -> list[_Result]:
        with enough_memory(self.card.size, place.device):
            return [result for k in range(0, len(items), size) for result in compute(place, items[k : k + size])]

    def _moved(self, full: Place) -> Place:
        """Go on on the processor, once for all threads. A thread still on the card ends there what it began."""
        with self._moving:
            if self._place is full:
                with enough_memory(self.card.size, "cpu"):
                    self._place = full.on_processor()
                self.engine = EngineNote("torch fp32", no_room(self.card))
                logging.getLogger(__name__).warning("%s", self.engine.reason)
            return self._place


def _refined(place: Place, embedding: Embedding, several: Sequence[tuple[Prediction, Box]]) -> list[Prediction]:
    logits, scores = place.refine(
        embedding.picture, np.stack([one.logits for one, _ in several]), [box for _, box in several]
    )
    answered = zip(logits, scores, several, strict=True)
    return [_prediction(single.copy(), float(score), before.seen_box) for single, score, (before, _) in answered]


def _prediction(
    logits: npt.NDArray[np.float32], score: float, box: tuple[float, float, float, float] | None
) -> Prediction:
    logits.flags.writeable = False
    mask = logits > 0
    mask.flags.writeable = False
    return Prediction(mask, min(1.0, max(0.0, score)), logits, box)
