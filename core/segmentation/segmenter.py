"""The promise every promptable model keeps: embed a picture once, then answer prompts on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.imaging.window import Window
from core.segmentation.prompt import Prompt


@dataclass(frozen=True)
class ModelCard:
    """What a reader should know of a model before trusting it.

    Attributes:
        name: Short unique name for the command line and the picker, such as ``litemedsam``.
        title: Name for the screen.
        window: The window it was trained on and is fed by default.
        takes_points: Whether it was trained to answer points.
        megabytes: Size of its weights on disk.
        licence: Licence of the weights.
        source: Where the weights come from, in words.
        sha256: Of the weights file; identifies the model in caches and records.
    """

    name: str
    title: str
    window: Window
    takes_points: bool
    megabytes: float
    licence: str
    source: str
    sha256: str

    @property
    def size(self) -> str:
        """Which model and how large it is, for a sentence."""
        return f"{self.title} ({self.megabytes:.0f} MB)"


@dataclass(frozen=True)
class EngineNote:
    """What computes a model's answers on this machine, and why.

    Attributes:
        name: Such as ``OpenVINO bf16``; its last word is the precision.
        reason: Sentences for the screen.
    """

    name: str
    reason: str

    @property
    def precision(self) -> str:
        """Embeddings of one precision are alike, whatever made them."""
        return self.name.rpartition(" ")[2]


@dataclass(frozen=True, eq=False)
class Embedding:
    """What a model keeps of one picture.

    Attributes:
        features: The encoder's output, ``(1, C, h, w)``, float32 or float16, in the memory of the processor.
        picture: ``(H, W)`` uint8: the picture it was made from.
        seen: ``(h', w')`` uint8: the exact picture the encoder was given, before padding.
        model: ``sha256`` of the model that made it.
    """

    features: Any
    picture: npt.NDArray[np.uint8]
    seen: npt.NDArray[np.uint8]
    model: str

    @property
    def shape(self) -> tuple[int, int]:
        """``(H, W)`` of the picture."""
        return self.picture.shape[0], self.picture.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.features.numel() * self.features.element_size()) + self.picture.nbytes + self.seen.nbytes


@dataclass(frozen=True, eq=False)
class Prediction:
    """A model's answer to one prompt.

    Attributes:
        mask: ``(H, W)`` bool.
        score: The model's own estimate of the IoU with the truth, clipped to [0, 1].
        logits: ``(H, W)`` float32; the mask is ``logits > 0``.
        seen_box: ``(y0, x0, y1, x1)`` in the frame of `Embedding.seen`: the box the model was given, or None.
    """

    mask: npt.NDArray[np.bool_]
    score: float
    logits: npt.NDArray[np.float32]
    seen_box: tuple[float, float, float, float] | None = None


class Segmenter(Protocol):
    """A promptable model. Holds no picture: safe to share between sessions and threads."""

    @property
    def card(self) -> ModelCard:
        """What the model is."""
        ...

    @property
    def device(self) -> str:
        """Where it runs: ``cuda``, ``mps`` or ``cpu``; changes if the memory of the first does not suffice."""
        ...

    @property
    def engine(self) -> EngineNote:
        """What computes it; changes if the memory of its device does not suffice."""
        ...

    @property
    def batch(self) -> int:
        """How many pictures are best encoded at once: 1 on a processor."""
        ...

    def seen(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return what `Embedding.seen` is for a picture ``(H, W)``, without encoding it."""
        ...

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Encode a picture ``(H, W)``, rows to posterior, columns to the patient's left. The slow part.

        Raises:
            DeviceError: There is too little memory.
        """
        ...

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Encode several pictures, as `embed` does each."""
        ...

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        """Answer one prompt on an embedded picture. The fast part.

        Raises:
            PromptError: The prompt lies outside the picture, or the model was not trained on its kind.
            DeviceError: There is too little memory.
            ValueError: The embedding was made by another model.
        """
        ...

    def predict_many(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Prediction]:
        """Answer several prompts on one picture, each on its own; faster than one by one where the model can.

        Returns:
            One answer per prompt, in their order. They may differ from those of `predict` by rounding.

        Raises:
            PromptError: As `predict`; then no prompt is answered.
            DeviceError: As `predict`.
            ValueError: As `predict`.
        """
        ...
