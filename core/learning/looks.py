"""What the network behind SAM's encoder sees of a slice: a part of it, its neighbours, and what SAM made of it.

Grey values are told relative to the liver's: one contrast phase shows a liver twice as bright as another, and in both
a tumour is what differs from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.learning.cases import Case, targets
from core.learning.pictures import shown
from core.learning.samunet import SCALE
from core.learning.view import View
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

Pair = tuple[torch.Tensor, torch.Tensor]
SPREAD = 0.2  # by how much a grey value differs from the liver's to be told as 1
_FARTHEST = 3.0
_USUAL_GREY = 0.66  # of a liver that has not been found yet
_NEIGHBOUR_MM = 2.0  # how far away the neighbours are, about


@dataclass(frozen=True)
class Look:
    """Which part of the slices of a case is looked at, and by what its grey values are told.

    Attributes:
        view: The part.
        grey: Of the liver, from 0 to 1.
    """

    view: View
    grey: float

    @staticmethod
    def whole(case: Case) -> "Look":
        """Look at everything, without knowing the liver."""
        return Look(View.whole(_shape(case)), _USUAL_GREY)

    @staticmethod
    def close(case: Case, slices: Sequence[int], liver: npt.NDArray[np.bool_]) -> "Look":
        """Look at the liver, as a mask ``(z, y, x)`` of some slices shows it; at everything if it shows nothing."""
        if not liver.any():
            return Look.whole(case)
        return Look(View.round(liver), float(np.median(case.grey[list(slices)][liver])) / 255)


class Eye:
    """Shows parts of slices to a network, and what SAM's encoder saw there.

    Args:
        segmenter: Whose encoder.
        kept: Where embeddings are kept.
        side: Rows and columns of the pictures.
    """

    def __init__(self, segmenter: Segmenter, kept: Embeddings, side: int) -> None:
        self._segmenter, self._kept, self._side = segmenter, kept, side

    def of(self, slices: Sequence[tuple[Case, int]], look: Look) -> Pair:
        """Return embeddings ``(B, 256, S/4, S/4)`` and pictures of slices and their neighbours ``(B, 3, S, S)``.

        Greys of pictures are relative to the liver's: 0 is as bright, 1 by `SPREAD` of the window brighter.
        """
        view, shape = look.view, _shape(slices[0][0])
        embeddings = [self._kept.of(case.volume, z, self._segmenter).features.float() for case, z in slices]
        pictures = torch.stack([shown(case.grey[near(case, z)]) for case, z in slices])
        told = ((view.cut(pictures, self._side) - look.grey) / SPREAD).clamp(-_FARTHEST, _FARTHEST)
        return view.cut_features(torch.cat(embeddings), shape, self._side // SCALE), told

    def targets(self, case: Case, z: int, look: Look) -> torch.Tensor:
        """Return what a network learns of a slice, ``(2, S, S)`` from 0 to 1."""
        return look.view.cut(torch.from_numpy(targets(case.labels[z]))[None], self._side)[0]


def near(case: Case, z: int) -> list[int]:
    """Return a slice between its neighbours, about 2 mm away; at an end it is its own."""
    step = max(1, round(_NEIGHBOUR_MM / case.grid.spacing[0])) if case.grid.has_spacing else 1
    return [max(z - step, 0), z, min(z + step, case.slices - 1)]


def _shape(case: Case) -> tuple[int, int]:
    return case.grey.shape[1], case.grey.shape[2]
