"""The drawing canvas: a picture to draw boxes on, and the boxes as voxels."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from streamlit_drawable_canvas import boxes_to_drawing, st_canvas

from core.imaging.picture import RGB, jpeg
from core.segmentation.prompt import Box

SMALLEST = 2


def draw_boxes(
    picture: npt.NDArray[np.uint8],
    shape: tuple[int, int],
    start: Iterable[tuple[int, Box]],
    colours: Mapping[int, RGB],
    label: int,
    key: str,
) -> tuple[Box, ...] | None:
    """Show a picture to draw boxes on.

    Args:
        picture: ``(h, w, 3)`` uint8 as large as on the screen.
        shape: ``(H, W)`` of the slice in voxels.
        start: Label and box of each object on the slice when the canvas was mounted; must not change for a key.
        colours: Colour of each label.
        label: The label that new boxes get.
        key: One per slice visited; see `Case.remount`.

    Returns:
        The boxes on the canvas in voxels, clipped to the slice; boxes of under `SMALLEST` voxels a side are
        taken for slips of the hand and left out. None until the browser has answered.
    """
    height, width = picture.shape[:2]
    scale_y, scale_x = height / shape[0], width / shape[1]
    result = st_canvas(
        background_image=jpeg(picture),
        height=height,
        width=width,
        drawing_mode="labeled_rect",
        stroke_width=2,
        stroke_color=css(colours[label]),
        fill_color="rgba(0, 0, 0, 0)",
        initial_drawing=_drawing(start, colours, scale_y, scale_x),
        key=key,
    )
    drawn = result.boxes_in_image_space
    if drawn is None:
        return None
    boxes = (_to_voxels(box, shape, scale_y, scale_x) for box in drawn)
    return tuple(box for box in boxes if box is not None)


def css(colour: RGB) -> str:
    """Return a colour as CSS."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _drawing(
    start: Iterable[tuple[int, Box]], colours: Mapping[int, RGB], scale_y: float, scale_x: float
) -> dict[str, Any]:
    objects = []
    for label, box in start:
        place = {
            "left": box.x0 * scale_x,
            "top": box.y0 * scale_y,
            "width": box.width * scale_x,
            "height": box.height * scale_y,
        }
        objects += boxes_to_drawing([place], stroke_color=css(colours[label]), stroke_width=2)["objects"]
    return {"objects": objects}


def _to_voxels(box: Mapping[str, float], shape: tuple[int, int], scale_y: float, scale_x: float) -> Box | None:
    y0, y1 = (round((box["top"] + d) / scale_y) for d in (0, box["height"]))
    x0, x1 = (round((box["left"] + d) / scale_x) for d in (0, box["width"]))
    y0, x0, y1, x1 = max(y0, 0), max(x0, 0), min(y1, shape[0]), min(x1, shape[1])
    if y1 - y0 < SMALLEST or x1 - x0 < SMALLEST:
        return None
    return Box(y0, x0, y1, x1)
