"""What finds liver and tumours on the slices of a case: several finders together, tidied, and SAM with boxes.

For trained networks see `networkfinders`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import cc3d
import numpy as np
import numpy.typing as npt

from core.imaging.volume import LIVER, TUMOUR, Volume
from core.imaging.window import Window, whole_range
from core.learning.cases import Case, Grey, label_map
from core.learning.prompts import LEAST_PX, Manner, drawn, islands, objects
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter

Probabilities = npt.NDArray[np.float32]
Boxes = Sequence[tuple[int, Box]]
BoxSource = Callable[[Case, Sequence[int]], Mapping[int, Boxes]]
_MARGIN_PX = 2  # by which an automatic box is drawn larger than what was found


class Finder(Protocol):
    """Finds liver and tumours."""

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """Yield for each of some slices, ascending, ``(2, H, W)``: liver with its tumours, tumour; from 0 to 1."""
        ...


def unlabelled(volume: Volume, window: Window) -> Case:
    """Return a CT as a case without labels, shown in a window (in its whole range without Hounsfield units)."""
    shown_in = window if volume.has_hu else whole_range(volume)
    grey = shown_in.apply(volume.hu)
    name = volume.source.name
    return Case(name, name, grey, np.zeros_like(grey), tuple(range(len(grey))), volume.grid)


def find(finder: Finder, case: Case, slices: Sequence[int] | None = None) -> Grey:
    """Return labels ``(z, y, x)`` of all slices, or of some: 0 background, 1 liver, 2 tumour."""
    wanted = range(case.slices) if slices is None else slices
    return np.stack([label_map(found) for found in finder.probabilities(case, wanted)])


class Ensemble:
    """Several finders together: the weighted mean of their probabilities.

    Args:
        parts: Each with its weight, above 0.
    """

    def __init__(self, parts: Sequence[tuple[Finder, float]]) -> None:
        if not parts or min(weight for _, weight in parts) <= 0:
            raise ValueError("an ensemble needs parts with weights above 0")
        self._parts = tuple(parts)

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`."""
        total = sum(weight for _, weight in self._parts)
        for found in zip(*(part.probabilities(case, slices) for part, _ in self._parts), strict=True):
            mean = sum(one * np.float32(weight / total) for one, (_, weight) in zip(found, self._parts, strict=True))
            yield np.asarray(mean, np.float32)


class Tidied:
    """A finder whose liver is one connected part, the largest; what it finds elsewhere is dropped.

    Args:
        finder: Of livers and tumours.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`; rounded to 16 bits. Parts connect through the slices that are asked for."""
        kept = [found.astype(np.float16) for found in self._finder.probabilities(case, slices)]
        marked = np.stack([(found > 0.5).any(axis=0) for found in kept])
        largest = cc3d.largest_k(marked.astype(np.uint8), k=1, connectivity=6) > 0
        for found, wanted in zip(kept, largest, strict=True):
            yield found.astype(np.float32) * wanted


class SamFinder:
    """A model that answers boxes, asked with boxes from somewhere.

    Args:
        segmenter: The model.
        kept: Where embeddings are kept.
        source: Says which boxes are asked on which slice.
        volume: What the model looks at instead of the slices of the case: the CT itself, so that it gets its window.
    """

    def __init__(self, segmenter: Segmenter, kept: Embeddings, source: BoxSource, volume: Volume | None = None) -> None:
        self._segmenter, self._kept, self._source, self._volume = segmenter, kept, source, volume

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`; where two boxes overlap, the more likely answer counts."""
        asked = self._source(case, slices)
        for z in slices:
            found = np.zeros((2, *case.grey.shape[1:]), np.float32)
            boxes = asked.get(z, ())
            if boxes:
                embedding = self._kept.of(self._volume or case.volume, z, self._segmenter)
                answers = self._segmenter.predict_many(embedding, [Prompt(box) for _, box in boxes])
                for (label, _), answer in zip(boxes, answers, strict=True):
                    channel = found[int(label == TUMOUR)]
                    np.maximum(channel, 1 / (1 + np.exp(-np.clip(answer.logits, -30, 30))), out=channel)
            yield found


def truth_boxes(manner: Manner, seed: int) -> BoxSource:
    """Return boxes as a person would draw them round the labels, the same ones for a case whenever asked."""

    def source(case: Case, slices: Sequence[int]) -> dict[int, Boxes]:
        shape = (case.grey.shape[1], case.grey.shape[2])
        found: dict[int, Boxes] = {}
        for z in slices:
            rng = np.random.default_rng((seed, case.numbers[z], *case.name.encode()))
            found[z] = [(one.label, drawn(one.box, manner, shape, rng)) for one in objects(case.labels[z], z)]
        return found

    return source


def found_boxes(finder: Finder) -> BoxSource:
    """Return boxes round what another finder found, a little larger."""

    def source(case: Case, slices: Sequence[int]) -> dict[int, Boxes]:
        shape = (case.grey.shape[1], case.grey.shape[2])
        found: dict[int, Boxes] = {}
        for z, probabilities in zip(slices, finder.probabilities(case, slices), strict=True):
            found[z] = [
                (label, _grown(box).clip(shape))
                for label, channel in ((LIVER, 0), (TUMOUR, 1))
                for _, box in islands(probabilities[channel] > 0.5, LEAST_PX[label])
            ]
        return found

    return source


def _grown(box: Box) -> Box:
    return Box(box.y0 - _MARGIN_PX, box.x0 - _MARGIN_PX, box.y1 + _MARGIN_PX, box.x1 + _MARGIN_PX)
