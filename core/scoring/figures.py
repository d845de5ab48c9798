"""The figures of one label by their keys: of its voxels, its lesions, and its surfaces by each definition."""

import math
from typing import NamedTuple

from core.scoring.lesions import LesionTable
from core.scoring.overlap import Confusion
from core.scoring.surfaces import (
    Definition,
    SurfaceDistances,
    average_distances,
    average_symmetric_distance,
    hausdorff,
    mean_average_distance,
    surface_dice,
)

_ALWAYS = (95, 100)  # percentiles that have keys of their own


def overlap_figures(counts: Confusion, voxel_ml: float) -> dict[str, float]:
    """Return what counting voxels tells; volumes are ``nan`` without a voxel size."""
    return {
        "dice": counts.dice,
        "iou": counts.iou,
        "precision": counts.precision,
        "recall": counts.recall,
        "specificity": counts.specificity,
        "accuracy": counts.accuracy,
        "volume_predicted_ml": counts.predicted * voxel_ml,
        "volume_reference_ml": counts.reference * voxel_ml,
        "volume_difference_ml": counts.volume_difference_ml(voxel_ml),
        "volume_difference_percent": counts.volume_difference_percent,
    }


def lesion_figures(lesions: LesionTable) -> dict[str, float]:
    """Return what matching lesions tells."""
    return {
        "lesion_recall": lesions.recall,
        "lesion_precision": lesions.precision,
        "lesion_f1": lesions.f1,
        "lesion_dice": lesions.mean_dice,
    }


class Measured(NamedTuple):
    """What was measured of one label by one definition.

    Attributes:
        found: Of both surfaces; None without a voxel size.
        counts: Of the whole image.
        tolerance_mm: Of the surface Dice.
        percentiles: Of the Hausdorff distance, beside 95 and 100.
    """

    found: SurfaceDistances | None
    counts: Confusion
    tolerance_mm: float
    percentiles: tuple[float, ...]

    def figures(self, definition: Definition) -> dict[str, float]:
        """Return the figures under the keys of the definition; all are ``nan`` without a voxel size."""
        if definition is Definition.CHAOS:
            return self._chaos()
        prefix = {Definition.MESH: "", Definition.MONAI: "monai_", Definition.SURFEL: "surfel_"}[definition]
        return {**self._shared(prefix), **(self._mesh() if definition is Definition.MESH else {})}

    def _shared(self, prefix: str) -> dict[str, float]:
        found = self.found
        others = [percentile for percentile in self.percentiles if percentile not in _ALWAYS]
        return {
            f"{prefix}hd_mm": hausdorff(found) if found else math.nan,
            f"{prefix}hd95_mm": hausdorff(found, 95) if found else math.nan,
            **{f"{prefix}hd{at:g}_mm": hausdorff(found, at) if found else math.nan for at in others},
            f"{prefix}assd_mm": average_symmetric_distance(found) if found else math.nan,
            f"{prefix}nsd": surface_dice(found, self.tolerance_mm) if found else math.nan,
        }

    def _mesh(self) -> dict[str, float]:
        there, back = average_distances(self.found) if self.found else (math.nan, math.nan)
        return {
            "asd_to_reference_mm": there,
            "asd_to_predicted_mm": back,
            "masd_mm": mean_average_distance(self.found) if self.found else math.nan,
        }

    def _chaos(self) -> dict[str, float]:
        return {
            "chaos_dice": self.counts.dice,
            "chaos_ravd_percent": abs(self.counts.volume_difference_percent),
            "chaos_assd_mm": average_symmetric_distance(self.found) if self.found else math.nan,
            "chaos_mssd_mm": hausdorff(self.found) if self.found else math.nan,
        }
