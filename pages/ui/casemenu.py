"""What belongs to the whole case on the screen: the next one, its status, what it cost and what would leave."""

from pathlib import Path

import streamlit as st

from core.errors import LobuleError
from core.workspace.caselist import Status
from core.workspace.kept import KeptCase
from core.workspace.ledger import ledger
from core.workspace.privacy import leaving
from pages.ui import shelf
from pages.ui.card import plain
from pages.ui.caselist import initials, status_words
from pages.ui.exporting import LEDGER, RECORD, link
from pages.ui.holding import refusals
from pages.ui.readermasks import reader_masks
from pages.ui.state import AppState, Case, carrying, shown_in
from pages.ui.words import in_words, many, t
from pages.ui.words.steps import known


def neighbours(state: AppState) -> None:
    """Offer the previous and the next case of the line, also by keys."""
    before, after = shelf.beside(state, -1), shelf.beside(state, 1)
    if before is None and after is None:
        return
    previous = st.button(
        "",
        icon=":material/navigate_before:",
        key="previous_case",
        help=t("casemenu.previous"),
        shortcut="Alt+PageUp",
        disabled=before is None,
    )
    following = st.button(
        "",
        icon=":material/navigate_next:",
        key="next_case",
        help=t("casemenu.next"),
        shortcut="Alt+PageDown",
        disabled=after is None,
    )
    to = before if previous else after if following else None
    if to is not None:
        _go(state, to)


def _go(state: AppState, to: str | Path) -> None:
    try:
        with st.spinner(t("cases.opening")):
            shelf.open_next(state, to)
    except LobuleError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return
    st.rerun()


def case_menu(state: AppState, case: Case) -> None:
    """Offer the status, the reader's initials, and the record of a case that is kept."""
    kept = case.kept
    if kept is None:
        return
    with st.popover(t("casemenu.title"), icon=":material/folder_managed:", width="content"):
        key, words = in_words("case_is"), {status: status_words(status) for status in Status}
        st.segmented_control(
            t("cases.status"),
            list(words),
            format_func=words.__getitem__,
            **carrying(key, _status(kept), by="default"),
            required=True,
            on_change=_take_status,
            args=(kept.key, key),
        )
        initials(state)
        if st.button(t("casemenu.cost"), key="cost", icon=":material/timer:", width="stretch"):
            st.dialog(t("casemenu.cost"), width="large")(_cost)(state, case, kept)
        if st.button(t("casemenu.leaving"), key="leaving", icon=":material/privacy_tip:", width="stretch"):
            st.dialog(t("casemenu.leaving"), width="large")(leaving_list)(kept)
        if st.button(t("casemenu.readers"), key="reader_masks", icon=":material/group_add:", width="stretch"):
            st.dialog(t("casemenu.readers"))(reader_masks)(state, case, kept)


def _status(kept: KeptCase) -> Status:
    noted = kept.facts().get("status")
    return Status(noted) if noted else Status.IN_WORK if kept.seq else Status.NEW


def _take_status(key: str, picker: str) -> None:
    with refusals():
        shelf.library().mark(key, shown_in(picker))


def _cost(state: AppState, case: Case, kept: KeptCase) -> None:
    """Show seconds, prompts and edits of every lesion, and offer the record of all actions."""
    with case.turn:
        told = ledger(kept)
    st.caption(many("casemenu.actions", told.actions, minutes=f"{told.seconds / 60:.1f}"))
    rows = [
        {
            t("casemenu.object"): row.object,
            t("casemenu.label"): known(row.label),
            t("casemenu.seconds"): round(row.seconds),
            t("casemenu.prompts"): row.prompts,
            t("casemenu.carried"): row.carried,
            t("casemenu.found"): row.found,
            t("casemenu.edits"): row.edits,
            t("casemenu.undone"): row.undone,
            t("casemenu.slices"): row.slices,
            t("casemenu.by_hand"): f"{100 * row.by_hand:.0f} %",
        }
        for row in told.rows
    ]
    if rows:
        st.dataframe(rows, hide_index=True)
    st.caption(t("casemenu.cost_help"))
    links = link(state, case, LEDGER, t("casemenu.ledger_file")) + link(state, case, RECORD, t("casemenu.record_file"))
    st.html(f'<nav class="exports">{links}</nav>')
    st.caption(t("casemenu.record_help"))


def leaving_list(kept: KeptCase) -> None:
    """List what an export would hold beside the masks, what a person should look at first."""
    found = sorted(leaving(kept), key=lambda one: not one.look)
    looks = sum(one.look for one in found)
    if looks:
        st.warning(many("casemenu.look", looks), icon=":material/visibility:")
    else:
        st.success(t("casemenu.no_look"), icon=":material/check:")
    st.dataframe(
        [
            {
                t("casemenu.check"): "⚠" if one.look else "",
                t("casemenu.what"): known(one.what),
                t("casemenu.value"): known(one.value),
                t("casemenu.exports"): ", ".join(known(export) for export in one.exports),
            }
            for one in found
        ],
        hide_index=True,
    )
    st.caption(plain(t("casemenu.leaving_help")))
