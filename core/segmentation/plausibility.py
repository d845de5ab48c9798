"""Plain remarks on a mask that a clinician would make at a glance; each says where to look and may be wrong.

A remark is no verdict: it names what is unusual and gives its numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.imaging.volume import Volume
from core.segmentation.prompt import Box

Masks = Mapping[int, npt.NDArray[np.bool_]]

SIDES = 3  # of a box that a mask must cross: one or two are a box drawn a little tight
AREA_JUMP = 0.6  # of the neighbour's area; between neighbouring slices of a tumour it changes by less
HU_UNLIKE = 1.0  # standard deviations of the values in the object
LEAST_PART = 0.05  # of the mask: smaller islands are specks
OUTSIDE = 0.1  # of the mask: an edge between tumour and liver is uncertain by about this much


class Kind(StrEnum):
    """What is unusual."""

    CROSSES_BOX = "crosses the box"
    AREA_JUMPS = "area jumps"
    HU_UNLIKE = "grey values unlike the rest"
    SEVERAL_PARTS = "several parts"
    OUTSIDE_LIVER = "outside the liver"


@dataclass(frozen=True)
class Remark:
    """One remark on one slice.

    Attributes:
        kind: What is unusual.
        z: The slice, from 0.
        value: The number behind it: sides crossed; area as a multiple of the neighbour's; mean HU of the slice;
            number of parts; share outside the liver, 0–1.
        usual: What it is measured against: 4 sides; the neighbour's slice, from 0; mean HU of the rest; 1; 0.
        sentence: For the screen.
    """

    kind: Kind
    z: int
    value: float
    usual: float
    sentence: str


def remarks(
    volume: Volume, masks: Masks, boxes: Mapping[int, Box] | None = None, liver: Masks | None = None
) -> list[Remark]:
    """Look over an object, slice by slice from the feet up.

    Args:
        volume: Any volume.
        masks: Slice, from 0, to ``(H, W)`` bool; empty ones count as not there.
        boxes: The box with which the model was asked, by slice, as far as there is one.
        liver: The liver by slice, with its tumours; a slice without one is not judged by it. What it encloses
            belongs to it.
    """
    there = {z: mask for z, mask in sorted(masks.items()) if mask.any()}
    areas = {z: int(mask.sum()) for z, mask in there.items()}
    found = [
        *(_crossing(z, there[z], box) for z, box in (boxes or {}).items() if z in there),
        *(_jumping(z, areas) for z in there),
        *_unlike(volume, there),
        *(_parts(z, mask) for z, mask in there.items()),
        *(_outside(z, mask, (liver or {}).get(z)) for z, mask in there.items()),
    ]
    return sorted((remark for remark in found if remark), key=lambda remark: (remark.z, list(Kind).index(remark.kind)))


def _crossing(z: int, mask: npt.NDArray[np.bool_], box: Box) -> Remark | None:
    beyond = (mask[: max(0, box.y0)], mask[max(0, box.y1) :], mask[:, : max(0, box.x0)], mask[:, max(0, box.x1) :])
    sides = sum(bool(part.any()) for part in beyond)
    if sides < SIDES:
        return None
    sentence = f"Slice {z + 1}: the mask reaches beyond the box on {sides} of its 4 sides. The box may be too small."
    return Remark(Kind.CROSSES_BOX, z, sides, 4, sentence)


def _jumping(z: int, areas: Mapping[int, int]) -> Remark | None:
    """Compare with the slice below; the jump is told at the upper of the two."""
    if z - 1 not in areas:
        return None
    ratio = areas[z] / areas[z - 1]
    if max(ratio, 1 / ratio) <= 1 + AREA_JUMP:
        return None
    how = f"{ratio:.1f} times" if ratio > 1 else f"{ratio:.0%} of"
    return Remark(Kind.AREA_JUMPS, z, ratio, z - 1, f"Slice {z + 1}: the area is {how} that of slice {z}.")


def _unlike(volume: Volume, masks: Masks) -> Iterator[Remark]:
    """Compare each slice with all others; counts, sums and squares suffice."""
    values = {z: volume.hu[z][mask].astype(np.float64) for z, mask in masks.items()}
    sums = {z: np.array([v.size, v.sum(), (v**2).sum()]) for z, v in values.items()}
    total = np.sum(list(sums.values()), axis=0) if sums else np.zeros(3)
    unit = " HU" if volume.has_hu else ""
    for z, own in sums.items():
        count, added, squared = total - own
        if count < 2:
            continue
        usual, mean = added / count, own[1] / own[0]
        deviation = np.sqrt(max(0.0, squared / count - usual**2))
        if abs(mean - usual) > max(1.0, HU_UNLIKE * deviation):
            sentence = f"Slice {z + 1}: mean {mean:.0f}{unit}, on the other slices {usual:.0f}{unit}."
            yield Remark(Kind.HU_UNLIKE, z, float(mean), float(usual), sentence)


def _parts(z: int, mask: npt.NDArray[np.bool_]) -> Remark | None:
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    parts = int((sizes >= LEAST_PART * sizes.sum()).sum())
    if parts < 2:
        return None
    return Remark(Kind.SEVERAL_PARTS, z, parts, 1, f"Slice {z + 1}: the mask is in {parts} parts.")


def _outside(z: int, mask: npt.NDArray[np.bool_], liver: npt.NDArray[np.bool_] | None) -> Remark | None:
    if liver is None or not liver.any():
        return None
    share = float((mask & ~ndimage.binary_fill_holes(liver)).sum() / mask.sum())
    if share <= OUTSIDE:
        return None
    return Remark(Kind.OUTSIDE_LIVER, z, share, 0, f"Slice {z + 1}: {share:.0%} of the mask lies outside the liver.")
