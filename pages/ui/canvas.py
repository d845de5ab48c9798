"""The drawing canvas: a picture to draw boxes on, and the boxes as voxels."""

from collections.abc import Iterable, Mapping
from typing import Any

from streamlit_drawable_canvas import boxes_to_drawing, st_canvas

from core.imaging.label import Label
from core.imaging.picture import Pixels, jpeg
from core.segmentation.prompt import Box
from pages.ui.state import Drawn

SMALLEST = 2
_LINE = 2
_NUMBER_SIZE = 12


def draw_boxes(
    picture: Pixels,
    shape: tuple[int, int],
    start: Iterable[tuple[Drawn, Label]],
    pen: Label,
    next_number: int,
    key: str,
) -> tuple[Drawn, ...] | None:
    """Show a picture to draw boxes on.

    Args:
        picture: ``(h, w, 3)`` uint8 as large as on the screen.
        shape: ``(H, W)`` of the slice in voxels.
        start: The boxes on the slice when the canvas was mounted; must not change for a key.
        pen: The label of the next box.
        next_number: The number of the next box.
        key: One per slice visited; see `Case.remount`.

    Returns:
        What is on the canvas, clipped to the slice; boxes of under `SMALLEST` voxels a side are taken for
        slips of the hand and left out. None until the browser has answered.
    """
    height, width = picture.shape[:2]
    scale = height / shape[0], width / shape[1]
    result = st_canvas(
        background_image=jpeg(picture),
        height=height,
        width=width,
        drawing_mode="labeled_rect",
        stroke_width=_LINE,
        stroke_color=pen.css,
        fill_color="rgba(0, 0, 0, 0)",
        font_size=_NUMBER_SIZE,
        label=str(next_number),
        initial_drawing={"objects": [_object(drawn, label.css, scale) for drawn, label in start]},
        key=key,
    )
    boxes = result.boxes_in_image_space
    if boxes is None:
        return None
    return tuple(drawn for box in boxes if (drawn := _drawn(box, shape, scale)) is not None)


def _object(drawn: Drawn, colour: str, scale: tuple[float, float]) -> dict[str, Any]:
    box = drawn.box
    place = {
        "label": str(drawn.number),
        "left": box.x0 * scale[1],
        "top": box.y0 * scale[0],
        "width": box.width * scale[1],
        "height": box.height * scale[0],
    }
    (made,) = boxes_to_drawing([place], stroke_color=colour, stroke_width=_LINE)["objects"]
    return dict(made)


def _drawn(box: Mapping[str, Any], shape: tuple[int, int], scale: tuple[float, float]) -> Drawn | None:
    y0, y1 = (round((box["top"] + down) / scale[0]) for down in (0, box["height"]))
    x0, x1 = (round((box["left"] + across) / scale[1]) for across in (0, box["width"]))
    y0, x0, y1, x1 = max(y0, 0), max(x0, 0), min(y1, shape[0]), min(x1, shape[1])
    if y1 - y0 < SMALLEST or x1 - x0 < SMALLEST:
        return None
    number = str(box["label"])
    return Drawn(int(number) if number.isdecimal() else None, Box(y0, x0, y1, x1))
