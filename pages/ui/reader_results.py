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
from pages.ui.state import show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known, title

SHARES = ("dice_majority", "dice_staple", "sensitivity", "specificity")


@st.fragment
def results(compared: Compared) -> None:
    """Show everything for one label at a time."""
    gathering = compared.gathering
    if not gathering.labels:
        st.info(t("readers.no_label"))
        return
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    key = in_words(f"reader_label_{'_'.join(map(str, gathering.labels))}")
    value = compared.label
    show_in(key, value)
    row.segmented_control(
        t("readers.label"),
        list(gathering.labels),
        format_func={each: plain(title(name)) for each, name in gathering.labels.items()}.__getitem__,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=_take_label,
        args=(compared, key),
    )
    _downloads(row, compared)
    found = compared.panels[value]
    _tiles(found)
    if is_tumour(gathering.labels[value]):
        st.caption(known(HUMAN_WORDS))
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _matrix(found, gathering)
        _table(found, gathering)
    with right:
        _map(compared, found, value)


def _take_label(compared: Compared, key: str) -> None:
    compared.label = shown_in(key)


def _downloads(place: Any, compared: Compared) -> None:
    with place.popover(t("readers.consensus"), icon=":material/download:"):
        st.caption(t("readers.consensus_text"))
        for words, by_staple in ((t("readers.by_majority"), False), (t("readers.by_staple"), True)):
            st.download_button(
                words,
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
        (t("readers.mean_dice"), _share(found.mean_dice), t("readers.mean_dice_help")),
        (t("readers.majority"), _ml(found.volume_ml(found.majority)), t("readers.majority_help")),
        ("STAPLE", _ml(found.volume_ml(found.staple.consensus)), t("readers.staple_help")),
        (t("readers.disputed"), _ml(found.disputed_ml), t("readers.disputed_help")),
    )
    with st.container(key="tiles"):
        for column, (words, value, text) in zip(st.columns(4), tiles, strict=True):
            column.metric(words, value, help=text)


def _matrix(found: Panel, gathering: Gathering) -> None:
    st.markdown(f"**{t('readers.matrix')}**")
    st.plotly_chart(matrix(found, gathering.names), key="reader_matrix", config={"displayModeBar": False})


def _table(found: Panel, gathering: Gathering) -> None:
    shares = [t(f"readers.column.{column}") for column in SHARES]
    lines = [
        {
            t("readers.column.reader"): f"{number}. {name}",
            "ml": _known(found.volumes_ml[number - 1]),
            shares[0]: _known(found.dice_majority[number - 1]),
            shares[1]: _known(found.dice_staple[number - 1]),
            shares[2]: _known(found.staple.sensitivity[number - 1]),
            shares[3]: _known(found.staple.specificity[number - 1]),
        }
        for number, name in enumerate(gathering.names, start=1)
    ]
    number = st.column_config.NumberColumn
    st.markdown(f"**{t('readers.each')}**")
    st.dataframe(
        lines,
        hide_index=True,
        key="reader_table",
        height=38 + 35 * len(lines),
        column_config={"ml": number(format="%.2f")} | {name: number(format="%.3f") for name in shares},
    )
    st.caption(t("readers.each_text"))


@st.fragment
def _map(compared: Compared, found: Panel, value: int) -> None:
    """Show where they differ, slice by slice."""
    slices = found.grid.shape[0]
    z = found.most_disputed
    st.markdown(f"**{t('readers.where')}**")
    if slices > 1:
        words = t("readers.slice", slices=slices)
        z = st.slider(words, 1, slices, z + 1, key=f"reader_slice_{value}", label_visibility="collapsed") - 1
    st.image(disagreement_picture(compared, found, z), width="content")
    st.html(legend(legend_colours(len(found.dice))))
    st.caption(t("readers.slice_text", slice=z + 1, slices=slices))


def _share(value: float) -> str:
    return known("undefined") if math.isnan(value) else f"{value:.3f}"


def _ml(value: float) -> str:
    return t("readers.no_size") if math.isnan(value) else f"{value:.2f} ml"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
