"""The small picture of a case in the list: the slice that shows most of what was drawn, else the middle one."""

from pathlib import Path

import numpy as np

from core.editing.annotation import Annotation
from core.imaging.picture import display_size, jpeg, overlay, resize
from core.imaging.volume import Volume
from core.imaging.window import PRESETS, slice_picture
from core.segmentation.cachefolder import replacing

FILE = "thumbnail.jpg"
HEIGHT, WIDEST = 144, 256


def save_thumbnail(volume: Volume, annotation: Annotation, folder: Path) -> None:
    """Write the picture of a case.

    Raises:
        OSError: It could not be written.
    """
    z = _slice(annotation, volume.slices)
    tall, wide = display_size(volume.grid, HEIGHT)
    size = (tall, wide) if wide <= WIDEST else (max(1, round(tall * WIDEST / wide)), WIDEST)
    grey = resize(slice_picture(volume, z, PRESETS["Abdomen"]), size)
    labels = resize(annotation.label_slice(z), size, smooth=False)
    colours = {label.value: label.colour for label in annotation.labels}
    with replacing(folder / FILE) as file:
        file.write(jpeg(overlay(grey, labels, colours), 85))


def _slice(annotation: Annotation, slices: int) -> int:
    voxels = np.zeros(slices, dtype=np.int64)
    for outline in annotation.outlines:
        voxels[outline.z] += outline.voxels
    return int(voxels.argmax()) if voxels.any() else slices // 2
