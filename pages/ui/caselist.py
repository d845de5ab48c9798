"""The list of cases on the Cases page: found, sorted, given a status, opened, deleted."""

import math
import time
from collections.abc import Sequence

import streamlit as st

from core.errors import LobuleError
from core.imaging.files import in_bytes
from core.workspace.caselist import CaseRow, Order, Status, listed
from pages.ui import shelf
from pages.ui.card import plain
from pages.ui.casebin import confirm_delete
from pages.ui.holding import refusals
from pages.ui.state import AppState, show_in, shown_in, value_of
from pages.ui.words import in_words, many, t
from pages.ui.words.steps import known

AT_ONCE = 30
_PICTURE = 132


def initials(state: AppState) -> None:
    """Let the reader say who draws in this window."""
    show_in("initials", state.initials)
    st.text_input(
        t("cases.initials"),
        key="initials",
        max_chars=8,
        width=180,
        help=t("cases.initials_help"),
        on_change=_take_initials,
        args=(state,),
    )


def _take_initials(state: AppState) -> None:
    with refusals():
        shelf.take_initials(state, shown_in("initials"))


def search() -> list[CaseRow]:
    """Let the reader search, filter and sort, and return the cases that are left."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    words = row.text_input(t("cases.search"), key="case_search", placeholder=t("cases.search_hint"), width="stretch")
    states = {"": t("cases.any_status")} | {str(status): status_words(status) for status in Status}
    status = row.selectbox(
        t("cases.status"), list(states), format_func=states.__getitem__, key=in_words("case_status"), width=170
    )
    orders = {order: t(f"cases.order.{order}") for order in Order}
    order = row.selectbox(
        t("cases.sort"), list(orders), format_func=orders.__getitem__, key=in_words("case_order"), width=170
    )
    return listed(shelf.library().cases(), words or "", order or Order.CHANGED, Status(status) if status else None)


def case_list(state: AppState, rows: Sequence[CaseRow]) -> None:
    """Show the cases, the first of them at once and more on request."""
    if not rows:
        st.caption(t("cases.none_found") if value_of("case_search") else t("cases.none"))
        return
    st.caption(many("cases.count", len(rows)))
    shown = int(value_of("cases_shown") or AT_ONCE)
    line = tuple(row.key for row in rows if row.has_volume)
    for row in rows[:shown]:
        with st.container(border=True, key=f"case_{row.key}"):
            _case(state, row, line)
    if shown < len(rows):
        st.button(t("cases.more"), key="more_cases", on_click=_show_more, args=(shown + AT_ONCE,))


def _show_more(count: int) -> None:
    show_in("cases_shown", count)


def _case(state: AppState, row: CaseRow, line: tuple[str, ...]) -> None:
    picture, words, status, act = st.columns([1, 3.2, 1.3, 1.9], gap="medium", vertical_alignment="center")
    if row.thumbnail is not None:
        picture.image(str(row.thumbnail), width=_PICTURE)
    with words:
        here = f" · :green[{t('cases.open_here')}]" if row.key in state.cases else ""
        st.markdown(f"**{plain(known(row.name) or row.key[:12])}**{here}")
        st.markdown(figures(row))
        st.caption(_facts(row))
    with status:
        _status(row)
    with act.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _acts(state, row, line)
    if row.trouble:
        st.error(plain(row.trouble), icon=":material/error:")


def room(state: AppState) -> None:
    """Say how much the cases take, and how much they may."""
    held = shelf.held(state)
    told = {name: in_bytes(taken) for name, (taken, _) in held.items()}
    st.caption(t("cases.room", **told, **{f"{name}_of": in_bytes(most) for name, (_, most) in held.items()}))


def figures(row: CaseRow) -> str:
    """Return how many lesions a case has, and what they measure."""
    lesions = many("cases.lesions", row.lesions)
    return f"{lesions} · {row.lesion_ml:.1f} ml" if row.lesions and math.isfinite(row.lesion_ml) else lesions


def status_words(status: Status) -> str:
    """Return a status in the language of the session."""
    return t(f"cases.status.{status.replace(' ', '_')}")


def _facts(row: CaseRow) -> str:
    z, y, x = row.shape
    facts = [known(row.kind), t("cases.size", x=x, y=y, z=z) if z else ""]
    facts.append(time.strftime("%Y-%m-%d %H:%M", time.localtime(row.changed)) if row.changed else "")
    facts.append(", ".join(plain(reader) for reader in row.readers if reader))
    return " · ".join(fact for fact in facts if fact)


def _status(row: CaseRow) -> None:
    words = {status: status_words(status) for status in Status}
    key = in_words(f"status_{row.key}")
    show_in(key, row.status)
    st.selectbox(
        t("cases.status"),
        list(words),
        format_func=words.__getitem__,
        key=key,
        label_visibility="collapsed",
        disabled=bool(row.trouble),
        on_change=_take_status,
        args=(row.key, key),
    )


def _take_status(key: str, picker: str) -> None:
    with refusals():
        shelf.library().mark(key, shown_in(picker))


def _acts(state: AppState, row: CaseRow, line: tuple[str, ...]) -> None:
    if st.button(
        t("cases.open"),
        key=f"open_{row.key}",
        icon=":material/draw:",
        disabled=not row.has_volume and row.key not in state.cases,
        help=None if row.has_volume else t("cases.no_volume"),
    ):
        _open(state, row.key, line, "annotate.py")
    if st.button(
        "", key=f"results_{row.key}", icon=":material/monitoring:", help=t("cases.results"), disabled=not row.lesions
    ):
        _open(state, row.key, line, "results.py")
    with st.popover("", icon=":material/edit:", help=t("cases.rename")):
        name = st.text_input(t("cases.name"), row.name, key=f"name_{row.key}")
        if st.button(t("cases.rename"), key=f"rename_{row.key}"):
            with refusals():
                shelf.library().rename(row.key, name)
                st.rerun()
    if st.button("", key=f"bin_{row.key}", icon=":material/delete:", help=t("cases.delete")):
        confirm_delete(state, row)


def _open(state: AppState, key: str, line: tuple[str, ...], page: str) -> None:
    try:
        with st.spinner(t("cases.opening")):
            shelf.reopen(state, key)
    except LobuleError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return
    shelf.line_up(state, line)
    st.switch_page(page)
