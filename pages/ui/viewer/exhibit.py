"""What the viewer is given to show: a volume, and labels to lay over it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Layer = Callable[[int, int], npt.NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Exhibit:
    """The voxels of a case or of a comparison, as the browser fetches them.

    Attributes:
        shape: Voxels ``(z, y, x)``.
        hu: ``(z, y, x)`` int16, or None: there is no picture under the labels.
        layers: By name, what gives the labels of slices ``first`` to ``last - 1``: ``(n, y, x)`` uint8.
    """

    shape: tuple[int, int, int]
    hu: npt.NDArray[np.int16] | None
    layers: Mapping[str, Layer] = field(default_factory=dict)

    def voxels(self, first: int, last: int) -> npt.NDArray[Any]:
        """Return slices as little-endian int16; air where there is no picture."""
        if self.hu is None:
            return np.full((last - first, *self.shape[1:]), -1024, "<i2")
        return self.hu[first:last].astype("<i2", copy=False)


class Exhibited(Protocol):
    """Something that can be shown: a case, or a comparison."""

    def exhibit(self) -> Exhibit:
        """Return what the viewer shows of it."""
