"""The key pictures of a case: the slice alone, and beside it the same with outlines and RECIST lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from core.imaging.picture import RGB, Pixels, jpeg, lettered, overlay
from core.imaging.window import PRESETS, Window, slice_picture
from core.reporting.diameter import Diameter, End
from core.reporting.quantify import Measured, Quantities, lesions_in
from core.reporting.segmented import Segmented
from core.scoring.framing import Frame, fullest_slice, outlined, part_around, whole_slice

WINDOW = PRESETS["Abdomen"]
MOST = 8  # lesions with pictures
_HEIGHT, _WIDEST = 360, 540
_OPACITY = 0.15
_LINE: RGB = (255, 255, 255)
_RIM: RGB = (0, 0, 0)
_QUALITY = 90


@dataclass(frozen=True)
class Shot:
    """Two pictures of one part of one slice.

    Attributes:
        z: The slice, from 0.
        before: JPEG of the image alone.
        after: JPEG with the outlines.
        lesion: What it is about; None for the slice that holds most of the outlines.
    """

    z: int
    before: bytes
    after: bytes
    lesion: Measured | None


def shots(segmented: Segmented, quantities: Quantities) -> tuple[Shot, ...]:
    """Draw the slice that holds most of the outlines, then the largest lesions, each where it is longest.

    Args:
        segmented: What is drawn.
        quantities: What was measured on it.
    """
    if not segmented.held:
        return ()
    whole = whole_slice(segmented.volume.grid, _HEIGHT, _WIDEST)
    largest = sorted(quantities.lesions, key=lambda lesion: -lesion.voxels)[:MOST]
    first = _shot(segmented, fullest_slice(segmented.mask), whole, None)
    return (first, *(shot_of(segmented, lesion) for lesion in largest))


def shot_of(segmented: Segmented, lesion: Measured) -> Shot:
    """Draw a lesion where it is longest, with both lines of its diameter; without a voxel size, its middle slice."""
    whole = whole_slice(segmented.volume.grid, _HEIGHT, _WIDEST)
    return _shot(segmented, slice_of(lesion), _frame(segmented, lesion, whole), lesion)


def slice_of(lesion: Measured) -> int:
    """Return the slice that shows a lesion best, from 0."""
    return lesion.diameter.z if lesion.diameter else round(lesion.middle[0])


def _frame(segmented: Segmented, lesion: Measured, whole: Frame) -> Frame:
    numbers, box = lesions_in(segmented.mask.voxels.view(np.uint8), lesion.label)
    at = np.nonzero(numbers == lesion.number)
    z, y, x = (slice(b.start + int(p.min()), b.start + int(p.max()) + 1) for b, p in zip(box, at, strict=True))
    return part_around((z, y, x), whole)


def _shot(segmented: Segmented, z: int, frame: Frame, lesion: Measured | None) -> Shot:
    grey = frame.cut(slice_picture(segmented.volume, z, window_of(segmented)), smooth=True)
    labels = frame.cut(segmented.mask.voxels[z].view(np.uint8))
    colours = {label.value: label.colour for label in segmented.held}
    drawn = overlay(grey, labels, colours, _OPACITY, outline=False)
    for value, colour in colours.items():
        drawn = outlined(drawn, (labels == value).astype(np.uint8), colour)
    if lesion and lesion.diameter:
        drawn = _ruled(drawn, frame, lesion.diameter)
    before = np.repeat(grey[:, :, None], 3, axis=2)
    return Shot(z, jpeg(lettered(before), _QUALITY), jpeg(lettered(drawn), _QUALITY), lesion)


def window_of(segmented: Segmented) -> Window | None:
    """Return the window of the pictures; None where the values are no Hounsfield units."""
    return WINDOW if segmented.volume.has_hu else None


def _ruled(picture: Pixels, frame: Frame, diameter: Diameter) -> Pixels:
    """Draw both lines of a diameter, each with a dark rim."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    lines = [_on_screen(frame, ends) for ends in (diameter.longest, diameter.across)]
    for colour, width in ((_RIM, 4), (_LINE, 2)):
        for line in lines:
            pen.line(line, fill=colour, width=width)
    return np.asarray(image)


def _on_screen(frame: Frame, ends: Sequence[End]) -> list[float]:
    """Return ends ``(y, x)`` in pixels of the slice as x, y, x, y in pixels of the picture."""
    start = np.array([frame.rows.start, frame.columns.start])
    count = np.array([frame.rows.stop, frame.columns.stop]) - start
    places: npt.NDArray[np.float64] = (np.array(ends) - start + 0.5) * np.array(frame.size) / count
    flat: list[float] = places[:, ::-1].ravel().tolist()
    return flat
