"""How far two surfaces lie apart: Hausdorff, average and tolerated distances, in millimetres.

Tools that print the same name measure different things; each is offered under its own name.

===================  ========================  =====================  ======================  ==================
definition           surface element           weight                 distance to             percentile
===================  ========================  =====================  ======================  ==================
mesh (the default)   triangle's centroid       its area               the nearest triangle    by area
as MONAI             voxel with a background   1                      the nearest such        between ranks
                     voxel on one of 6 sides                          voxel's centre
as CHAOS             the same, but the edge    1                      the same                between ranks
                     of the image is none
as surface-distance  2 × 2 × 2 neighbourhood   area in it             the nearest such        by area
                     of both kinds                                    neighbourhood
===================  ========================  =====================  ======================  ==================

The mesh is nearest to the truth on spheres of known distance: the others cannot tell where between two voxels
a surface lies, and so understate a shift of less than a voxel. It equals MeshMetrics (G. Podobnik and T. Vrtovec,
https://arxiv.org/abs/2509.05670). All but CHAOS take the edge of the
image for a surface where a mask touches it.

==================  ===========  ==================  =================
empty               Hausdorff    average distances   surface Dice
==================  ===========  ==================  =================
both                ``nan``      ``nan``             ``nan``
one of them         ``inf``      ``inf``             0
==================  ===========  ==================  =================

``nan`` means that there was nothing to measure, ``inf`` that something was missed or made up. Neither belongs on a
screen or into a mean: `cohort` counts them and says so.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.scoring.crop import crop, joint_box
from core.scoring.elements import THREADS, Elements, Kind, distances_between, elements
from core.scoring.overlap import check

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Definition(StrEnum):
    """Which of the surfaces in the module's table is measured."""

    MESH = "mesh"
    MONAI = "as MONAI"
    CHAOS = "as CHAOS"
    SURFEL = "as surface-distance"


_KINDS = {
    Definition.MESH: Kind.TRIANGLES,
    Definition.MONAI: Kind.VOXELS,
    Definition.CHAOS: Kind.VOXELS,
    Definition.SURFEL: Kind.SURFELS,
}


@dataclass(frozen=True, eq=False)
class Directed:
    """Distances from every element of one surface to the other surface.

    Attributes:
        mm: ``(n,)`` ascending; all ``inf`` if the other surface is empty.
        weights: ``(n,)``, mm² (1 for each voxel as MONAI and CHAOS), in the same order.
    """

    mm: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Weighted mean in mm; ``nan`` if the surface is empty."""
        return float(self.mm @ self.weights / self.weights.sum()) if len(self.mm) else math.nan

    def within(self, tolerance_mm: float) -> float:
        """Weight of what lies no further away than the tolerance."""
        return float(self.weights[: np.searchsorted(self.mm, tolerance_mm, side="right")].sum())


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """What `surface_distances` found; every metric reads it in microseconds.

    Attributes:
        to_reference: From the predicted surface.
        to_predicted: From the reference surface.
        definition: What was measured.
    """

    to_reference: Directed
    to_predicted: Directed
    definition: Definition

    @property
    def undefined(self) -> float | None:
        """The value of a distance if a surface is empty: ``nan`` for both, ``inf`` for one, else None."""
        empty = (len(self.to_reference.mm) == 0) + (len(self.to_predicted.mm) == 0)
        return (None, math.inf, math.nan)[empty]


def surface_distances(
    predicted: Bools,
    reference: Bools,
    spacing: tuple[float, float, float],
    definition: Definition = Definition.MESH,
) -> SurfaceDistances:
    """Measure the distance from every element of each surface to the other surface.

    The slow part of every surface metric: about half a second for a liver of 300,000 triangles on two cores.

    Args:
        predicted: ``(z, y, x)`` bool.
        reference: bool, the same shape on the same grid.
        spacing: Voxel size in mm, ``(z, y, x)``.
        definition: Which surface.

    Raises:
        ValueError: The shapes differ, are not three-dimensional, or a voxel has no size.
        TypeError: An array is not bool.
    """
    if predicted.ndim != 3 or len(spacing) != 3 or not min(spacing) > 0:
        raise ValueError(f"masks must be (z, y, x) and spacing three positive mm, got {predicted.shape}, {spacing}")
    check(predicted, reference)
    box = joint_box(predicted, reference)
    cut = (crop(mask, box, edge_goes_on=definition is Definition.CHAOS) for mask in (predicted, reference))
    ours, theirs = (elements(mask, spacing, _KINDS[definition]) for mask in cut)
    with ThreadPoolExecutor(THREADS) as threads:
        to_reference = distances_between(ours, theirs, threads)
        to_predicted = distances_between(theirs, ours, threads)
        there, back = threads.map(_ascending, (to_reference, to_predicted), (ours, theirs))
    return SurfaceDistances(there, back, definition)


def _ascending(mm: Floats, surface: Elements) -> Directed:
    order = np.argsort(mm, kind="stable")
    return Directed(mm[order], surface.weights[order])


def hausdorff(distances: SurfaceDistances, percentile: float = 100) -> float:
    """Return the distance in mm that ``percentile`` of neither surface exceeds.

    The larger of the two directed percentiles; other tools pool both surfaces first, and print less.

    Source: D. P. Huttenlocher et al., Comparing images using the Hausdorff distance, IEEE TPAMI 15 (1993),
    https://doi.org/10.1109/34.232073.

    Args:
        distances: From `surface_distances`.
        percentile: 100 is the classic Hausdorff distance; 95 forgives single stray voxels.

    Returns:
        Millimetres; ``nan`` if both surfaces are empty, ``inf`` if only one is.

    Raises:
        ValueError: The percentile does not lie in 0..100.
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile must lie in 0..100, got {percentile}")
    if distances.undefined is not None:
        return distances.undefined
    between_ranks = _KINDS[distances.definition] is Kind.VOXELS
    return max(
        float(np.percentile(side.mm, percentile)) if between_ranks else _area_percentile(side, percentile)
        for side in (distances.to_reference, distances.to_predicted)
    )


def _area_percentile(side: Directed, percentile: float) -> float:
    shares = np.cumsum(side.weights) / side.weights.sum()
    return float(side.mm[min(int(np.searchsorted(shares, percentile / 100)), len(shares) - 1)])


def average_distances(distances: SurfaceDistances) -> tuple[float, float]:
    """Return the mean distance in mm from the predicted surface to the reference, and the other way.

    Returns:
        Both ``nan`` if both surfaces are empty, both ``inf`` if only one is.
    """
    if distances.undefined is not None:
        return distances.undefined, distances.undefined
    return distances.to_reference.mean, distances.to_predicted.mean


def average_symmetric_distance(distances: SurfaceDistances) -> float:
    """Return ASSD in mm: the mean over the elements of both surfaces together.

    Source: T. Heimann et al., Comparison and evaluation of methods for liver segmentation from CT datasets,
    IEEE TMI 28 (2009), https://doi.org/10.1109/TMI.2009.2013851.

    Returns:
        ``nan`` if both surfaces are empty, ``inf`` if only one is.
    """
    if distances.undefined is not None:
        return distances.undefined
    sides = distances.to_reference, distances.to_predicted
    return float(sum(side.mm @ side.weights for side in sides) / sum(side.weights.sum() for side in sides))


def mean_average_distance(distances: SurfaceDistances) -> float:
    """Return MASD in mm, the mean of both `average_distances`; some tools call this ASSD."""
    return sum(average_distances(distances)) / 2


def surface_dice(distances: SurfaceDistances, tolerance_mm: float) -> float:
    """Return the share of both surfaces that lies within the tolerance of the other (normalised surface Dice).

    Source: S. Nikolov et al., Clinically applicable segmentation of head and neck anatomy for radiotherapy,
    JMIR 23 (2021), https://doi.org/10.2196/26151.

    Args:
        distances: From `surface_distances`.
        tolerance_mm: What two readers would forgive each other; 0 or more.

    Returns:
        0 to 1; ``nan`` if both surfaces are empty, 0 if only one is.

    Raises:
        ValueError: The tolerance is negative or no number.
    """
    if not tolerance_mm >= 0:
        raise ValueError(f"tolerance_mm must be 0 or more, got {tolerance_mm}")
    if distances.undefined is not None:
        return 0.0 if math.isinf(distances.undefined) else math.nan
    sides = distances.to_reference, distances.to_predicted
    return sum(side.within(tolerance_mm) for side in sides) / float(sum(side.weights.sum() for side in sides))
