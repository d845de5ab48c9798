"""The slices that hold a label as pictures: the CT, the labels, and both together."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from core.imaging.picture import Pixels, overlay, png
from core.imaging.window import PRESETS, Window, slice_picture
from core.reporting.segmented import Segmented


def slice_name(z: int) -> str:
    """Return the name of the picture of a slice, counted from 1, so that names sort as slices do."""
    return f"slice{z + 1:04d}.png"


def slices_held(segmented: Segmented) -> list[int]:
    """Return the slices with a label, from 0, rising."""
    return [int(z) for z in np.flatnonzero(segmented.mask.voxels.any(axis=(1, 2)))]


def pictures(segmented: Segmented, window: Window = PRESETS["Abdomen"]) -> Iterator[tuple[str, bytes]]:
    """Yield name and PNG of three pictures per slice with a label, one pixel per voxel, left and right as on screen.

    ``ct/`` is grey as in the window, ``overlay/`` has the labels tinted and outlined. The pixels of ``mask/`` are the
    values of the labels themselves, with the colours of the labels as palette.

    Args:
        segmented: What is drawn.
        window: Of the greys; without Hounsfield units the whole range is shown.
    """
    colours = {label.value: label.colour for label in segmented.held}
    palette = np.zeros((256, 3), np.uint8)
    for value, colour in colours.items():
        palette[value] = colour
    voxels = segmented.mask.voxels.view(np.uint8)
    for z in slices_held(segmented):
        grey = slice_picture(segmented.volume, z, window)
        yield f"ct/{slice_name(z)}", png(grey)
        yield f"mask/{slice_name(z)}", _indexed(voxels[z], palette)
        yield f"overlay/{slice_name(z)}", png(overlay(grey, voxels[z], colours))


def _indexed(labels: Pixels, palette: Pixels) -> bytes:
    image = Image.fromarray(labels)
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
