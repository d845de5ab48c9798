"""Deleting cases on the Cases page: asked for once more, undone with a click, and a bin until it is emptied."""

from functools import partial

import streamlit as st

from core.workspace.caselist import CaseRow
from pages.ui import shelf
from pages.ui.card import plain
from pages.ui.holding import refusals
from pages.ui.state import AppState
from pages.ui.words import many, t
from pages.ui.words.steps import known


def confirm_delete(state: AppState, row: CaseRow) -> None:
    """Ask whether a case is to go."""
    st.dialog(t("casebin.confirm"))(_confirm)(state, row)


def _confirm(state: AppState, row: CaseRow) -> None:
    st.write(t("casebin.confirm_text", name=plain(known(row.name)), lesions=many("cases.lesions", row.lesions)))
    keep, delete = st.columns(2)
    if keep.button(t("casebin.keep"), type="primary", width="stretch", key="keep_case"):
        st.rerun()
    if delete.button(t("cases.delete"), width="stretch", key="delete_case", on_click=partial(_delete, state, row)):
        st.rerun()


def _delete(state: AppState, row: CaseRow) -> None:
    if row.key in state.cases:
        shelf.close_case(state, row.key)
    with refusals():
        shelf.give_way(state, row.key)
        state.deleted = (shelf.library().bin.discard(row.key), row.name)


def undo_delete(state: AppState) -> None:
    """Say what was deleted last, and offer to take it back."""
    if state.deleted is None:
        return
    name, said = state.deleted
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="deleted")
    row.success(t("casebin.deleted", name=plain(known(said))), icon=":material/delete:")
    row.button(t("casebin.undo"), key="undo_delete", icon=":material/undo:", on_click=_restore, args=(state, name))


def _restore(state: AppState, name: str) -> None:
    if state.deleted is not None and state.deleted[0] == name:
        state.deleted = None
    with refusals():
        shelf.library().bin.restore(name)


def bin_of(state: AppState) -> None:
    """Show what was deleted, to take it back or to delete it for good."""
    binned = shelf.library().bin.cases()
    if not binned:
        return
    with st.expander(many("casebin.title", len(binned)), icon=":material/delete:", key="bin"):
        for name, case in binned:
            row = st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"binned_{name}")
            row.markdown(f"{plain(known(case.name))} · {many('cases.lesions', case.lesions)}", width="stretch")
            row.button(t("casebin.restore"), key=f"restore_{name}", on_click=_restore, args=(state, name))
        with st.popover(t("casebin.empty"), icon=":material/delete_forever:"):
            st.write(many("casebin.empty_text", len(binned)))
            st.button(t("casebin.empty_now"), key="empty_bin", on_click=_empty, args=(state,))


def _empty(state: AppState) -> None:
    state.deleted = None
    shelf.library().bin.empty()
