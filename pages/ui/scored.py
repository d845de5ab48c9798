"""The parts of the Metrics page: which masks are compared, figures, curve over the slices, error map, lesions."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.imaging.picture import RGB, display_size, lettered, overlay, resize
from core.imaging.volume import TUMOUR, Mask, Volume
from core.imaging.window import PRESETS, slice_picture
from core.scoring.definitions import CARDS
from core.scoring.errormap import Outcome, outcomes
from core.scoring.lesions import Lesion
from core.scoring.scorecard import LabelScore, Scorecard

COLOURS: dict[int, RGB] = {
    Outcome.TRUE_POSITIVE: (64, 196, 128),
    Outcome.FALSE_POSITIVE: (255, 90, 90),
    Outcome.FALSE_NEGATIVE: (90, 150, 255),
}
HEIGHT = 460
HUMAN_DICE = (0.72, 0.80)
TILES = (
    ("dice", "iou", "precision", "recall", "specificity"),
    ("hd95_mm", "assd_mm", "nsd", "volume_difference_ml", "lesion_recall"),
)
READERS = (
    "For scale: two human readers of liver tumours agree with a Dice of about 0.72 to 0.80 "
    "(Chlebus 2018; EJNMMI Phys 2022). A figure far above that asks how the boxes were drawn."
)


@dataclass
class Scored:
    """A comparison on the screen.

    Attributes:
        title: What was compared with what.
        predicted: The mask that is judged.
        reference: What it is judged by, on the same grid.
        card: All figures.
        volume: The CT under both, if there is one.
        z: The slice of the error map, from 0.
    """

    title: str
    predicted: Mask
    reference: Mask
    card: Scorecard
    volume: Volume | None
    z: int


def tiles(scored: Scored, label: LabelScore) -> None:
    """Show the main figures; what each means stands behind its question mark."""
    for keys in TILES:
        for column, key in zip(st.columns(len(keys)), keys, strict=True):
            definition = CARDS[key]
            text = f"{definition.formula}\n\n{definition.convention}\n\n{definition.source}"
            column.metric(definition.name, _shown(scored, key, label.figures[key]), help=text, border=True)
    if label.value == TUMOUR:
        st.caption(READERS)


def _shown(scored: Scored, key: str, value: float) -> str:
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return f"none ({scored.card.diagonal_mm:.0f} mm)"
    unit = CARDS[key].unit
    shown = f"{value:.3f}" if not unit else f"{value:.2f} {unit}"
    return shown.replace("-", "−")


def slice_curve(scored: Scored, label: LabelScore) -> None:
    """Plot Dice over the slices; a click on a point shows that slice."""
    points = [(z + 1, counts.dice) for z, counts in enumerate(label.slices) if not math.isnan(counts.dice)]
    if not points:
        return
    at, dice = zip(*points, strict=True)
    line = go.Scatter(x=at, y=dice, mode="lines+markers", line_color="#2bb3a3", hovertemplate="slice %{x}: %{y:.3f}")
    figure = go.Figure(line)
    figure.update_layout(
        height=240,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="slice",
        yaxis_title="Dice",
        yaxis_range=[0, 1.03],
        dragmode=False,
    )
    if label.value == TUMOUR:
        figure.add_hrect(*HUMAN_DICE, fillcolor="#ffb454", opacity=0.15, line_width=0)
    chosen: Any = st.plotly_chart(figure, key=f"curve_{label.value}", on_select="rerun", selection_mode="points")
    st.caption("Click a point to see its slice." + (" The band: human readers." if label.value == TUMOUR else ""))
    if chosen and chosen["selection"]["points"]:
        scored.z = int(chosen["selection"]["points"][0]["x"]) - 1


def error_map(scored: Scored, label: LabelScore) -> None:
    """Show one slice with what was found, made up and missed."""
    mine, truth = scored.predicted.voxels[scored.z] == label.value, scored.reference.voxels[scored.z] == label.value
    size = display_size(scored.reference.grid, HEIGHT)
    if scored.volume is not None:
        grey = slice_picture(scored.volume, scored.z, PRESETS["Abdomen"])
    else:
        grey = np.zeros(mine.shape, dtype=np.uint8)
    found = resize(outcomes(mine, truth), size, smooth=False)
    st.image(lettered(overlay(resize(grey, size), found, COLOURS, opacity=0.4)))
    st.markdown(f"**Slice {scored.z + 1}** · :green[found] · :red[made up] · :blue[missed]")


def lesions(label: LabelScore) -> None:
    """List the lesions that were found, missed and made up."""
    table = label.lesions
    rows = [_row("found", match.reference, match.dice) for match in table.matches]
    rows += [_row("missed", lesion) for lesion in table.missed]
    rows += [_row("made up", lesion) for lesion in table.false]
    st.markdown(f"**Lesions**: {len(table.matches)} found, {len(table.missed)} missed, {len(table.false)} made up")
    if rows:
        st.dataframe(rows, hide_index=True, height=min(240, 38 + 35 * len(rows)))


def _row(what: str, lesion: Lesion, dice: float = math.nan) -> dict[str, Any]:
    return {
        "": what,
        "slice": round(lesion.centre[0]) + 1,
        "voxels": lesion.voxels,
        "ml": None if math.isnan(lesion.volume_ml) else round(lesion.volume_ml, 2),
        "Dice": None if math.isnan(dice) else round(dice, 3),
    }


def definitions() -> None:
    """Show what every figure means and where it comes from."""
    with st.expander("Definitions of all figures", icon=":material/menu_book:"):
        st.dataframe(
            [
                {
                    "figure": card.name,
                    "formula": card.formula,
                    "unit": card.unit,
                    "convention": card.convention,
                    "source": card.source,
                }
                for card in CARDS.values()
            ],
            hide_index=True,
        )
