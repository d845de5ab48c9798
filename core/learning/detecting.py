"""Liver and tumours of a whole CT, found without a prompt: by one network or several together, refined by SAM or not.

Each network looks at the CT in the window it was trained in, whatever the screen shows. What was found comes back as
objects: the liver as one, with its tumours in it, and every connected tumour as one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from core.editing.proposing import Found
from core.imaging.volume import LIVER, TUMOUR, Volume
from core.imaging.window import Window
from core.learning.cases import Case, Grey, label_map
from core.learning.finders import (
    Ensemble,
    Finder,
    Probabilities,
    SamFinder,
    Tidied,
    found_boxes,
    unlabelled,
)
from core.learning.networkfinders import network_finder
from core.learning.trained import NetworkCard, TrainedNetwork
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import ModelCard, Segmenter

Tell = Callable[[str, int], None]
LEAST_VOXELS = {LIVER: 100, TUMOUR: 10}  # smaller objects nobody would outline
MOST_TUMOURS = 60  # a liver riddled with more is not read one by one


@dataclass(frozen=True, eq=False)
class Detector:
    """What looks for liver and tumours.

    Attributes:
        networks: At least one; several vote by the mean of their probabilities.
        refiner: A model that answers boxes and draws what the networks found, or None.
    """

    networks: tuple[TrainedNetwork, ...]
    refiner: Segmenter | None = None

    def __post_init__(self) -> None:
        if not self.networks:
            raise ValueError("a detector needs at least one network")

    @property
    def card(self) -> ModelCard:
        """What it is, for records: names, fingerprints and licences of all its parts, joined by ``+``."""
        cards = [one.card for one in self.networks]
        parts: list[NetworkCard | ModelCard] = [*cards, *([self.refiner.card] if self.refiner else [])]
        licences = dict.fromkeys(part.licence for part in parts)
        last = self.refiner.card if self.refiner else cards[0]
        return ModelCard(
            name="+".join(part.name for part in parts),
            title=" + ".join(part.title for part in parts),
            window=last.window,
            takes_points=False,
            megabytes=sum(map(_megabytes, self.networks)) + (self.refiner.card.megabytes if self.refiner else 0),
            licence="; ".join(licences),
            source="; ".join(dict.fromkeys(part.source for part in parts)),
            sha256="+".join(part.sha256 for part in parts),
        )

    def cases(self, volume: Volume) -> dict[Window, Case]:
        """Return the CT as each window of the networks shows it, that of the first network first."""
        return {one.card.window: unlabelled(volume, one.card.window) for one in self.networks}

    def finder(self, volume: Volume, cases: Mapping[Window, Case], kept: Embeddings, device: str, tell: Tell) -> Finder:
        """Return what finds on a CT; arguments as for `detect`, with its `cases`.

        It looks at these alone, whatever case it is given.
        """
        parts = [(_single(one, cases[one.card.window], kept, device, tell), 1.0) for one in self.networks]
        found: Finder = Ensemble(parts) if len(parts) > 1 else parts[0][0]
        if self.refiner is None:
            return found
        return _Watched(SamFinder(self.refiner, kept, found_boxes(found), volume), self.refiner.card.title, tell)


@dataclass(frozen=True, eq=False)
class Detection:
    """What was found.

    Attributes:
        found: The liver first, then the tumours, the largest first.
        left_out: Tumours beyond the largest `MOST_TUMOURS`.
    """

    found: tuple[Found, ...]
    left_out: int


def detect(
    detector: Detector, volume: Volume, kept: Embeddings, device: str = "cpu", tell: Tell | None = None
) -> Detection:
    """Find liver and tumours on every slice; about a minute for 300 slices on two processor cores.

    Args:
        detector: What looks.
        volume: The CT.
        kept: Where embeddings are kept.
        device: Where networks compute.
        tell: Told for each part, by its title, how many slices are done; 0 while it is at work without an answer
            yet. What it raises ends the search.
    """
    return _objects(*answers(detector, volume, kept, device, tell))


def answers(
    detector: Detector, volume: Volume, kept: Embeddings, device: str = "cpu", tell: Tell | None = None
) -> tuple[Grey, npt.NDArray[np.uint8]]:
    """Return labels ``(z, y, x)``, 0 background, 1 liver, 2 tumour, and how sure of each voxel's it is, 0–255.

    Args: As for `detect`.
    """
    cases = detector.cases(volume)
    finder = detector.finder(volume, cases, kept, device, tell or _nobody)
    labels, sure = (np.zeros(volume.grid.shape, np.uint8) for _ in range(2))
    case = next(iter(cases.values()))
    for z, found in enumerate(finder.probabilities(case, range(volume.slices))):
        labels[z] = label_map(found)
        likely = np.where(labels[z] == TUMOUR, found[1], found.max(axis=0))
        sure[z] = np.rint(likely * 255).astype(np.uint8)
    return labels, sure


def best(cards: Sequence[NetworkCard]) -> NetworkCard | None:
    """Return the network to look with if nobody chose: one that comes with Lobule, then by its Dice on tumours.

    Figures of networks trained here are of their own validation and flatter, so they come second.
    """
    return max(cards, key=lambda card: (card.is_published, dice_of(card, "tumour"), card.name), default=None)


def dice_of(card: NetworkCard, what: str) -> float:
    """Return the Dice that is told of a network, on ``liver`` or ``tumour``; −1 if none is."""
    figures = (value for name, value in card.scores.items() if {"dice", what} <= set(_words(name)))
    return max((float(value) for value in figures if isinstance(value, int | float)), default=-1.0)


class _Heeding(nn.Module):
    """A network that lets somebody stop it before each batch."""

    def __init__(self, network: nn.Module, heed: Callable[[], None]) -> None:
        super().__init__()
        self._network, self._heed = network, heed

    def forward(self, given: Any) -> torch.Tensor:
        self._heed()
        logits: torch.Tensor = self._network(given)
        return logits


class _Watched:
    """A finder that tells how many slices are done."""

    def __init__(self, finder: Finder, title: str, tell: Tell) -> None:
        self._finder, self._title, self._tell = finder, title, tell

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`."""
        self._tell(self._title, 0)
        for done, found in enumerate(self._finder.probabilities(case, slices), 1):
            self._tell(self._title, done)
            yield found


class _Shown:
    """A finder that looks at a case of its own, whichever it is given."""

    def __init__(self, finder: Finder, case: Case) -> None:
        self._finder, self._case = finder, case

    def probabilities(self, _: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `Finder`."""
        return self._finder.probabilities(self._case, slices)


def _single(trained: TrainedNetwork, case: Case, kept: Embeddings, device: str, tell: Tell) -> Finder:
    """Return one network that looks at a case in its own window."""
    title = trained.card.title
    heeding = TrainedNetwork(trained.card, _Heeding(trained.network, lambda: tell(title, 0)))
    watched = _Watched(network_finder(heeding, device, kept), title, tell)
    return _Shown(Tidied(watched), case)


def _nobody(_: str, __: int) -> None:
    """Tell nobody."""


def _objects(labels: Grey, sure: npt.NDArray[np.uint8]) -> Detection:
    found = []
    liver = labels > 0
    if np.count_nonzero(liver) >= LEAST_VOXELS[LIVER]:
        found.append(_object(LIVER, liver, sure, 0))
    parts: Any = cc3d.connected_components((labels == TUMOUR).astype(np.uint8), connectivity=26)
    statistics = cc3d.statistics(parts)
    counts, boxes = statistics["voxel_counts"], statistics["bounding_boxes"]
    large = [k for k in range(1, len(counts)) if counts[k] >= LEAST_VOXELS[TUMOUR]]
    large.sort(key=lambda k: (-int(counts[k]), k))
    for k in large[:MOST_TUMOURS]:
        span = boxes[k][0]
        found.append(_object(TUMOUR, parts[span] == k, sure[span], span.start))
    return Detection(tuple(found), max(0, len(large) - MOST_TUMOURS))


def _object(label: int, body: npt.NDArray[np.bool_], sure: npt.NDArray[np.uint8], first: int) -> Found:
    """Return an object on the slices from ``first`` on; it is as sure as its voxels are in the mean."""
    masks = {first + z: np.ascontiguousarray(mask) for z, mask in enumerate(body) if mask.any()}
    return Found(label, masks, float(sure[body].mean()) / 255)


def _megabytes(trained: TrainedNetwork) -> float:
    """Return about how large its file is: matrices take 16 bits."""
    numbers: int = sum(tensor.numel() for tensor in trained.network.state_dict().values())
    return 2 * numbers / 1e6


def _words(name: str) -> list[str]:
    return name.lower().replace("_", " ").replace(",", " ").split()
