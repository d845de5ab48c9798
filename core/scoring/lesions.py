"""Which lesions were found, which were missed and which are not there, with place and size.

A lesion is a connected component: voxels that touch by a side, an edge or a corner (26 neighbours). A predicted
and a reference lesion are a *match* if their IoU reaches a least value; each lesion has at most one match, and
pairs that share more are matched first. What is left over in the reference was missed, in the prediction is false.

One big blob over two lesions finds one of them, and ten crumbs in one lesion are at best one hit and nine false
ones: counting any touch as a hit would reward both.

==================  ===========  ==============  =======  =====================
no lesions          recall       precision       F1       mean lesion Dice
==================  ===========  ==============  =======  =====================
in neither          nan          nan             nan      nan
predicted           0            nan             0        0
in the reference    nan          0               0        nan
==================  ===========  ==============  =======  =====================
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import cc3d
import numpy as np
import numpy.typing as npt

from core.scoring.overlap import check

Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.unsignedinteger]
LEAST_IOU = 0.1
_DENSE = 2**22  # pairs of lesions up to which a table of all is quicker than sorting


class Band(StrEnum):
    """Size of a lesion by the diameter of a ball of its volume."""

    SMALL = "< 10 mm"
    MEDIUM = "10–20 mm"
    LARGE = "> 20 mm"


@dataclass(frozen=True)
class Lesion:
    """One connected component.

    Attributes:
        number: From 1, in the order of the arrays.
        voxels: How many.
        volume_ml: Its volume; ``nan`` without a voxel size.
        centre: Mean index ``(z, y, x)`` of its voxels.
    """

    number: int
    voxels: int
    volume_ml: float
    centre: tuple[float, float, float]

    @property
    def diameter_mm(self) -> float:
        """Diameter of a ball of the same volume."""
        return float(2 * np.cbrt(3000 * self.volume_ml / (4 * np.pi)))

    @property
    def band(self) -> Band | None:
        """Where it belongs in the size bands; None without a voxel size."""
        if math.isnan(self.volume_ml):
            return None
        if self.diameter_mm < 10:
            return Band.SMALL
        return Band.MEDIUM if self.diameter_mm <= 20 else Band.LARGE


@dataclass(frozen=True)
class Match:
    """A reference lesion that was found.

    Attributes:
        reference: The lesion.
        predicted: What found it.
        dice: Of the two components.
        iou: Of the two components.
    """

    reference: Lesion
    predicted: Lesion
    dice: float
    iou: float


@dataclass(frozen=True)
class LesionTable:
    """Every lesion of a pair, once.

    Attributes:
        matches: Found lesions.
        missed: Lesions of the reference that no prediction matches.
        false: Lesions of the prediction that match nothing.
        least_iou: What a match had to reach.
    """

    matches: tuple[Match, ...]
    missed: tuple[Lesion, ...]
    false: tuple[Lesion, ...]
    least_iou: float = LEAST_IOU

    @property
    def recall(self) -> float:
        """Share of the reference lesions that were found."""
        return _ratio(len(self.matches), len(self.matches) + len(self.missed))

    @property
    def precision(self) -> float:
        """Share of the predicted lesions that are there."""
        return _ratio(len(self.matches), len(self.matches) + len(self.false))

    @property
    def f1(self) -> float:
        """``2 found / (2 found + missed + false)``."""
        return _ratio(2 * len(self.matches), 2 * len(self.matches) + len(self.missed) + len(self.false))

    @property
    def dice(self) -> tuple[float, ...]:
        """Dice of every reference lesion, 0 for a missed one."""
        return tuple(match.dice for match in self.matches) + (0.0,) * len(self.missed)

    @property
    def mean_dice(self) -> float:
        """Mean of `dice`; false lesions do not enter."""
        return float(np.mean(self.dice)) if self.dice else math.nan

    def band(self, band: Band) -> "LesionTable":
        """Keep the lesions of one size: by the reference, false ones by their own."""
        return LesionTable(
            tuple(match for match in self.matches if match.reference.band is band),
            tuple(lesion for lesion in self.missed if lesion.band is band),
            tuple(lesion for lesion in self.false if lesion.band is band),
            self.least_iou,
        )


def match_lesions(
    predicted: Bools,
    reference: Bools,
    voxel_ml: float = math.nan,
    least_iou: float = LEAST_IOU,
    offset: tuple[int, int, int] = (0, 0, 0),
) -> LesionTable:
    """Find the lesions of both masks and match them one to one.

    Args:
        predicted: ``(z, y, x)`` bool.
        reference: bool, the same shape on the same grid.
        voxel_ml: Volume of a voxel, for sizes.
        least_iou: Above 0; LiTS counts from 0.5.
        offset: Index ``(z, y, x)`` of the arrays' first voxel, if they were cut out of an image.

    Raises:
        ValueError: The shapes differ, or ``least_iou`` does not lie in (0, 1].
        TypeError: An array is not bool.
    """
    check(predicted, reference)
    if not 0 < least_iou <= 1:
        raise ValueError(f"least_iou must lie in (0, 1], got {least_iou}")
    ours, our_lesions = components(predicted, voxel_ml, offset)
    theirs, their_lesions = components(reference, voxel_ml, offset)
    pairs = []
    for i, j, shared in _overlaps(ours, theirs, len(our_lesions), len(their_lesions)):
        a, b = our_lesions[i - 1], their_lesions[j - 1]
        iou = shared / (a.voxels + b.voxels - shared)
        if iou >= least_iou:
            pairs.append(Match(b, a, 2 * shared / (a.voxels + b.voxels), iou))
    pairs.sort(key=lambda pair: (-pair.iou, pair.reference.number, pair.predicted.number))
    matches: dict[int, Match] = {}
    used: set[int] = set()
    for pair in pairs:
        if pair.reference.number not in matches and pair.predicted.number not in used:
            matches[pair.reference.number] = pair
            used.add(pair.predicted.number)
    return LesionTable(
        tuple(matches[number] for number in sorted(matches)),
        tuple(lesion for lesion in their_lesions if lesion.number not in matches),
        tuple(lesion for lesion in our_lesions if lesion.number not in used),
        least_iou,
    )


def components(
    mask: Bools, voxel_ml: float = math.nan, offset: tuple[int, int, int] = (0, 0, 0)
) -> tuple[Labels, list[Lesion]]:
    """Number the components of a mask in an array that is one voxel larger on each side.

    cc3d gives up on some arrays that are one voxel thin ("maximum length exception"); never with this margin.

    Args:
        mask: ``(z, y, x)`` bool.
        voxel_ml: As for `match_lesions`.
        offset: As for `match_lesions`.

    Returns:
        Numbers from 1, 0 for background, and the lesions in the order of their numbers.
    """
    labels, count = cc3d.connected_components(np.pad(mask, 1), connectivity=26, return_N=True)
    if not count:
        return labels, []
    facts = cc3d.statistics(labels, no_slice_conversion=True)
    lesions = []
    for number in range(1, count + 1):
        voxels = int(facts["voxel_counts"][number])
        z, y, x = (float(c) - 1 + o for c, o in zip(facts["centroids"][number], offset, strict=True))
        lesions.append(Lesion(number, voxels, voxels * voxel_ml, (z, y, x)))
    return labels, lesions


def _overlaps(ours: Labels, theirs: Labels, our_count: int, their_count: int) -> list[tuple[int, int, int]]:
    """List which lesions share voxels, and how many."""
    both = (ours > 0) & (theirs > 0)
    keys = ours[both].astype(np.int64) * (their_count + 1) + theirs[both]
    if (our_count + 1) * (their_count + 1) <= _DENSE:
        counts = np.bincount(keys)
        found = np.flatnonzero(counts)
        counts = counts[found]
    else:
        found, counts = np.unique(keys, return_counts=True)
    i, j = np.divmod(found, their_count + 1)
    return list(zip(i.tolist(), j.tolist(), counts.tolist(), strict=True))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
