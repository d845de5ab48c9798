"""Pictures of one slice of a compared pair: its errors, its distances, and both outlines."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from core.imaging.picture import RGB, Pixels, lettered, overlay
from core.imaging.volume import Mask, Volume
from core.imaging.window import PRESETS, Window, slice_picture
from core.scoring.distancemap import SCALE, OutlineDistances, dotted
from core.scoring.errormap import COLOURS, outcomes
from core.scoring.framing import Frame, outlined
from pages.ui.painting import REFERENCE_COLOUR
from pages.ui.words import t

PREDICTION_COLOUR = (255, 180, 84)
_FAINT = 0.18


@dataclass(frozen=True, eq=False)
class Shown:
    """One label of a pair on one slice, as large as on the screen.

    Attributes:
        predicted: What is judged.
        reference: On the same grid.
        value: The label; None for all labels as one.
        volume: The CT underneath, or None for a black ground.
        frame: Which part of the slice.
        window: Of the CT.
    """

    predicted: Mask
    reference: Mask
    value: int | None
    volume: Volume | None
    frame: Frame
    window: Window = PRESETS["Abdomen"]

    def ground(self, z: int) -> Pixels:
        """Return the CT ``(h, w)``, or black."""
        if self.volume is None:
            return np.zeros(self.frame.size, np.uint8)
        return self.frame.cut(slice_picture(self.volume, z, self.window), smooth=True)

    def errors(self, z: int, opacity: float) -> Pixels:
        """Return the slice with what was found, made up and missed."""
        found = outcomes(self._marked(self.predicted, z), self._marked(self.reference, z))
        return lettered(overlay(self.ground(z), self.frame.cut(found), COLOURS, opacity))

    def distances(self, z: int, outline: OutlineDistances, limit_mm: float) -> Pixels:
        """Return the slice with the predicted outline in the colours of its distances, and the reference's, faint."""
        truth = self._on_screen(self.reference, z)
        plain = overlay(self.ground(z), truth, {1: REFERENCE_COLOUR}, opacity=_FAINT, outline=False)
        return lettered(dotted(plain, outline.on_slice(z), self.frame, limit_mm))

    def alone(self, z: int) -> Pixels:
        """Return the slice without any mask."""
        return lettered(np.repeat(self.ground(z)[:, :, None], 3, axis=2))

    def reference_outline(self, z: int) -> Pixels:
        """Return the slice with the outline of the reference."""
        return outlined(self.alone(z), self._on_screen(self.reference, z), REFERENCE_COLOUR)

    def predicted_outline(self, z: int) -> Pixels:
        """Return the slice with the outline of the prediction."""
        return outlined(self.alone(z), self._on_screen(self.predicted, z), PREDICTION_COLOUR)

    def both_outlines(self, z: int) -> Pixels:
        """Return the slice with both outlines, the prediction's on top."""
        return outlined(self.reference_outline(z), self._on_screen(self.predicted, z), PREDICTION_COLOUR, thick=1)

    def _on_screen(self, mask: Mask, z: int) -> Pixels:
        return self.frame.cut(self._marked(mask, z).view(np.uint8))

    def _marked(self, mask: Mask, z: int) -> npt.NDArray[np.bool_]:
        return np.asarray(mask.voxels[z] > 0 if self.value is None else mask.voxels[z] == self.value)


def legend(colours: Mapping[str, RGB]) -> str:
    """Return a line of HTML that says what each colour means."""
    items = (
        f'<span><i style="background: rgb{colour}"></i>{escape(words)}</span>' for words, colour in colours.items()
    )
    return f'<div class="legend">{"".join(items)}</div>'


def colour_bar(limit: float, unit: str) -> str:
    """Return HTML of the scale of distances: from too small over exact to too large."""
    stops = ", ".join(f"rgb{colour} {100 * stop:g}%" for stop, colour in SCALE)
    return (
        f'<div class="colour-bar"><b>{escape(t("pictures.too_small"))}</b><span>−{limit:g} {unit}</span>'
        f'<i style="background: linear-gradient(to right, {stops})"></i>'
        f"<span>+{limit:g} {unit}</span><b>{escape(t('pictures.too_large'))}</b></div>"
    )
