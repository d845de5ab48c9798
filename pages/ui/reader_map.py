"""Where several readers of one CT differ, as a picture of a slice, and what was compared to know it."""

from dataclasses import dataclass

import numpy as np

from core.imaging.picture import RGB, Pixels, lettered, overlay
from core.imaging.volume import Volume
from core.imaging.window import PRESETS, slice_picture, whole_range
from core.scoring.framing import outlined, part_around, whole_slice
from core.scoring.gathering import Gathering
from core.scoring.panel import Panel
from pages.ui.words import many, t

AGREED: RGB = (90, 150, 225)
FEW, HALF = np.array([255.0, 214.0, 90.0]), np.array([235.0, 60.0, 60.0])
OUTLINE: RGB = (245, 245, 245)
_HEIGHT, _WIDEST, _OPACITY = 400, 520, 0.55


@dataclass(eq=False)
class Compared:
    """Readers who were compared.

    Attributes:
        gathering: Who drew what.
        panels: By label.
        volume: The CT under them, or None.
        problems: Sentences on what was left out.
        label: Value of the label looked at.
    """

    gathering: Gathering
    panels: dict[int, Panel]
    volume: Volume | None
    problems: tuple[str, ...]
    label: int = 0


def disagreement_picture(compared: Compared, found: Panel, z: int) -> Pixels:
    """Return a slice in the colours of the legend, ``(h, w, 3)``, over the CT or black; white: the majority."""
    frame = part_around(found.marked, whole_slice(found.grid, _HEIGHT, _WIDEST))
    everyone, volume = len(found.dice), compared.volume
    parties = np.where(found.votes == 0, 0, found.differing + 1).astype(np.uint8)  # 1: all agree
    grey = np.zeros(found.grid.shape[1:], np.uint8)
    if volume is not None:
        grey = slice_picture(volume, z, PRESETS["Abdomen"] if volume.has_hu else whole_range(volume))
    colours = {1: AGREED} | {count + 1: party_colour(count, everyone) for count in range(1, everyone // 2 + 1)}
    drawn = frame.cut(found.on_slice(parties, z))
    opacity = _OPACITY if volume is not None else 1.0
    picture = overlay(frame.cut(grey, smooth=True), drawn, colours, opacity, outline=False)
    return lettered(outlined(picture, frame.cut(found.on_slice(found.majority.astype(np.uint8), z)), OUTLINE))


def party_colour(count: int, everyone: int) -> RGB:
    """Return the colour of voxels on which so many readers differ from the rest: yellow for few, red for half."""
    most = everyone // 2
    share = (count - 1) / (most - 1) if most > 1 else 1.0
    red, green, blue = np.rint(FEW + share * (HALF - FEW)).astype(int).tolist()
    return red, green, blue


def legend_colours(everyone: int) -> dict[str, RGB]:
    """Return what the legend says."""
    named = {t("readers.all_agree"): AGREED}
    for count in range(1, everyone // 2 + 1):
        words = many("readers.differ", count, everyone=everyone)
        named[t("readers.halves") if 2 * count == everyone else words] = party_colour(count, everyone)
    return named | {t("readers.outline"): OUTLINE}
