"""The tables of a case: what was measured of labels and lesions, and how far they agree with given labels."""

import math

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
_DIGITS = {"hd95_mm": 2, "assd_mm": 2, "volume_difference_ml": 2}
_TOLERANCE_MM = 2.0


def labels(measured: Quantities, segmented: Segmented, tell: Tell) -> Parts:
    """Return heads, rows and colours of the table of whole labels."""
    known = {label.value: label for label in segmented.held}
    ending = "" if segmented.volume.has_hu else "_other"
    heads = [tell(f"column.{key}") for key in ("label", "volume", "voxels", "slices", "extent")]
    heads += [tell(f"column.{key}{ending}") for key in ("mean", "percentiles")]
    rows = [
        [
            label_name(tell, known[whole.label].name),
            _number(whole.volume_ml, 2, tell),
            f"{whole.voxels:,}",
            f"{whole.first + 1}–{whole.last + 1}",
            _extent(whole, tell),
            *_density(whole),
        ]
        for whole in measured.labels
    ]
    return heads, rows, [known[whole.label].css for whole in measured.labels]


def lesions(measured: Quantities, segmented: Segmented, tell: Tell) -> Parts:
    """Return heads, rows and colours of the table of lesions."""
    known = {label.value: label for label in segmented.held}
    ending = "" if segmented.volume.has_hu else "_other"
    heads = [tell(f"column.{key}") for key in ("lesion", "volume", "diameters", "at", "slices", "extent")]
    heads += [tell(f"column.{key}{ending}") for key in ("mean", "percentiles")] + [tell("column.surface")]
    rows = [
        [
            f"{label_name(tell, known[lesion.label].name)} {lesion.number}",
            _number(lesion.volume_ml, 2, tell),
            diameters(lesion, tell),
            str(lesion.diameter.z + 1) if lesion.diameter else tell("none"),
            f"{lesion.first + 1}–{lesion.last + 1}",
            _extent(lesion, tell),
            *_density(lesion),
            _number(lesion.to_surface_mm, 1, tell),
        ]
        for lesion in measured.lesions
    ]
    return heads, rows, [known[lesion.label].css for lesion in measured.lesions]


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


def _extent(measured: Measured, tell: Tell) -> str:
    if math.isnan(measured.extent_mm[0]):
        return tell("unknown")
    return " × ".join(f"{mm:.1f}" for mm in measured.extent_mm)


def _density(measured: Measured) -> tuple[str, str]:
    found = measured.density
    mean = f"{found.mean:.0f}" if math.isnan(found.sd) else f"{found.mean:.0f} ± {found.sd:.0f}"
    percentiles = " / ".join(f"{value:.0f}" for value in (found.p5, found.median, found.p95))
    return mean.replace("-", "−"), percentiles.replace("-", "−")


def _number(value: float, digits: int, tell: Tell) -> str:
    return tell("none") if math.isnan(value) else f"{value:.{digits}f}"
