"""What the model was shown when it was last asked, for the reader to judge its answer by."""

from dataclasses import dataclass
from weakref import WeakSet

from core.editing.outline import Outline
from core.imaging.picture import Pixels
from core.imaging.window import Window
from core.segmentation.prompt import Prompt
from core.segmentation.segmenter import Embedding

enlarged: WeakSet[Outline] = WeakSet()
"""Outlines that were found on an enlarged picture: what is asked of their whole slice says nothing of them."""


@dataclass(frozen=True)
class Tried:
    """The two pictures that were tried where the model was unsure.

    Attributes:
        enlarged: Whether the enlarged picture was clearly surer, and taken.
        whole: The model's score on the whole slice, 0–1.
        zoomed: Its score on the enlarged picture.
    """

    enlarged: bool
    whole: float
    zoomed: float


@dataclass(frozen=True)
class Seen:
    """What the model was given when it was last asked.

    Attributes:
        z: The slice, from 0.
        picture: ``(h, w)`` uint8, exactly as it went in.
        box: ``(y0, x0, y1, x1)`` in that picture, or None.
        window: The window it was made with.
        model: Name of the model.
        embedding: What the model kept of the picture.
        prompt: What it was asked, in voxels of what the picture shows.
        tried: Set if two pictures were tried; `picture` is the one that was taken.
    """

    z: int
    picture: Pixels
    box: tuple[float, float, float, float] | None
    window: Window
    model: str
    embedding: Embedding
    prompt: Prompt
    tried: Tried | None = None
