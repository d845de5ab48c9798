"""Everything there is to say of one prediction against its reference, label by label."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS
from core.imaging.volume import Mask
from core.scoring.crop import Bools, Box, Voxels, grown, joint_box
from core.scoring.definitions import OF_NOTHING, base_key, card_of
from core.scoring.figures import Measured, lesion_figures, overlap_figures
from core.scoring.lesions import LEAST_IOU, LesionTable, match_lesions
from core.scoring.overlap import Confusion, per_slice
from core.scoring.surfaces import Definition, surface_distances

USUAL = (Definition.MESH, Definition.CHAOS)


@dataclass(frozen=True, eq=False)
class LabelScore:
    """All figures of one label.

    Attributes:
        value: Of the label in both files.
        name: What to call it.
        figures: By the keys of `definitions.CARDS`. ``nan`` is undefined; ``inf`` a distance to what was missed.
        counts: Of the whole image.
        slices: Of each slice.
        lesions: Found, missed and false ones.
    """

    value: int
    name: str
    figures: Mapping[str, float]
    counts: Confusion
    slices: tuple[Confusion, ...]
    lesions: LesionTable


@dataclass(frozen=True, eq=False)
class Scorecard:
    """All figures of one case.

    Attributes:
        case: Its name.
        labels: One score each.
        diagonal_mm: Of the image; what an infinite distance counts as where it must count.
        tolerance_mm: Of the normalised surface Dice.
        notes: Plain sentences that belong beside the figures.
        voxels: Of the image; None if not known.
    """

    case: str
    labels: tuple[LabelScore, ...]
    diagonal_mm: float
    tolerance_mm: float
    notes: tuple[str, ...] = ()
    voxels: int | None = None

    def label(self, value: int) -> LabelScore | None:
        """Return the score of a label, or None if there is none, as neither mask holds it."""
        return next((label for label in self.labels if label.value == value), None)

    def figure(self, value: int, key: str) -> float:
        """Return a figure of a label; of one that neither mask holds, what `definitions.EMPTY_RULES` say."""
        label = self.label(value)
        if label:
            return label.figures.get(key, math.nan)
        has_no_size = math.isnan(self.diagonal_mm) and card_of(key).unit in ("mm", "ml")
        return math.nan if has_no_size else OF_NOTHING[base_key(key)]

    def penalised(self, value: int, key: str) -> float:
        """Return a figure of a label, the image's diagonal where a distance is infinite."""
        figure = self.figure(value, key)
        return self.diagonal_mm if math.isinf(figure) else figure


def score(
    predicted: Mask,
    reference: Mask,
    *,
    labels: Mapping[int, str] | None = None,
    tolerance_mm: float = 2.0,
    definitions: Sequence[Definition] = USUAL,
    percentiles: Sequence[float] = (),
    least_iou: float = LEAST_IOU,
    case: str = "",
) -> Scorecard:
    """Work out every figure for a pair.

    About one second for a liver in 512 × 512 × 200 voxels on two cores.

    Args:
        predicted: Labels, or one bool mask.
        reference: On the same grid (see `imaging.matching`).
        labels: Values to score and what to call them, ``""`` for the name in the files; by default `labels_in`.
        tolerance_mm: For the normalised surface Dice.
        definitions: Which surfaces to measure; the mesh has the plain keys.
        percentiles: Of the Hausdorff distance, above 0 and up to 100, beside 95 and 100; 90 is ``hd90_mm``.
        least_iou: From which two lesions match.
        case: What to call the pair.

    Raises:
        ValueError: The masks do not lie on one grid.
    """
    grid = reference.grid
    if not predicted.grid.matches(grid):
        raise ValueError("predicted and reference must lie on one grid")
    named = labels_in(predicted, reference) if labels is None else _named(labels, predicted, reference)
    silent = () if grid.has_spacing else ("The files give no voxel size: distances and volumes are undefined.",)
    notes = (*predicted.notes, *reference.notes, *silent)
    how = _How(tolerance_mm, tuple(definitions), tuple(percentiles), least_iou)
    scores = tuple(_score_label(predicted, reference, value, name, how) for value, name in named.items())
    return Scorecard(case, scores, _diagonal(grid), tolerance_mm, notes, math.prod(grid.shape))


def labels_in(predicted: Mask, reference: Mask) -> dict[int, str]:
    """Return the values above 0 that either mask holds, as the reference calls them, else the prediction, else we."""
    usual = present(predicted.voxels, reference.voxels)
    return {value: _name(value, predicted, reference) or name for value, name in usual.items()}


def present(*label_maps: Voxels) -> dict[int, str]:
    """Return the values above 0 that any of the arrays holds, with their usual names."""
    seen = np.zeros(256, np.bool_)
    for voxels in label_maps:
        for slab in voxels:
            seen[slab[slab > 0].astype(np.uint8, copy=False)] = True
    only_mask = all(voxels.dtype == np.bool_ for voxels in label_maps)
    return {value: "mask" if only_mask else _usual(value) for value in range(1, 256) if seen[value]}


def _named(labels: Mapping[int, str], predicted: Mask, reference: Mask) -> dict[int, str]:
    return {value: name or _name(value, predicted, reference) or _usual(value) for value, name in labels.items()}


def _name(value: int, predicted: Mask, reference: Mask) -> str:
    return reference.names.get(value) or predicted.names.get(value, "")


def _usual(value: int) -> str:
    return next((label.name for label in DEFAULT_LABELS if label.value == value), f"label {value}")


class _How(NamedTuple):
    """How to score every label."""

    tolerance_mm: float
    definitions: tuple[Definition, ...]
    percentiles: tuple[float, ...]
    least_iou: float


def _score_label(predicted: Mask, reference: Mask, value: int, name: str, how: _How) -> LabelScore:
    grid = reference.grid
    box = grown(joint_box(predicted.voxels, reference.voxels, value), grid.shape)
    ours, theirs = predicted.voxels[box] == value, reference.voxels[box] == value
    slices = _slices(ours, theirs, box, grid)
    counts = sum(slices, Confusion(0, 0, 0, 0))
    offset = (box[0].start, box[1].start, box[2].start)
    lesions = match_lesions(ours, theirs, grid.voxel_ml, how.least_iou, offset)
    figures = {**overlap_figures(counts, grid.voxel_ml), **lesion_figures(lesions)}
    for definition in how.definitions:
        found = surface_distances(ours, theirs, grid.spacing, definition) if grid.has_spacing else None
        figures |= Measured(found, counts, how.tolerance_mm, how.percentiles).figures(definition)
    return LabelScore(value, name, figures, counts, slices, lesions)


def _slices(ours: Bools, theirs: Bools, box: Box, grid: Grid) -> tuple[Confusion, ...]:
    """Count per slice in the box, and add the background around it."""
    depth, height, width = grid.shape
    found = [Confusion(0, 0, 0, height * width)] * depth
    for z, counts in enumerate(per_slice(ours, theirs), start=box[0].start):
        found[z] = Confusion(counts.tp, counts.fp, counts.fn, height * width - counts.tp - counts.fp - counts.fn)
    return tuple(found)


def _diagonal(grid: Grid) -> float:
    if not grid.has_spacing:
        return math.nan
    return math.hypot(*(n * mm for n, mm in zip(grid.shape, grid.spacing, strict=True)))
