"""The smallest box around two masks, so that nothing walks through millions of voxels of background."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Voxels = npt.NDArray[np.bool_] | npt.NDArray[np.uint8]
Box = tuple[slice, slice, slice]


def joint_box(predicted: Voxels, reference: Voxels, value: int = True) -> Box:
    """Return the smallest box that holds a label in both arrays; of no size at all if it is in neither.

    One pass, slice by slice, without a copy.

    Args:
        predicted: ``(z, y, x)`` bool, or uint8 labels.
        reference: The same shape.
        value: Which label.
    """
    used = [np.zeros(n, np.bool_) for n in predicted.shape]
    for z in range(len(predicted)):
        slab = (predicted[z] == value) | (reference[z] == value)
        rows = slab.any(axis=1)
        if rows.any():
            used[0][z] = True
            used[1] |= rows
            used[2] |= slab.any(axis=0)
    places = [np.flatnonzero(axis) for axis in used]
    depth, height, width = (slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0) for at in places)
    return depth, height, width


def grown(box: Box, shape: tuple[int, int, int]) -> Box:
    """Return the box with one voxel more on every side where the image has one."""
    z, y, x = (slice(max(0, s.start - 1), min(n, s.stop + 1)) for s, n in zip(box, shape, strict=True))
    return z, y, x


def crop(mask: Bools, box: Box, edge_goes_on: bool = False) -> Bools:
    """Cut a box out of a mask and put one voxel around it.

    Args:
        mask: ``(z, y, x)`` bool.
        box: From `joint_box`.
        edge_goes_on: What lies beyond the image: True for the same as at its edge, False for background.
    """
    cut = np.pad(mask[box], 1)
    if edge_goes_on and mask[box].size:
        for axis, (side, length) in enumerate(zip(box, mask.shape, strict=True)):
            layers = np.moveaxis(cut, axis, 0)
            if side.start == 0:
                layers[0] = layers[1]
            if side.stop == length:
                layers[-1] = layers[-2]
    return cut
