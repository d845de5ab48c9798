"""Cases to report on, drawn with a few boxes."""

from datetime import UTC, datetime

import numpy as np

from core.editing.annotation import Annotation
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS, Label
from core.imaging.volume import Intensity, Mask, Source, Volume
from core.imaging.window import Window
from core.reporting.segmented import Segmented
from core.segmentation.prompt import Box
from core.segmentation.segmenter import ModelCard

CREATED = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
SHAPE = (10, 60, 84)
GRID = Grid.from_geometry(SHAPE, (5.0, 0.9, 0.8), origin=(-40.0, 12.0, 300.0))
NASTY = "cyst <img src=x onerror=alert(1)>"
CARD = ModelCard("litemedsam", "LiteMedSAM", Window(40, 400), False, 39, "Apache-2.0", "a package", "79d8c9dc" * 8)


def volume(grid: Grid = GRID, intensity: Intensity = Intensity.HU) -> Volume:
    hu = np.random.default_rng(8).integers(-200, 300, SHAPE).astype(np.int16)
    notes = ("It was mended.", "“Hofmann.txt” was left out: it holds no image that Lobule can open.")
    return Volume(hu, grid, Source("Hofmann Wilhelmine.nii", "NIfTI", grid, notes=notes), intensity)


def labels() -> np.ndarray:
    """Return a liver with two tumours, one of 4 × 10 × 12 voxels and one of 2, and a cyst of 1."""
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[1:9, 5:50, 10:70] = 1
    drawn[3:7, 20:30, 30:42] = 2
    drawn[2:4, 44, 60] = 2
    drawn[6, 10, 15] = 3
    return drawn


def case(
    grid: Grid = GRID, intensity: Intensity = Intensity.HU, reference: bool = False, nasty: str = "cyst"
) -> Segmented:
    truth = labels()
    truth[3] = np.where(truth[3] == 2, 1, truth[3])
    known = (*DEFAULT_LABELS, Label(3, nasty[:40], (90, 150, 255)))
    given = Mask(truth, grid) if reference else None
    return Segmented(volume(grid, intensity), Mask(labels(), grid), known, reference=given)


def outlined() -> Segmented:
    """Return a case drawn by a reader with a model: a box answered, one changed by hand, one drawn by hand."""
    made = Annotation(GRID)
    drawn = labels()
    made.add(4, drawn[4] == 2, 2, box=Box(20, 30, 30, 42), score=0.93, model=CARD, window=Window(40, 400))
    first = made.add(5, drawn[5] == 2, 2, box=Box(20, 30, 30, 42), score=0.9, model=CARD, window=Window(60, 200))
    made.draw({5: drawn[5] == 1}, "paint on slice 6", identity=first.id)
    made.add(6, drawn[6] == 1, 1)
    return Segmented.of_annotation(volume(), made)
