"""Tumours drawn into livers, so that a network learns from more of them than a few patients have.

Drawn tumours can stand in for labelled ones if their place, size, shape, edge and grey vary enough: Q. Hu et al.,
Label-Free Liver Tumor Segmentation, CVPR 2023, https://arxiv.org/abs/2303.14869. These here are simpler: uneven
ellipsoids with a soft edge and a coarse texture, some with a dark core or a bright rim.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Pictures = npt.NDArray[np.float32]
_MOST = 4  # at once
_LEAST_LIVER_PX = 60
_RADIUS_PX = (2.2, 22.0)
_DARKER = (0.07, 0.35)  # than the liver, as a share of the window; of 200 HU that is 14 to 70
_BRIGHT, _CORE, _RIM = 0.08, 0.25, 0.15  # how often one is brighter than the liver, has a dark core, a bright rim
_STEP_PX = (1.5, 4.0)  # from one picture to the next
_STEEPEST = 20.0


def draw(pictures: Pictures, wanted: Pictures, unit: float, rng: np.random.Generator) -> bool:
    """Draw one to four tumours of one kind into a liver.

    Args:
        pictures: A slice among its neighbours ``(C, S, S)``, changed in place.
        wanted: Liver with its tumours, and tumour, in the slice ``(2, S, S)``; the second is changed in place.
        unit: Of the grey values, as a share of the window.
        rng: Decides which.

    Returns:
        Whether there was liver enough to draw into.
    """
    places = np.argwhere((wanted[0] > 0.5) & (wanted[1] < 0.5))
    if len(places) < _LEAST_LIVER_PX:
        return False
    darker = rng.uniform(*_DARKER) / unit * (-1 if rng.random() < _BRIGHT else 1)
    for _ in range(rng.integers(1, _MOST, endpoint=True)):
        _Lesion.drawn(places, darker, rng).add_to(pictures, wanted, rng)
    return True


@dataclass(frozen=True)
class _Lesion:
    """One tumour: an ellipsoid whose outline is uneven.

    Attributes:
        middle: Row and column.
        radius: The largest, in pixels.
        height: Of its middle above the slice, in pixels.
        step: From one picture to the next, in pixels.
        flat: Its smallest radius as a share of the largest.
        turn: Of its long axis, in radians.
        edge: How soft it is, in pixels.
        darker: Than the liver; negative if brighter.
    """

    middle: tuple[int, int]
    radius: float
    height: float
    step: float
    flat: float
    turn: float
    edge: float
    darker: float

    @staticmethod
    def drawn(places: npt.NDArray[np.int64], darker: float, rng: np.random.Generator) -> "_Lesion":
        row, column = places[rng.integers(len(places))]
        radius = float(np.exp(rng.uniform(*np.log(_RADIUS_PX))))
        return _Lesion(
            middle=(int(row), int(column)),
            radius=radius,
            height=radius * rng.uniform(-0.9, 0.9),
            step=rng.uniform(*_STEP_PX),
            flat=rng.uniform(0.6, 1.0),
            turn=rng.uniform(0, np.pi),
            edge=rng.uniform(0.4, 1.6),
            darker=darker * rng.uniform(0.7, 1.3),
        )

    def add_to(self, pictures: Pictures, wanted: Pictures, rng: np.random.Generator) -> None:
        reach, side = int(self.radius * 1.8 + 5), pictures.shape[-1]
        part = tuple(slice(max(at - reach, 0), min(at + reach + 1, side)) for at in self.middle)
        rows, columns = np.mgrid[part]
        away, uneven = self._outline(rows - self.middle[0], columns - self.middle[1], rng)
        liver = wanted[0][part] > 0.5
        texture = 1 + _texture(away.shape, rng)
        has_core, has_rim = rng.random() < _CORE, rng.random() < _RIM
        for k in range(len(pictures)):
            cut = self._radius_at(k - len(pictures) // 2)
            if not cut:
                continue
            inside = cut * uneven - away  # pixels from the edge inwards
            darkness = self.darker * texture
            if has_core:
                darkness = darkness + 0.5 * self.darker * _soft((inside - 0.45 * cut) / self.edge)
            if has_rim:
                darkness = darkness - 1.1 * self.darker * np.exp(-((inside / 1.5) ** 2))
            shown = _soft(inside / self.edge) * liver
            pictures[k][part] -= (shown * darkness).astype(np.float32)
            if k == len(pictures) // 2:
                wanted[1][part] = np.maximum(wanted[1][part], shown > 0.5)

    def _radius_at(self, picture: int) -> float:
        """Return how large it is in a picture that lies so many above the slice; 0 if it does not reach there."""
        return float(np.sqrt(max(self.radius**2 - (picture * self.step - self.height) ** 2, 0.0)))

    def _outline(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return how far away each pixel is, in the ellipse's own measure, and where its edge is, as a share."""
        along = rows * np.cos(self.turn) + columns * np.sin(self.turn)
        across = (columns * np.cos(self.turn) - rows * np.sin(self.turn)) / self.flat
        angle, bulges = np.arctan2(across, along), int(rng.integers(2, 6))
        uneven = np.ones_like(angle)
        for count, most in ((bulges, 0.18), (bulges + 3, 0.12)):
            uneven += rng.uniform(0, most) * np.sin(count * angle + rng.uniform(0, 2 * np.pi))
        return np.hypot(along, across), uneven


def _texture(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(0.8, 3.0))
    return np.asarray(noise / (noise.std() + 1e-6) * rng.uniform(0, 0.25))


def _soft(steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 far within, 0 far outside."""
    return np.asarray(1 / (1 + np.exp(-np.clip(steps, -_STEEPEST, _STEEPEST))))
