"""Examples for a model that answers boxes: objects on slices, with the slice's embedding kept on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.imaging.volume import LIVER, TUMOUR
from core.learning.cases import Case
from core.learning.dataset import Dataset
from core.learning.prompts import Object, objects
from core.segmentation.cachefolder import cache_folder
from core.segmentation.embedding_files import EmbeddingFiles
from core.segmentation.embeddings import Embeddings

_MEMORY_BYTES = 1 << 29
_DISK_BYTES = 24 << 30


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice and what there is to box on it.

    Attributes:
        case: Whose it is.
        z: Index of the slice.
        found: Islands of liver and tumour.
    """

    case: Case
    z: int
    found: tuple[Object, ...]


@dataclass(frozen=True)
class Choice:
    """Which slices of a case are used.

    Attributes:
        tumour: At most so many that show tumour, spread evenly.
        liver: At most so many others that show liver.
    """

    tumour: int = 12
    liver: int = 4


def slices_of(data: Dataset, choice: Choice) -> list[Slice]:
    """Return the slices to use of all cases, with what there is to box."""
    found = []
    for case in data.cases:
        shows = np.flatnonzero(case.tumour_px)
        others = np.flatnonzero((case.tumour_px == 0) & (case.liver_px > 0))
        for z in sorted([*_spread(shows, choice.tumour), *_spread(others, choice.liver)]):
            here = tuple(objects(case.labels[z], z, (LIVER, TUMOUR)))
            if here:
                found.append(Slice(case, z, here))
    return found


def kept_embeddings() -> Embeddings:
    """Return a cache of embeddings on disk, apart from the app's own, so that neither pushes the other out."""
    return Embeddings(_MEMORY_BYTES, EmbeddingFiles(cache_folder() / "learning", _DISK_BYTES))


def _spread(places: npt.NDArray[np.int64], most: int) -> Sequence[int]:
    """Return at most so many of some places, the first of equal steps in the middle of its step."""
    if len(places) <= most:
        return [int(z) for z in places]
    steps = (np.arange(most) + 0.5) * len(places) / most
    return [int(z) for z in places[steps.astype(int)]]
