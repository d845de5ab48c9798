"""Tumours of one patient put into the liver of another, so that the few real ones are seen in many places.

J. Yang et al., TumorCP, MICCAI 2021, https://arxiv.org/abs/2107.09843.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.learning.lesions import Pictures, has_room

_LEAST_PX, _LARGEST_PX = 6, 72
_ROUND_PX = 4  # what is taken with it on each side
_SCALE = (0.45, 1.3)
_CONTRAST = (0.6, 1.25)
_EDGE_PX = 0.8  # over which it goes over into the liver


@dataclass(frozen=True)
class Transplant:
    """One tumour on a slice and its neighbours.

    Attributes:
        pictures: Greys relative to the liver's ``(C, h, w)``.
        mask: Where it is ``(C, h, w)``, from 0 to 1.
    """

    pictures: Pictures
    mask: Pictures

    def put(self, pictures: Pictures, wanted: Pictures, rng: np.random.Generator) -> bool:
        """Put it somewhere into a liver, turned, mirrored, and of another size and contrast.

        Args:
            pictures: A slice among its neighbours ``(C, S, S)``, changed in place.
            wanted: Liver with its tumours, and tumour, in the slice ``(2, S, S)``; the second is changed in place.
            rng: Decides how.

        Returns:
            Whether there was liver enough to put it into.
        """
        if not has_room(wanted):
            return False
        places = np.argwhere(wanted[0] > 0.5)
        row, column = places[rng.integers(len(places))]
        taken, mask = self._turned(rng)
        height, width = mask.shape[1:]
        top, left, side = int(row) - height // 2, int(column) - width // 2, pictures.shape[-1]
        rows = slice(max(top, 0), min(top + height, side))
        columns = slice(max(left, 0), min(left + width, side))
        own = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        here = mask[:, *own] * (wanted[0, rows, columns] > 0.5)
        soft = ndimage.gaussian_filter(here, (0, _EDGE_PX, _EDGE_PX))
        part = pictures[:, rows, columns]
        part += soft * (taken[:, *own] * np.float32(rng.uniform(*_CONTRAST)) - part)
        middle = here[len(here) // 2] > 0.5
        wanted[1, rows, columns] = np.maximum(wanted[1, rows, columns], middle)
        return True

    def _turned(self, rng: np.random.Generator) -> tuple[Pictures, Pictures]:
        scale = min(float(np.exp(rng.uniform(*np.log(_SCALE)))), _LARGEST_PX / max(self.mask.shape[1:]))
        axes = tuple(axis for axis in range(3) if rng.random() < 0.5)
        quarters = int(rng.integers(4))

        def turned(what: Pictures) -> Pictures:
            scaled = ndimage.zoom(what, (1, scale, scale), order=1)
            return np.ascontiguousarray(np.rot90(np.flip(scaled, axes), quarters, (1, 2)))

        return turned(self.pictures), turned(self.mask)


def taken(pictures: Pictures, tumour: Pictures) -> Sequence[Transplant]:
    """Return the tumours in the middle one of some pictures.

    Args:
        pictures: A slice among its neighbours, greys relative to the liver's ``(C, S, S)``.
        tumour: Where tumour is ``(C, S, S)``, from 0 to 1.
    """
    marked = tumour > 0.5
    parts = cc3d.connected_components(marked.astype(np.uint8), connectivity=6)
    sizes = np.bincount(parts[len(parts) // 2].ravel())
    found = []
    for number in range(1, len(sizes)):
        if sizes[number] >= _LEAST_PX:
            mask = parts == number
            part = (slice(None), *_round(mask.any(axis=0)))
            found.append(Transplant(pictures[part].copy(), mask[part].astype(np.float32)))
    return found


def _round(mask: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    ((rows, columns),) = ndimage.find_objects(mask.astype(np.uint8))
    return _wider(rows), _wider(columns)


def _wider(part: slice) -> slice:
    return slice(max(part.start - _ROUND_PX, 0), part.stop + _ROUND_PX)
