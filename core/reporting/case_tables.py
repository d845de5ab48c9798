"""The tables of a case: what was measured of labels and lesions, and how far they agree with given labels."""

import math
from collections.abc import Sequence

from core.imaging.label import DEFAULT_LABELS
from core.reporting.quantify import Measured, Quantities
from core.reporting.segmented import Segmented
from core.reporting.words import Tell, label_name
from core.scoring.lesions import LEAST_IOU
from core.scoring.scorecard import Scorecard, score

Parts = tuple[list[str], list[list[str]], list[str]]
_FIGURES = (
    "dice",
    "iou",
    "hd95_mm",
    "assd_mm",
    "nsd",
    "volume_difference_ml",
    "lesion_recall",
    "lesion_precision",
)
_LABELS = ("volume", "voxels", "slices", "extent", "mean", "percentiles")
_LESIONS = ("volume", "diameters", "at", "slices", "extent", "mean", "percentiles", "surface")
_IN_MM = ("volume", "diameters", "at", "extent", "surface")
_IN_HU = ("mean", "percentiles")
_DIGITS = {"hd95_mm": 2, "assd_mm": 2, "volume_difference_ml": 2}
_TOLERANCE_MM = 2.0


def labels(measured: Quantities, segmented: Segmented, tell: Tell) -> Parts:
    """Return heads, rows and colours of the table of whole labels; without a voxel size, no millimetres."""
    return _table("label", measured.labels, _LABELS, segmented, tell)


def lesions(measured: Quantities, segmented: Segmented, tell: Tell) -> Parts:
    """Return heads, rows and colours of the table of lesions; without a voxel size, no millimetres."""
    return _table("lesion", measured.lesions, _LESIONS, segmented, tell)


def _table(first: str, things: Sequence[Measured], columns: Sequence[str], segmented: Segmented, tell: Tell) -> Parts:
    known = {label.value: label for label in segmented.held}
    if not segmented.volume.grid.has_spacing:
        columns = ["voxels", *(key for key in columns if key not in (*_IN_MM, "voxels"))]
    ending = "" if segmented.volume.has_hu else "_other"
    heads = [tell(f"column.{key}{ending if key in _IN_HU else ''}") for key in (first, *columns)]
    rows = []
    for thing in things:
        name = label_name(tell, known[thing.label].name)
        rows.append([f"{name} {thing.number}" if thing.number else name, *(_cell(thing, key, tell) for key in columns)])
    return heads, rows, [known[thing.label].css for thing in things]


def _cell(thing: Measured, key: str, tell: Tell) -> str:
    found = thing.density
    percentiles = " / ".join(f"{value:.0f}" for value in (found.p5, found.median, found.p95))
    texts = {
        "volume": lambda: _number(thing.volume_ml, 2, tell),
        "voxels": lambda: f"{thing.voxels:,}",
        "diameters": lambda: diameters(thing, tell),
        "at": lambda: str(thing.diameter.z + 1) if thing.diameter else tell("none"),
        "slices": lambda: f"{thing.first + 1}–{thing.last + 1}",
        "extent": lambda: " × ".join(f"{mm:.1f}" for mm in thing.extent_mm),
        "mean": lambda: f"{found.mean:.0f}" + ("" if math.isnan(found.sd) else f" ± {found.sd:.0f}"),
        "percentiles": lambda: percentiles,
        "surface": lambda: _number(thing.to_surface_mm, 1, tell),
    }
    return texts[key]().replace("-", "−")


def scores(segmented: Segmented, tell: Tell) -> tuple[Parts | None, str]:
    """Return the table of agreement with given labels and how it was measured; None if there are none."""
    if segmented.reference is None:
        return None, ""
    named = {label.value: label.name for label in segmented.held}
    card = score(segmented.mask, segmented.reference, tolerance_mm=_TOLERANCE_MM, case=segmented.name)
    if not card.labels:
        return None, tell("scores.none_held")
    heads = [tell("column.label"), *(tell(f"score.{key}") for key in _FIGURES)]
    known = {label.value: label for label in (*DEFAULT_LABELS, *segmented.held)}
    rows = [
        [label_name(tell, named.get(found.value, found.name)), *_figures(card, found.value, tell)]
        for found in card.labels
    ]
    colours = [known[found.value].css if found.value in known else "#9aa5b1" for found in card.labels]
    return (heads, rows, colours), tell("scores.note", tolerance=f"{_TOLERANCE_MM:g}", iou=f"{LEAST_IOU:g}")


def millilitres(volume_ml: float, tell: Tell) -> str:
    """Write a volume with its unit."""
    return tell("unknown") if math.isnan(volume_ml) else f"{_number(volume_ml, 2, tell)} ml"


def diameters(measured: Measured, tell: Tell, unit: str = "") -> str:
    """Write the longest diameter and the perpendicular, as radiologists do."""
    found = measured.diameter
    return f"{found.longest_mm:.1f} × {found.across_mm:.1f}{unit}" if found else tell("unknown")


def _figures(card: Scorecard, value: int, tell: Tell) -> list[str]:
    return [_figure(card.figure(value, key), _DIGITS.get(key, 3), tell) for key in _FIGURES]


def _figure(value: float, digits: int, tell: Tell) -> str:
    return f"{value:.{digits}f}".replace("-", "−") if math.isfinite(value) else tell("score.undefined")


def _number(value: float, digits: int, tell: Tell) -> str:
    return tell("none") if math.isnan(value) else f"{value:.{digits}f}"
