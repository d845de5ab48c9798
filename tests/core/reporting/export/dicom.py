"""DICOM series in the ways that scanners store them, and masks drawn on them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.imaging.reading import read_volume
from core.imaging.volume import Mask, Volume
from core.reporting.segmented import Segmented
from tests.core.imaging.dicom_files import AXIAL, write_series
from tests.core.imaging.seg_files import NEEDED, OBLIQUE

SHAPE = (7, 18, 26)
SPACING, ORIGIN = (2.5, 0.75, 0.8), (-120.5, -90.25, -300.0)
FLIPPED = np.array(((0, 0, -1), (0, -1, 0), (1, 0, 0)))  # rows to the front, columns to the right
FEET_UP = np.array(((0, 0, 1), (0, -1, 0), (-1, 0, 0)))  # as stored: each slice further down
CORONAL = np.array(((0, 0, 1), (1, 0, 0), (0, -1, 0)))
DIRECTIONS = {"axial": AXIAL, "oblique": OBLIQUE, "flipped": FLIPPED, "feet-up": FEET_UP, "coronal": CORONAL}
COMPLETE = NEEDED | {"PatientPosition": "HFS", "KVP": "120", "Manufacturer": "Nobody", "StudyDate": "20260102"}


@dataclass(frozen=True)
class Written:
    """A series on the disk and what was drawn on it."""

    files: list[Path]
    folder: Path
    volume: Volume
    segmented: Segmented


def drawn(volume: Volume) -> Mask:
    """Return a liver with a hole, a tumour that is in it and touches its edge, and a thing of the user's own."""
    z, y, x = np.indices(volume.grid.shape) / np.array(volume.grid.shape)[:, None, None, None]
    labels = (((z - 0.4) ** 2 + (y - 0.5) ** 2 + (x - 0.4) ** 2) < 0.09).astype(np.uint8)
    labels[(np.abs(z - 0.3) < 0.15) & (np.abs(y - 0.5) < 0.1) & (np.abs(x - 0.4) < 0.12)] = 0
    labels[(np.abs(z - 0.5) < 0.2) & (np.abs(y - 0.7) < 0.16) & (np.abs(x - 0.5) < 0.08)] = 2
    labels[-1, 1, 2] = labels[-1, 2, 3] = 7  # one voxel beside another's corner, on the last slice
    return Mask(labels, volume.grid, names={7: "囊肿 cyst"})


def written(folder: Path, direction: str = "axial", reverse: bool = False, **overrides: Any) -> Written:
    """Write a series, open it and draw on it."""
    hu = np.random.default_rng(6).integers(-900, 1200, SHAPE).astype(np.int16)
    order = range(SHAPE[0])[::-1] if reverse else None
    said = {k: value for k, value in (COMPLETE | overrides).items() if value is not None or k not in COMPLETE}
    files = write_series(folder, hu, SPACING, ORIGIN, DIRECTIONS[direction], order=order, **said)
    volume = read_volume(folder)
    return Written(files, folder, volume, Segmented.of_mask(volume, drawn(volume)))
