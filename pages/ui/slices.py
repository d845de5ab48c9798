"""The slice on the screen: its slider and keys, its picture with masks, and the canvas over it."""

import numpy as np
import streamlit as st

from core.imaging.picture import Pixels, edges, overlay, resize
from core.imaging.window import slice_picture
from pages.ui.canvas import draw_boxes
from pages.ui.state import AppState, Case, Drawn, show_in, shown_in

REFERENCE_COLOUR = (255, 255, 255)


def heading(case: Case) -> str:
    """Say in a line what is on the screen."""
    window = str(case.window) if case.volume.has_hu else "whole range"
    return f"{case.volume.source.name} · slice {case.z + 1} of {case.volume.slices} · {window}"


def slice_bar(case: Case) -> None:
    """Choose the slice: by slider, by button or by the arrow and page keys."""
    last = case.volume.slices
    if last == 1:
        st.caption("One slice")
        return
    show_in("slice", case.z + 1)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("Down", key="slice_down", shortcut="Down", on_click=_step, args=(case, -1), disabled=case.z == 0)
        st.slider(f"Slice of {last}, from the feet up", 1, last, key="slice", on_change=_slide, args=(case,))
        st.button("Up", key="slice_up", shortcut="Up", on_click=_step, args=(case, 1), disabled=case.z == last - 1)


def _step(case: Case, step: int) -> None:
    case.go_to(case.z + step)


def _slide(case: Case) -> None:
    case.go_to(int(shown_in("slice")) - 1)


def canvas(state: AppState, case: Case) -> tuple[Drawn, ...] | None:
    """Show the slice with its masks and return the boxes drawn on it; None until the browser has answered."""
    shape, next_number = case.volume.grid.shape[1:], case.annotation.next_id
    return draw_boxes(painted(state, case), shape, case.boxes, case.pen, next_number, key=f"canvas_{case.mount}")


def painted(state: AppState, case: Case) -> Pixels:
    """Return the slice as on the screen, ``(h, w, 3)``: window, masks and the outline of the reference."""
    size = case.picture_size(state.height)
    colours = {label.value: label.colour for label in case.annotation.labels}
    grey = resize(slice_picture(case.volume, case.z, case.window), size)
    labels = resize(case.annotation.label_slice(case.z), size, smooth=False)
    picture = overlay(grey, labels, colours, state.opacity)
    if state.show_reference and case.reference is not None:
        truth = case.reference.voxels[case.z].astype(np.uint8)
        picture[edges(resize(truth, size, smooth=False))] = REFERENCE_COLOUR
    return picture
