"""Scores as lines of text for a terminal."""

import math
from collections.abc import Sequence

import numpy as np

from core.scoring.batch import Row
from core.scoring.cohort import Summary, summaries, three_dice
from core.scoring.definitions import base_key, card_of, in_order
from core.scoring.lesions import Lesion
from core.scoring.scorecard import LabelScore, Scorecard
from core.scoring.tables import figure_keys, label_names

_COLUMNS = ("dice", "iou", "hd95_mm", "assd_mm", "nsd", "volume_difference_percent")
_SEED = 0
NO_DISTANCE = "none"
"""What people read where a distance is infinite, as one of two surfaces is empty; files for programs say ``inf``."""


def without_distance(label: LabelScore, diagonal_mm: float | None = None) -> str:
    """Say why a label has no distance, and what that counts as if it must count: the diagonal of its image."""
    why = "made up" if label.counts.predicted else "missed"
    counts = "" if diagonal_mm is None else f" (counts as {diagonal_mm:.2f} mm)"
    return f"{NO_DISTANCE}: {why}{counts}"


def one(card: Scorecard) -> str:
    """Lay out every figure of a case."""
    lines = [f"note: {note}" for note in card.notes]
    for label in card.labels:
        lines += ["", f"{label.name} (label {label.value})"]
        keys = in_order(label.figures)
        width = max([34, *(len(card_of(key).name) + 2 for key in keys)])
        for key in keys:
            name = f"{card_of(key).name} at {card.tolerance_mm:g} mm" if key == "nsd" else card_of(key).name
            lines.append(f"  {name:<{width}}{_shown(label, key, card.diagonal_mm)}")
        lines += _lesion_lines(label)
    if not card.labels:
        lines.append("Neither mask holds a label: there is nothing to score.")
    return "\n".join(lines).lstrip("\n")


def line(row: Row) -> str:
    """Lay out the main figures of a case in one line, or say why there are none."""
    if not row.card:
        return f"{row.case}: FAILED: {row.problem}"
    parts = []
    for label in row.card.labels:
        shown = [
            f"{card_of(key).name} {_shown(label, key, row.card.diagonal_mm)}"
            for key in in_order(label.figures)
            if _is_main(key)
        ]
        parts.append(f"{label.name}: {', '.join(shown)}")
    return f"{row.case}: {'; '.join(parts) or 'no label in either mask'}"


def cohort(rows: Sequence[Row]) -> str:
    """Lay out the summaries over all cases that could be scored."""
    cards = [row.card for row in rows if row.card]
    keys = list(filter(_is_main, figure_keys(rows)))
    width = max([28, *(len(card_of(key).name) + 2 for key in keys)])
    lines = ["", f"{len(cards)} of {len(rows)} cases scored"]
    for value, name in label_names(rows).items():
        dice = three_dice(cards, value)
        lines += ["", f"{name} (label {value})"]
        counted = f"n = {dice.n}" + (f", {dice.undefined} undefined" if dice.undefined else "")
        lesions = f"{dice.lesions} lesion{'' if dice.lesions == 1 else 's'}"
        lines.append(
            f"  Dice over all voxels {_plain(dice.pooled)}, mean per case {_plain(dice.per_case)} ({counted}), "
            f"mean per lesion {_plain(dice.per_lesion)} ({lesions})"
        )
        for key in keys:
            defined, penalised = summaries(cards, value, key, np.random.default_rng(_SEED))
            lines.append(f"  {card_of(key).name:<{width}}{_summary(defined, card_of(key).unit)}")
            if defined.infinite:
                lines.append(f"  {f'  {NO_DISTANCE} as the diagonal':<{width}}{_summary(penalised, card_of(key).unit)}")
    return "\n".join(lines)


def _is_main(key: str) -> bool:
    return base_key(key).removeprefix("monai_").removeprefix("surfel_") in _COLUMNS


def _summary(found: Summary, unit: str) -> str:
    left = [f"{n} {why}" for n, why in ((found.undefined, "undefined"), (found.infinite, NO_DISTANCE)) if n]
    counted = ", ".join([f"n = {found.n}", *left])
    if not found.n:
        return counted
    interval = "" if math.isnan(found.low) else f" [{_plain(found.low)}, {_plain(found.high)}]"
    quartiles = f"{_plain(found.median)} ({_plain(found.first_quartile)} to {_plain(found.third_quartile)})"
    return f"mean {_plain(found.mean)}{interval}, median {quartiles} {unit}".rstrip() + f"; {counted}"


def _lesion_lines(label: LabelScore) -> list[str]:
    table = label.lesions
    counts = f"{len(table.matches)} found, {len(table.missed)} missed, {len(table.false)} false"
    lines = [f"  lesions: {counts} (IoU from {table.least_iou:g})"]
    lines += [f"    missed: {_place(lesion)}" for lesion in table.missed]
    return lines + [f"    false:  {_place(lesion)}" for lesion in table.false]


def _place(lesion: Lesion) -> str:
    z = round(lesion.centre[0]) + 1
    if math.isnan(lesion.volume_ml):
        return f"slice {z}, {lesion.voxels} voxels"
    return f"slice {z}, {lesion.volume_ml:.3g} ml, {lesion.diameter_mm:.1f} mm across"


def _shown(label: LabelScore, key: str, diagonal_mm: float) -> str:
    value = label.figures[key]
    if math.isinf(value):
        return without_distance(label, diagonal_mm)
    return "undefined" if math.isnan(value) else f"{_plain(value)} {card_of(key).unit}".rstrip()


def _plain(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4g}"
