"""Label files to score, on one small grid of 5 × 3 × 2 mm."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK

SHAPE = (5, 12, 14)
SPACING = (5.0, 3.0, 2.0)
Write = Callable[..., Path]


def write_labels(
    path: Path, *blocks: tuple[int, slice], spacing: tuple[float, ...] = SPACING, turned: bool = False
) -> Path:
    """Write a label map: each value fills some rows of slices 2 to 4, columns 3 to 8.

    Args:
        path: Its ending chooses the format.
        blocks: Values and rows.
        spacing: In mm, ``(z, y, x)``.
        turned: Whether rows and columns run the other way in the file; the labels lie at the same place.
    """
    labels = np.zeros(SHAPE, np.uint8)
    for value, rows in blocks:
        labels[1:4, rows, 3:9] = value
    image = SimpleITK.GetImageFromArray(labels[:, ::-1, ::-1] if turned else labels)
    image.SetSpacing(spacing[::-1])
    if turned:
        image.SetOrigin((SPACING[2] * 13, SPACING[1] * 11, 0))
        image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    path.parent.mkdir(exist_ok=True, parents=True)
    SimpleITK.WriteImage(image, str(path))
    return path
