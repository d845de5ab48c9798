"""Several readers of one CT, label by label: how far they agree, where they do not, and what they drew together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.agreement import Floats, Staple, majority, pairwise_dice, staple, votes
from core.scoring.crop import Box, joint_box
from core.scoring.overlap import Bools, confusion

MARGIN_MM, MARGIN_VOXELS = 10.0, 5
LEAST_READERS, MOST_READERS = 2, 8


@dataclass(frozen=True, eq=False)
class Panel:
    """What there is to say of several readers about one label.

    Attributes:
        grid: Of the image.
        box: Where in the image the arrays below lie: all that anybody marked, and a margin.
        dice: As from `agreement.pairwise_dice`.
        volumes_ml: ``(readers,)``; ``nan`` without a voxel size.
        votes: ``(z, y, x)`` of the box, as from `agreement.votes`.
        majority: bool, of the box, as from `agreement.majority`.
        staple: Of the box.
        dice_majority: ``(readers,)`` Dice of each reader with the majority.
        dice_staple: ``(readers,)`` Dice of each reader with the consensus of STAPLE.
    """

    grid: Grid
    box: Box
    dice: Floats
    volumes_ml: Floats
    votes: npt.NDArray[np.uint8]
    majority: Bools
    staple: Staple
    dice_majority: Floats
    dice_staple: Floats

    @property
    def mean_dice(self) -> float:
        """Mean over the pairs of readers for whom it is defined; ``nan`` if there is none."""
        pairs = self.dice[np.triu_indices(len(self.dice), 1)]
        known = pairs[~np.isnan(pairs)]
        return float(known.mean()) if len(known) else math.nan

    @property
    def differing(self) -> npt.NDArray[np.uint8]:
        """How many readers differ from the rest at each voxel of the box: the smaller party."""
        return np.asarray(np.minimum(self.votes, len(self.dice) - self.votes), np.uint8)

    @property
    def disputed_ml(self) -> float:
        """Volume on which the readers are not of one mind; ``nan`` without a voxel size."""
        return int(np.count_nonzero(self.differing)) * self.grid.voxel_ml

    @property
    def most_disputed(self) -> int:
        """The slice of the image, from 0, with the most voxels on which the readers differ, else with most marked."""
        found = self.differing if self.differing.any() else self.votes
        return int(self.box[0].start + np.count_nonzero(found, axis=(1, 2)).argmax())

    @property
    def marked(self) -> Box:
        """Where in the image anybody marked anything, without a margin; of no size if nobody did."""
        inner = joint_box(self.votes > 0, self.votes > 0)
        z, y, x = (
            slice(side.start + part.start, side.start + part.stop) for side, part in zip(self.box, inner, strict=True)
        )
        return z, y, x

    def volume_ml(self, consensus: Bools) -> float:
        """Return the volume of a mask of the box; ``nan`` without a voxel size."""
        return int(np.count_nonzero(consensus)) * self.grid.voxel_ml

    def on_slice(self, found: npt.NDArray[np.uint8], z: int) -> npt.NDArray[np.uint8]:
        """Lay a uint8 array of the box into slice ``z`` of the image, ``(H, W)``, with 0 around it."""
        picture = np.zeros(self.grid.shape[1:], np.uint8)
        if self.box[0].start <= z < self.box[0].stop:
            picture[self.box[1:]] = found[z - self.box[0].start]
        return picture


def panel(readers: Sequence[Mask], value: int) -> Panel:
    """Work out everything for one label.

    STAPLE sees the box around all that anybody marked and 10 mm (5 voxels where there are no millimetres) more on
    every side: far background, on which all agree, would only make every specificity 1.

    Args:
        readers: Label maps, 2 to 8 on one grid.
        value: Which label.

    Raises:
        ValueError: Too few or too many readers, or their grids differ.
    """
    if not LEAST_READERS <= len(readers) <= MOST_READERS:
        raise ValueError(f"a panel has {LEAST_READERS} to {MOST_READERS} readers, got {len(readers)}")
    grid = readers[0].grid
    if not all(reader.grid.matches(grid) for reader in readers):
        raise ValueError("readers must lie on one grid")
    box = _with_margin([joint_box(reader.voxels, reader.voxels, value) for reader in readers], grid)
    masks: list[Bools] = [np.asarray(reader.voxels[box] == value) for reader in readers]
    estimate, together = staple(masks), majority(masks)
    return Panel(
        grid,
        box,
        pairwise_dice(masks),
        np.array([np.count_nonzero(mask) * grid.voxel_ml for mask in masks]),
        votes(masks),
        together,
        estimate,
        np.array([confusion(mask, together).dice for mask in masks]),
        np.array([confusion(mask, estimate.consensus).dice for mask in masks]),
    )


def consensus(panels: dict[int, Panel], by_staple: bool = False) -> Mask:
    """Return one label map of what the readers drew together.

    Each label is decided by itself, so two of them may claim a voxel; the one with the higher value gets it, as a
    tumour lies in a liver.

    Args:
        panels: By label, all of one image.
        by_staple: The estimate of STAPLE instead of the majority.

    Raises:
        ValueError: There is no panel.
    """
    if not panels:
        raise ValueError("a consensus needs at least one label")
    whole = np.zeros(next(iter(panels.values())).grid.shape, np.uint8)
    for value, found in sorted(panels.items()):
        whole[found.box][found.staple.consensus if by_staple else found.majority] = value
    return Mask(whole, next(iter(panels.values())).grid)


def _with_margin(boxes: Sequence[Box], grid: Grid) -> Box:
    """Return the box around all boxes and a margin, within the image; of one voxel if all are empty."""
    used = [box for box in boxes if box[0].stop]
    if not used:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    sides = []
    for axis, (length, step) in enumerate(zip(grid.shape, grid.spacing, strict=True)):
        margin = math.ceil(MARGIN_MM / step) if grid.has_spacing else MARGIN_VOXELS
        start, stop = min(box[axis].start for box in used), max(box[axis].stop for box in used)
        sides.append(slice(max(0, start - margin), min(length, stop + margin)))
    return sides[0], sides[1], sides[2]
