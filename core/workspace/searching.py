"""Searching a CT again for liver and tumours, as a record says it was searched."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from core.editing.annotation import Annotation
from core.editing.proposing import propose
from core.imaging.volume import Volume
from core.learning.detecting import Detector, detect
from core.learning.trained import TrainedNetwork, available_networks, load_network
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

Networks = Callable[[str], TrainedNetwork | None]


def networks_here() -> Networks:
    """Return what finds a network by its sha256 among those that can be loaded here."""
    names = {card.sha256: card.name for card in available_networks()[0]}

    @cache
    def found(sha256: str) -> TrainedNetwork | None:
        return load_network(names[sha256]) if sha256 in names else None

    return found


def detector_of(
    asked: Mapping[str, Any], networks: Networks, models: Callable[[str], Segmenter | None]
) -> Detector | None:
    """Return what searched then, or None if a part of it is not here.

    Args:
        asked: From `core.workspace.asked.finding`.
        networks: Returns the network of a sha256, or None.
        models: Returns the model of a sha256, or None.
    """
    parts = [networks(str(sha256)) for sha256 in asked["networks"]]
    refiner = models(str(asked["refiner"])) if asked["refiner"] else None
    if not parts or None in parts or (asked["refiner"] and refiner is None):
        return None
    return Detector(tuple(part for part in parts if part), refiner)


def search(detector: Detector, volume: Volume, annotation: Annotation, embeddings: Embeddings) -> int:
    """Search a CT, propose what was found, and return how many objects were proposed."""
    found = detect(detector, volume, embeddings).found
    window = detector.card.window if volume.has_hu else None
    return len(propose(annotation, found, detector.card, window).objects)
