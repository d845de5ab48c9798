"""The drawing canvas: a picture to draw boxes on, and the boxes as voxels."""

from collections.abc import Mapping
from typing import Any

from streamlit_drawable_canvas import CanvasResult, boxes_to_drawing, st_canvas

from core.imaging.label import Label
from core.imaging.picture import Pixels, jpeg
from core.segmentation.prompt import Box
from pages.ui.boxes import Drawn
from pages.ui.state import Case, value_of

SMALLEST = 2
_LINE = 2
_NUMBER_SIZE = 12


def draw_boxes(case: Case, picture: Pixels) -> None:
    """Show a picture ``(h, w, 3)``, as large as on the screen, to draw boxes on; `drawn_on` tells what is drawn."""
    case.canvas_size = picture.shape[:2]
    scale = _scale(case)
    st_canvas(
        background_image=jpeg(picture),
        height=picture.shape[0],
        width=picture.shape[1],
        drawing_mode="labeled_rect",
        stroke_width=_LINE,
        stroke_color=case.pen.css,
        fill_color="rgba(0, 0, 0, 0)",
        font_size=_NUMBER_SIZE,
        label=str(case.annotation.next_id),
        initial_drawing={"objects": [_object(number, box, label, scale) for number, box, label in case.boxes]},
        key=case.canvas_key,
    )


def drawn_on(case: Case) -> tuple[Drawn, ...] | None:
    """Return what the browser last said is drawn on the canvas of the case; None if it has said nothing."""
    said = value_of(case.canvas_key)
    drawing = said and said.get("drawing")
    return _read(drawing["raw"], case) if drawing else None


def _scale(case: Case) -> tuple[float, float]:
    """Return how many screen pixels a voxel is tall and wide."""
    _, rows, columns = case.volume.grid.shape
    return case.canvas_size[0] / rows, case.canvas_size[1] / columns


def _object(number: int, box: Box, label: Label, scale: tuple[float, float]) -> dict[str, Any]:
    place = {
        "label": str(number),
        "left": box.x0 * scale[1],
        "top": box.y0 * scale[0],
        "width": box.width * scale[1],
        "height": box.height * scale[0],
    }
    (made,) = boxes_to_drawing([place], stroke_color=label.css, stroke_width=_LINE)["objects"]
    return dict(made)


def _read(drawing: Mapping[str, Any] | None, case: Case) -> tuple[Drawn, ...]:
    if not drawing:
        return ()
    shapes = [shape for shape in drawing["objects"] if shape["type"] == "LabeledRect"]
    boxes = CanvasResult({"objects": shapes}, None, False).boxes
    return tuple(_drawn(box, str(shape["stroke"]), case) for box, shape in zip(boxes, shapes, strict=True))


def _drawn(place: Mapping[str, Any], colour: str, case: Case) -> Drawn:
    _, rows, columns = case.volume.grid.shape
    down, across = _scale(case)
    y0, y1 = (round((place["top"] + d) / down) for d in (0, place["height"]))
    x0, x1 = (round((place["left"] + d) / across) for d in (0, place["width"]))
    y0, x0, y1, x1 = max(y0, 0), max(x0, 0), min(y1, rows), min(x1, columns)
    box = Box(y0, x0, y1, x1) if y1 - y0 >= SMALLEST and x1 - x0 >= SMALLEST else None
    number = str(place["label"])
    return Drawn(int(number) if number.isdecimal() else None, box, colour)
