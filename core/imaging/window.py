"""Windows: which Hounsfield units a picture shows from black to white."""

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from core.imaging.volume import Intensity, Volume


@dataclass(frozen=True)
class Window:
    """A window as on a CT console.

    Attributes:
        level_hu: The middle of the grey scale; finite.
        width_hu: From black to white; finite, at least 1.
    """

    level_hu: float
    width_hu: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.level_hu):
            raise ValueError(f"level_hu must be finite, got {self.level_hu}")
        if not 1 <= self.width_hu < math.inf:
            raise ValueError(f"width_hu must be finite and at least 1, got {self.width_hu}")

    def apply(self, hu: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
        """Return grey values 0–255, same shape: level − width/2 and below is 0, level + width/2 and above 255."""
        low = self.level_hu - self.width_hu / 2
        grey = (hu.astype(np.float32) - np.float32(low)) * np.float32(255 / self.width_hu)
        shown: npt.NDArray[np.uint8] = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
        return shown

    def __str__(self) -> str:
        return f"W{self.width_hu:g} L{self.level_hu:g}"


PRESETS = {
    "Abdomen": Window(40, 400),
    "Liver": Window(30, 150),
    "Soft tissue": Window(50, 350),
    "Lung": Window(-600, 1500),
    "Bone": Window(400, 1800),
}


_whole_ranges: WeakKeyDictionary[Volume, Window] = WeakKeyDictionary()


def whole_range(volume: Volume) -> Window:
    """Return the window for a volume without Hounsfield units: 0–255 for pictures, else the 0.5–99.5 percentiles.

    Worked out once for each volume (50 ms), as every slice shown asks for it, and forgotten with it.
    """
    if volume.intensity is Intensity.PICTURE:
        return Window(127.5, 255)
    if volume not in _whole_ranges:
        _whole_ranges[volume] = _between_percentiles(volume)
    return _whole_ranges[volume]


def slice_picture(volume: Volume, z: int, window: Window | None = None) -> npt.NDArray[np.uint8]:
    """Return slice ``z`` (from 0) as grey values ``(y, x)``.

    Args:
        volume: Any volume.
        z: Index of the slice, counted from 0 at the feet.
        window: What to show; without one, or where there are no Hounsfield units, the whole range.
    """
    shown = window if window is not None and volume.has_hu else whole_range(volume)
    return shown.apply(volume.hu[z])


def _between_percentiles(volume: Volume) -> Window:
    step = max(1, volume.hu.size // 1_000_000)
    low, high = np.percentile(volume.hu.reshape(-1)[::step], (0.5, 99.5))
    return Window(float(low + high) / 2, max(1.0, float(high - low)))
