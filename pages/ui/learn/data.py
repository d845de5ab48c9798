"""Training data on the Learn page: which folder, and what a look into it gave."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import LobuleError
from core.imaging.volume import LIVER, TUMOUR
from core.learning.pairing import find_pairs
from core.learning.survey import COLOURS, CaseSeen, look_at
from pages.ui.card import plain
from pages.ui.learn.state import Chosen
from pages.ui.pictures import legend
from pages.ui.state import carrying, show_in, shown_in
from pages.ui.words import many, t
from pages.ui.working import Working, watch

_PICTURES = 4
_LAYOUT = "images/ct1.nii.gz + labels/ct1.nii.gz"


def choose_data(data: Chosen, key: str) -> None:
    """Let the reader name a folder, say how it is to be read, and look into it.

    Args:
        data: What is chosen.
        key: Begins the keys of the widgets.
    """
    _finish(data)
    name, more, look = st.columns([5, 1.4, 1.4], vertical_alignment="bottom", gap="small")
    with name:
        _text(data, "folder", key)
    with more.popover(t("learn.data.more"), icon=":material/tune:", width="stretch"):
        _details(data, key)
    look.button(
        t("learn.data.look"),
        key=f"{key}_look",
        icon=":material/search:",
        disabled=not data.folder.strip() or data.work is not None,
        on_click=_look,
        args=(data,),
        width="stretch",
    )
    if data.trouble:
        st.error(plain(data.trouble), icon=":material/error:")
    if data.work is not None:
        watch(data.work, "case")
    elif data.looks:
        if data.looked != data.told:
            st.caption(f":material/info: {t('learn.data.changed')}")
        _summary(data)
    elif not data.trouble:
        st.caption(t("learn.data.hint", layout=_LAYOUT))


def _text(data: Chosen, field: str, key: str) -> None:
    own = f"{key}_{field}"
    show_in(own, getattr(data, field))
    st.text_input(
        t("learn.data.folder"),
        key=own,
        placeholder=t("worklist.hint"),
        help=t("learn.data.folder_help"),
        on_change=partial(_take, data, field, own),
    )


def _details(data: Chosen, key: str) -> None:
    """Let the reader say in which window the data are looked at, and what the values in the masks mean."""
    st.caption(t("learn.data.window_help"))
    left, right = st.columns(2)
    with left:
        _number(data, "level_hu", t("learn.data.level"), key, (-1000, 3000))
        _number(data, "liver", t("learn.data.liver"), key, (0, 255))
    with right:
        _number(data, "width_hu", t("learn.data.width"), key, (1, 4000))
        _number(data, "tumour", t("learn.data.tumour"), key, (0, 255))
    st.caption(t("learn.data.values_help"))


def _number(data: Chosen, field: str, title: str, key: str, span: tuple[int, int]) -> None:
    own = f"{key}_{field}"
    how = carrying(own, getattr(data, field))
    st.number_input(title, *span, step=1, **how, on_change=partial(_take, data, field, own))


def _take(data: Chosen, field: str, key: str) -> None:
    setattr(data, field, shown_in(key) if field != "folder" else shown_in(key).strip())


def _look(data: Chosen) -> None:
    """Look into the folder in a thread of its own."""
    data.trouble, data.looks = "", ()
    try:
        pairs = find_pairs(Path(data.folder).expanduser())
    except LobuleError as error:
        data.trouble = str(error)
        return
    data.looked, data.alone = data.told, pairs.alone
    data.work = Working(partial(look_at, pairs, data.window, data.values), tuple(pairs.stacks))


def _finish(data: Chosen) -> None:
    if data.work is not None and data.work.has_ended:
        data.looks, data.trouble, data.work = data.work.made, data.work.trouble, None


def _summary(data: Chosen) -> None:
    """Show how much there is, what is left out and why, and a few pictures."""
    seen = [look.seen for look in data.looks if look.seen]
    figures = {
        "learn.data.patients": len({case.patient for case in seen}),
        "learn.data.ill": len({case.patient for case in seen if case.tumour_slices}),
        "learn.data.slices": sum(case.shape[0] for case in seen),
        "learn.data.tumour_slices": sum(case.tumour_slices for case in seen),
    }
    with st.container(key="tiles"):
        for column, (words, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
            column.metric(t(words), f"{value:,}")
    _pictures(seen)
    _problems(data, len(seen))


def _pictures(seen: list[CaseSeen]) -> None:
    shown = sorted(seen, key=lambda case: case.tumour_slices == 0)[:_PICTURES]
    if not shown:
        return
    for column, case in zip(st.columns(_PICTURES), shown, strict=False):
        column.image(case.jpeg, width="stretch")
        column.caption(f"{plain(case.name)} · {many('learn.data.tumour_on', case.tumour_slices)}")
    colours: dict[str, Any] = {t("learn.liver"): COLOURS[LIVER], t("learn.tumour"): COLOURS[TUMOUR]}
    st.html(legend(colours))


def _problems(data: Chosen, cases: int) -> None:
    told = [problem for look in data.looks for problem in look.problems]
    told += [t("learn.data.alone", name=name) for name in data.alone]
    if not cases:
        st.error(t("learn.data.nothing"), icon=":material/error:")
    if told:
        with st.expander(many("learn.data.problems", len(told)), icon=":material/warning:", expanded=not cases):
            st.dataframe({t("learn.data.why"): told}, hide_index=True, height=38 + 35 * min(len(told), 6))
