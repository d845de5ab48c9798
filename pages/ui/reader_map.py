"""How far several readers of one CT agree and where they differ, as pictures, and what was compared to know it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.imaging.picture import RGB, Pixels, lettered, overlay
from core.imaging.volume import Volume
from core.imaging.window import PRESETS, slice_picture, whole_range
from core.reporting import wording
from core.scoring.framing import outlined, part_around, whole_slice
from core.scoring.gathering import Gathering
from core.scoring.panel import Panel
from pages.ui.words import many, t
from pages.ui.words.steps import known

AGREED: RGB = (90, 150, 225)
FEW, HALF = np.array([255.0, 214.0, 90.0]), np.array([235.0, 60.0, 60.0])
OUTLINE: RGB = (245, 245, 245)
_LONGEST = 16  # letters of a name
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


def matrix(found: Panel, readers: Sequence[str]) -> go.Figure:
    """Draw Dice of each reader with each as a coloured table with numbers."""
    names = [wording.plotted(_short(number, name)) for number, name in enumerate(readers, start=1)]
    dice = found.dice.copy()
    np.fill_diagonal(dice, np.nan)
    text = [
        [known(wording.number(by, "dice")) if i != j else "" for j, by in enumerate(line)]
        for i, line in enumerate(dice)
    ]
    hover = t("readers.hover", first="%{y}", second="%{x}", dice="%{text}")
    heat = go.Heatmap(
        z=dice, x=names, y=names, zmin=0, zmax=1, xgap=2, ygap=2,
        colorscale=[[0, "#4a2230"], [0.5, "#8a6a3a"], [0.75, "#3f7f6a"], [1, "#2bb3a3"]],
        text=text,
        texttemplate="%{text}", hovertemplate=f"{hover}<extra></extra>",
        hoverongaps=False, showscale=False, textfont={"size": 15},
    )  # fmt: skip
    figure = go.Figure(heat)
    figure.update_layout(
        height=70 + 34 * len(names),
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        dragmode=False,
        xaxis={"type": "category", "side": "top", "showgrid": False},  # “3. 10” would be taken for a number
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
    return figure


def _short(number: int, name: str) -> str:
    return f"{number}. {name}" if len(name) <= _LONGEST else f"{number}. {name[: _LONGEST - 1]}…"
