"""How far several readers agree: each with each, each with all, and where on the slices they do not."""

import math
from functools import partial
from typing import Any

import streamlit as st

from core.scoring.definitions import HUMAN_WORDS
from core.scoring.gathering import Gathering
from core.scoring.panel import Panel, consensus
from pages.ui.card import plain
from pages.ui.matching_values import is_tumour
from pages.ui.pictures import legend
from pages.ui.reader_map import Compared, disagreement_picture, legend_colours, matrix


@st.fragment
def results(compared: Compared) -> None:
    """Show everything for one label at a time."""
    gathering = compared.gathering
    if not gathering.labels:
        st.info("None of the files holds a label: there is nothing to compare.")
        return
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    value = row.segmented_control(
        "Label",
        list(gathering.labels),
        default=next((each for each, name in gathering.labels.items() if is_tumour(name)), max(gathering.labels)),
        format_func=lambda each: plain(gathering.labels[each][:1].upper() + gathering.labels[each][1:]),
        key=f"reader_label_{'_'.join(map(str, gathering.labels))}",
        required=True,
        label_visibility="collapsed",
    )
    _downloads(row, compared)
    found = compared.panels[int(value)]
    _tiles(found)
    if is_tumour(gathering.labels[int(value)]):
        st.caption(HUMAN_WORDS)
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _matrix(found, gathering)
        _table(found, gathering)
    with right:
        _map(compared, found, int(value))


def _downloads(place: Any, compared: Compared) -> None:
    with place.popover("Download the consensus", icon=":material/download:"):
        st.caption("All labels as NIfTI, on the grid of the first reader's file.")
        for title, by_staple in (("By majority", False), ("By STAPLE", True)):
            st.download_button(
                title,
                partial(_consensus, compared, by_staple),
                f"lobule-consensus-{'staple' if by_staple else 'majority'}.nii.gz",
                key=f"consensus_{'staple' if by_staple else 'majority'}",
                on_click="ignore",
                width="stretch",
            )


def _consensus(compared: Compared, by_staple: bool) -> bytes:
    return compared.gathering.file(consensus(compared.panels, by_staple))


def _tiles(found: Panel) -> None:
    tiles = (
        ("Mean Dice of all pairs", _share(found.mean_dice), "Each reader with each other, every pair counts once."),
        ("Majority", _ml(found.volume_ml(found.majority)), "What more than half of the readers marked."),
        (
            "STAPLE", _ml(found.volume_ml(found.staple.consensus)),
            "What most likely belongs, if readers who agree with the others count more (Warfield 2004). Worked out in "
            "the box around all marks and 10 mm more.",
        ),
        ("Disputed", _ml(found.disputed_ml), "Marked by some and not by all."),
    )  # fmt: skip
    with st.container(key="tiles"):
        for column, (title, value, text) in zip(st.columns(4), tiles, strict=True):
            column.metric(title, value, help=text)


def _matrix(found: Panel, gathering: Gathering) -> None:
    st.markdown("**Dice of each reader with each other**")
    st.plotly_chart(matrix(found, gathering.names), key="reader_matrix", config={"displayModeBar": False})


def _table(found: Panel, gathering: Gathering) -> None:
    lines = [
        {
            "reader": f"{number}. {name}",
            "ml": _known(found.volumes_ml[number - 1]),
            "Dice, majority": _known(found.dice_majority[number - 1]),
            "Dice, STAPLE": _known(found.dice_staple[number - 1]),
            "sensitivity": _known(found.staple.sensitivity[number - 1]),
            "specificity": _known(found.staple.specificity[number - 1]),
        }
        for number, name in enumerate(gathering.names, start=1)
    ]
    shares = ("Dice, majority", "Dice, STAPLE", "sensitivity", "specificity")
    number = st.column_config.NumberColumn
    st.markdown("**Each reader with the consensus**")
    st.dataframe(
        lines,
        hide_index=True,
        key="reader_table",
        height=38 + 35 * len(lines),
        column_config={"ml": number(format="%.2f")} | {name: number(format="%.3f") for name in shares},
    )
    st.caption("Sensitivity and specificity are those that STAPLE gives each reader, in the box around all marks.")


@st.fragment
def _map(compared: Compared, found: Panel, value: int) -> None:
    """Show where they differ, slice by slice."""
    slices = found.grid.shape[0]
    z = found.most_disputed
    st.markdown("**Where they differ**")
    if slices > 1:
        title = f"Slice, 1 to {slices}"
        z = st.slider(title, 1, slices, z + 1, key=f"reader_slice_{value}", label_visibility="collapsed") - 1
    st.image(disagreement_picture(compared, found, z), width="content")
    st.html(legend(legend_colours(len(found.dice))))
    st.caption(f"Slice {z + 1} of {slices}. The first shown is the one with most disputed voxels.")


def _share(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.3f}"


def _ml(value: float) -> str:
    return "size unknown" if math.isnan(value) else f"{value:.2f} ml"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
