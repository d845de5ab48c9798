"""The smallest box around two masks, so that nothing walks through millions of voxels of background."""

import numpy as np
import numpy.typing as npt

from core.scoring.overlap import check

Bools = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]


def joint_box(predicted: Bools, reference: Bools) -> Box:
    """Return the smallest box that holds both masks; of no size at all if both are empty.

    One pass, slice by slice, without a copy.

    Args:
        predicted: ``(z, y, x)`` bool.
        reference: bool, the same shape.

    Raises:
        ValueError: The shapes differ.
        TypeError: An array is not bool.
    """
    check(predicted, reference)
    used = [np.zeros(n, np.bool_) for n in predicted.shape]
    for z in range(len(predicted)):
        slab = predicted[z] | reference[z]
        rows = slab.any(axis=1)
        if rows.any():
            used[0][z] = True
            used[1] |= rows
            used[2] |= slab.any(axis=0)
    places = [np.flatnonzero(axis) for axis in used]
    depth, height, width = (slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0) for at in places)
    return depth, height, width


def crop(mask: Bools, box: Box) -> Bools:
    """Cut a box out of a mask and put one voxel of background around it."""
    return np.pad(mask[box], 1)
