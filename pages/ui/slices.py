"""The slice on the screen: its picture with masks, and the canvas over it."""

import numpy as np

from core.imaging.picture import Pixels, edges, lettered, overlay, resize
from core.imaging.window import slice_picture
from pages.ui.canvas import draw_boxes
from pages.ui.state import AppState, Case
from pages.ui.words import t
from pages.ui.words.steps import known

REFERENCE_COLOUR = (80, 220, 255)


def heading(case: Case) -> str:
    """Say in a line what is on the screen."""
    window = str(case.window) if case.volume.has_hu else t("slices.whole_range")
    name = known(case.volume.source.name)
    return t("slices.heading", name=name, slice=case.z + 1, slices=case.volume.slices, window=window)


def canvas(state: AppState, case: Case) -> None:
    """Show the slice with its masks, to draw boxes on."""
    draw_boxes(case, painted(state, case))


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
