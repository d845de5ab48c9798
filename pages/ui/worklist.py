"""A work-list on the Cases page: the CTs of a folder of this computer, in their order, one after another."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.errors import LobuleError
from core.workspace.caselist import Work, worklist
from pages.ui import shelf
from pages.ui.card import plain
from pages.ui.caselist import figures, status_words
from pages.ui.here import is_here
from pages.ui.state import AppState, value_of
from pages.ui.words import many, t


def work_list(state: AppState) -> None:
    """Let the reader name a folder, and open its CTs.

    A server that others can reach does not show its folders.
    """
    if not is_here():
        st.caption(t("worklist.only_here"))
        return
    st.text_input(t("worklist.folder"), key="work_folder", help=t("worklist.help"), placeholder=t("worklist.hint"))
    typed = (value_of("work_folder") or "").strip()
    if not typed:
        st.caption(t("worklist.none"))
        return
    try:
        work = worklist(Path(typed).expanduser(), shelf.library().cases())
    except LobuleError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    done = sum(each.row is not None and each.row.status in ("done", "reviewed") for each in work)
    st.progress(done / len(work), many("worklist.done", len(work), done=done))
    for number, each in enumerate(work):
        with st.container(border=True, key=f"work_{number}"):
            _work(state, work, number, each)


def _work(state: AppState, work: Sequence[Work], number: int, each: Work) -> None:
    name, facts, act = st.columns([3, 3, 1], vertical_alignment="center")
    name.markdown(f"**{plain(each.name)}**")
    facts.caption(f"{status_words(each.row.status)} · {figures(each.row)}" if each.row else t("worklist.never"))
    if act.button(t("cases.open"), key=f"open_work_{number}", icon=":material/draw:"):
        shelf.line_up(state, [_place(one) for one in work])
        try:
            with st.spinner(t("cases.opening")):
                shelf.open_next(state, _place(each))
        except LobuleError as error:
            st.toast(plain(str(error)), icon=":material/error:", duration="long")
            return
        st.switch_page("annotate.py")


def _place(work: Work) -> str | Path:
    """Return by what a CT is opened: its case if that can be, else its file."""
    return work.row.key if work.row is not None and work.row.has_volume else work.path
