"""Pictures for the screen: a grey slice with outlined, tinted masks, as PNG or JPEG."""

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from core.imaging.grid import Grid

RGB = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]
HEAT: tuple[tuple[float, RGB], ...] = (
    (0.0, (40, 10, 80)),
    (0.35, (150, 40, 110)),
    (0.65, (235, 100, 50)),
    (1.0, (255, 235, 120)),
)
"""Colours of heat by share, each lighter than the one before, so that they read without colours too."""
_LETTER: RGB = (240, 240, 240)
_LETTER_RIM: RGB = (0, 0, 0)
_RIM, _GAP = 2, 2
_LEAST_LETTERED = 80


def overlay(
    grey: Pixels, labels: Pixels, colours: Mapping[int, RGB], opacity: float = 0.35, outline: bool = True
) -> Pixels:
    """Tint the labelled pixels of a slice and draw round them.

    The outline is the outermost pixel of each label, so it never covers a neighbour; 3 ms at 512².

    Args:
        grey: ``(H, W)`` uint8.
        labels: ``(H, W)`` uint8; a label without a colour is not drawn.
        colours: Label value to red, green, blue, each 0–255.
        opacity: Of the tint, from 0 (outline only) to 1 (the CT is hidden).
        outline: Whether to draw the edge in full colour.

    Returns:
        ``(H, W, 3)`` uint8.

    Raises:
        ValueError: The arrays differ in shape or the opacity is out of range.
    """
    if grey.shape != labels.shape or grey.ndim != 2:
        raise ValueError(f"grey {grey.shape} and labels {labels.shape} must be one (H, W)")
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must lie in [0, 1], got {opacity}")
    painted = np.repeat(grey[:, :, None], 3, axis=2)
    edge = edges(labels) if outline else np.zeros(labels.shape, dtype=bool)
    levels = np.arange(256, dtype=np.float32)[:, None]
    for value, colour in colours.items():
        here = labels == value
        tint = np.rint(levels * (1 - opacity) + np.asarray(colour, dtype=np.float32) * opacity).astype(np.uint8)
        painted[here] = tint[grey[here]]
        painted[here & edge] = colour
    return painted


def heated(grey: Pixels, share: npt.NDArray[np.float32]) -> Pixels:
    """Lay heat over a grey picture: the more, the brighter, and the less of the grey shows through.

    Args:
        grey: ``(H, W)`` uint8.
        share: ``(H, W)`` from 0 (the grey alone) to 1.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    stops = [stop for stop, _ in HEAT]
    colour = np.stack([np.interp(share, stops, [c[k] for _, c in HEAT]) for k in range(3)], axis=-1)
    return _blended(grey, colour, np.minimum(2.5 * share, 0.8)[..., None])


def tinted(grey: Pixels, colours: Pixels, opacity: float = 0.7) -> Pixels:
    """Lay a colour picture ``(H, W, 3)`` over a grey one ``(H, W)``."""
    return _blended(grey, colours.astype(np.float64), opacity)


def _blended(grey: Pixels, colour: npt.NDArray[np.float64], opacity: float | npt.NDArray[np.floating]) -> Pixels:
    return np.asarray(np.rint(grey[..., None] * (1 - opacity) + colour * opacity), np.uint8)


def edges(labels: Pixels) -> npt.NDArray[np.bool_]:
    """Return the labelled pixels with a 4-neighbour of another label; the rim of the picture is not an edge."""
    edge = np.zeros(labels.shape, dtype=bool)
    down = labels[1:] != labels[:-1]
    across = labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    return edge & (labels > 0)


def display_size(grid: Grid, height: int) -> tuple[int, int]:
    """Return ``(h, w)`` in screen pixels of an axial slice shown ``height`` tall with its true proportions."""
    _, rows, columns = grid.shape
    _, row_mm, column_mm = grid.spacing
    return height, max(1, round(height * (columns * column_mm) / (rows * row_mm)))


def resize(picture: Pixels, size: tuple[int, int], smooth: bool = True) -> Pixels:
    """Return a picture ``(H, W)`` or ``(H, W, 3)`` stretched to ``(h, w)``.

    Args:
        picture: Grey or colour.
        size: Rows and columns wanted.
        smooth: Bilinear, for greys; without it the nearest pixel, for labels.
    """
    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), how))


def boxed(grey: Pixels, box: tuple[float, float, float, float] | None, colour: RGB = (255, 180, 84)) -> Pixels:
    """Return a grey picture ``(H, W)`` in colour with a box ``(y0, x0, y1, x1)`` drawn on it, if there is one."""
    image = Image.fromarray(grey).convert("RGB")
    if box is not None:
        y0, x0, y1, x1 = box
        ImageDraw.Draw(image).rectangle((x0, y0, x1, y1), outline=colour)
    return np.asarray(image)


def lettered(picture: Pixels) -> Pixels:
    """Return a colour picture with the patient's right, left, front and back written at the middles of its edges.

    The letters R, L, A and P are those of an axial slice in L-P-S order. They stay within the outermost 24 pixels.

    Args:
        picture: ``(H, W, 3)`` uint8; smaller than 80 pixels either way it is left alone.

    Raises:
        ValueError: The picture has no colours.
    """
    if picture.ndim != 3:
        raise ValueError(f"picture must be (H, W, 3), got {picture.shape}")
    height, width = picture.shape[:2]
    if min(height, width) < _LEAST_LETTERED:
        return picture
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(min(18, max(14, min(height, width) / 36)))
    for letter, down, across in (("R", 0.5, 0), ("L", 0.5, 1), ("A", 0, 0.5), ("P", 1, 0.5)):
        left, top, right, bottom = draw.textbbox((0, 0), letter, font=font, stroke_width=_RIM)
        x = _GAP + across * (width - 2 * _GAP - (right - left)) - left
        y = _GAP + down * (height - 2 * _GAP - (bottom - top)) - top
        draw.text((round(x), round(y)), letter, _LETTER, font, stroke_width=_RIM, stroke_fill=_LETTER_RIM)
    return np.asarray(image)


def jpeg(picture: Pixels, quality: int = 95) -> bytes:
    """Encode a grey or colour picture as JPEG, without colour subsampling so that outlines stay crisp."""
    return _encoded(picture, "JPEG", quality=quality, subsampling=0)


def png(picture: Pixels) -> bytes:
    """Encode a grey or colour picture as PNG, without loss."""
    return _encoded(picture, "PNG", compress_level=3)


def _encoded(picture: Pixels, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()
