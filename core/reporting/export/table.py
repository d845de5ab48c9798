"""What was measured as a table for spreadsheets: a line for each label, and one for each lesion."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from core.imaging.label import Label
from core.imaging.volume import TUMOUR
from core.reporting.quantify import Measured, Quantities
from core.scoring.tables import harmless

_BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes the text for another character set
_DENSITIES = ("mean", "sd", "minimum", "p5", "p25", "median", "p75", "p95", "maximum")


def csv_text(quantities: Quantities, labels: Sequence[Label], has_hu: bool = True) -> str:
    """Return one line per label, then one per lesion; what is not known is empty.

    Slices count from 1, millimetres and millilitres are those of `quantify`. The line of a whole label has no number
    of a lesion.

    Args:
        quantities: From `quantify`.
        labels: Names of the values.
        has_hu: Whether the values of the image are Hounsfield units.
    """
    names = {label.value: label.name for label in labels}
    text = io.StringIO(newline="")
    writer = None
    for measured in (*quantities.labels, *quantities.lesions):
        line = _line(measured, names[measured.label], quantities, "hu" if has_hu else "value")
        if writer is None:
            writer = csv.DictWriter(text, list(line))
            writer.writeheader()
        writer.writerow(line)
    return _BYTE_ORDER_MARK + text.getvalue()


def _line(measured: Measured, name: str, quantities: Quantities, unit: str) -> dict[str, Any]:
    longest = measured.diameter
    z, y, x = measured.extent_mm
    is_whole = measured.number == 0
    burden = quantities.burden_percent if is_whole and measured.label == TUMOUR else math.nan
    return {
        "label": measured.label,
        "name": harmless(name),
        "lesion": "" if is_whole else measured.number,
        "lesions": len(quantities.lesions_of(measured.label)) if is_whole else "",
        "voxels": measured.voxels,
        "volume_ml": _number(measured.volume_ml),
        "longest_diameter_mm": _number(longest.longest_mm if longest else math.nan),
        "perpendicular_mm": _number(longest.across_mm if longest else math.nan),
        "diameter_slice": longest.z + 1 if longest else "",
        "first_slice": measured.first + 1,
        "last_slice": measured.last + 1,
        "extent_slices_mm": _number(z),
        "extent_rows_mm": _number(y),
        "extent_columns_mm": _number(x),
        "to_liver_surface_mm": _number(measured.to_surface_mm),
        "tumour_burden_percent": _number(burden),
        **{f"{key}_{unit}": _number(getattr(measured.density, key)) for key in _DENSITIES},
    }


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
