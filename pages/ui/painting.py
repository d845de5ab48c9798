"""A slice as a picture: grey values, masks, the outline of the reference, and letters for the sides."""

import numpy as np

from core.imaging.picture import Pixels, edges, lettered, overlay, resize
from core.imaging.window import slice_picture
from pages.ui.state import AppState, Case

REFERENCE_COLOUR = (80, 220, 255)


def painted(state: AppState, case: Case, z: int | None = None) -> Pixels:
    """Return a slice as on the screen, ``(h, w, 3)``: window, masks, the outline of the reference, R and L.

    Args:
        state: Of the session: how it likes to look.
        case: What is shown.
        z: The slice, from 0; by default the one on the screen.
    """
    z = case.z if z is None else z
    size = state.picture_size(case)
    colours = {label.value: label.colour for label in case.annotation.labels}
    grey = resize(slice_picture(case.volume, z, case.window), size)
    labels = resize(case.annotation.label_slice(z), size, smooth=False)
    picture = overlay(grey, labels, colours, state.opacity)
    if state.show_reference and case.reference is not None:
        truth = case.reference.voxels[z].astype(np.uint8)
        picture[edges(resize(truth, size, smooth=False))] = REFERENCE_COLOUR
    return lettered(picture)
