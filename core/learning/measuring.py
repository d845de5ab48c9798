"""What one model's labels of one case are worth: figures of liver and tumour, as a line of a study."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR, Mask
from core.learning.cases import Case, Grey, thinned_grid
from core.learning.prompts import LEAST_PX
from core.scoring.lesions import LesionTable
from core.scoring.overlap import Confusion
from core.scoring.scorecard import LabelScore, Scorecard, score
from core.scoring.surfaces import Definition

SMALL_PX = 200  # about 16 mm across where a pixel is 1 mm
KEYS = ("dice", "iou", "precision", "recall", "specificity", "accuracy", "hd95_mm", "assd_mm")
SLICE_DICE, SMALL_DICE = "slice_dice", "small_slice_dice"
_NO_COUNTS = Confusion(0, 0, 0, 0)
_NAMES = {LIVER: "liver", TUMOUR: "tumour"}


@dataclass(frozen=True)
class Line:
    """One model on one case.

    Attributes:
        row: Key of the model and its protocol.
        fold: Of the cross-validation, from 0.
        case: Its name.
        patient: Whose it is.
        seconds: A slice.
        figures: Of liver (1) and tumour (2), by key. ``nan`` is undefined, ``inf`` a distance to what was missed.
        has_tumour: Whether the reference shows any.
        made_up: Whether tumour was found where the reference has none at all.
        diagonal: Of the image, in ``unit``.
        unit: Of distances: ``mm``, or ``px`` where the size of a pixel is not known (a step of slices is one, too).
    """

    row: str
    fold: int
    case: str
    patient: str
    seconds: float
    figures: dict[int, dict[str, float]]
    has_tumour: bool
    made_up: bool
    diagonal: float
    unit: str

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads: undefined figures are None, infinite ones the text ``inf``."""
        told = asdict(self)
        told["figures"] = {
            str(label): {key: _told(value) for key, value in found.items()} for label, found in self.figures.items()
        }
        return told

    @staticmethod
    def from_json(told: dict[str, Any]) -> "Line":
        """Read what `as_json` wrote."""
        figures = {
            int(label): {key: math.nan if value is None else float(value) for key, value in found.items()}
            for label, found in told["figures"].items()
        }
        return Line(**{**told, "figures": figures})

    def card(self) -> Scorecard:
        """Return the figures as `core.scoring.cohort` takes them."""
        nothing = LesionTable((), (), ())
        labels = tuple(
            LabelScore(value, _NAMES[value], found, _NO_COUNTS, (), nothing) for value, found in self.figures.items()
        )
        return Scorecard(self.case, labels, self.diagonal, 2.0)


def measure(found: Grey, case: Case, slices: npt.NDArray[np.int64]) -> tuple[dict[int, dict[str, float]], str, float]:
    """Return the figures of both labels, the unit of distances, and the image's diagonal.

    Liver means liver with its tumours. Beside the figures of the whole case there is the mean Dice of the slices on
    which the reference shows enough of the label to be boxed, and of those with little tumour.

    Args:
        found: Labels ``(n, y, x)`` on some slices.
        case: With its reference.
        slices: Indices of those slices, evenly spaced.
    """
    grid = _measurable(thinned_grid(case.grid, slices))
    truth = case.labels[slices]
    figures, diagonal = {}, math.nan
    for label in (LIVER, TUMOUR):
        both = [np.asarray(one > 0 if label == LIVER else one == label, np.uint8) for one in (found, truth)]
        ours, theirs = (Mask(one, grid) for one in both)
        card = score(ours, theirs, labels={1: _NAMES[label]}, definitions=(Definition.MESH,))
        diagonal = card.diagonal_mm
        figures[label] = {key: card.figure(1, key) for key in KEYS} | _by_slice(card.labels[0], label)
    return figures, "mm" if case.grid.has_spacing else "px", diagonal


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of what is defined; ``nan`` if nothing is."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _by_slice(found: LabelScore, label: int) -> dict[str, float]:
    shown = [counts for counts in found.slices if counts.reference >= LEAST_PX[label]]
    small = [counts.dice for counts in shown if counts.reference < SMALL_PX]
    return {SLICE_DICE: mean_of([counts.dice for counts in shown]), SMALL_DICE: mean_of(small)}


def _measurable(grid: Grid) -> Grid:
    """Return the grid, or one of voxels of length 1 where lengths are not known: then distances count pixels."""
    return grid if grid.has_spacing else Grid.from_geometry(grid.shape)


def _told(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return "inf" if math.isinf(value) else value
