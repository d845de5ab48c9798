"""What a reader must know of how a case is kept: recovered, not kept, held by another window; and what is refused."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import streamlit as st

from core.errors import CaseError, LobuleError
from core.workspace.kept import KeptCase
from core.workspace.recalling import Recovered
from pages.ui import shelf
from pages.ui.card import plain
from pages.ui.state import AppState, Case
from pages.ui.words import many, t
from pages.ui.words.steps import known

_LOOK_S = 2.0


@contextmanager
def refusals() -> Iterator[None]:
    """Say why something could not be done, such as saved; then nothing was changed."""
    try:
        yield
    except LobuleError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")


def notices(state: AppState, case: Case) -> None:
    """Say what is not as usual with the keeping of a case; nothing if all is well."""
    if case.unkept:
        st.warning(t("holding.unkept", reason=plain(case.unkept)), icon=":material/warning:")
    if case.kept is None:
        return
    for trouble in _not_saved(case.kept):
        st.warning(plain(trouble), icon=":material/warning:")
    if case.kept.recovered is not None and not case.told:
        row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="recovered")
        row.info(_recovered(case.kept.recovered), icon=":material/history:")
        row.button(t("holding.read"), key="recovered_read", on_click=_take_told, args=(case,))
    if not case.may_change:
        _only_looking(state, case, case.kept)


def _take_told(case: Case) -> None:
    case.told = True


def _not_saved(kept: KeptCase) -> Iterator[str]:
    """Say why the CT itself or the labels that came with it could not be kept, once that is known."""
    for saving, words in ((kept.saving, "holding.not_saved"), (kept.saving_labels, "holding.labels_not_saved")):
        error = saving.exception() if saving is not None and saving.done() else None
        if error is not None:
            yield str(error) if isinstance(error, LobuleError) else t(words)


def _recovered(recovered: Recovered) -> str:
    told = [t("holding.damaged") if recovered.damaged else t("holding.recovered")]
    if recovered.last:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(recovered.at))
        told.append(t("holding.recovered_last", step=plain(known(recovered.last)), at=at))
    if recovered.lost:
        told.append(many("holding.lost", recovered.lost))
    return " ".join(told)


@st.fragment(run_every=_LOOK_S)
def _only_looking(state: AppState, case: Case, kept: KeptCase) -> None:
    """Say who holds the case, keep up with what they draw, and offer to go on here once that is possible."""
    if state.case is not case or case.may_change:
        st.rerun()  # all of the page: what is drawn alone goes on with the case as it was
    if _has_caught_up(case, kept):
        case.remount()
        st.rerun()
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="only_looking")
    row.warning(_held(kept), icon=":material/visibility:")
    can_take_over = kept.holder is None or kept.holder.is_here
    if can_take_over:
        row.button(t("holding.work_here"), key="work_here", on_click=_take_over, args=(state, case))


def _take_over(state: AppState, case: Case) -> None:
    """Go on here. Before anything is drawn: a run that starts anew because there is something new forgets a click."""
    with refusals():
        shelf.take_over(state, case)


def _has_caught_up(case: Case, kept: KeptCase) -> bool:
    """Say whether there is something new; a record that cannot be read now is read the next time."""
    with case.turn, suppress(CaseError):
        return kept.refresh()
    return False


def _held(kept: KeptCase) -> str:
    holder = kept.holder
    if holder is None:
        return t("holding.taken")
    since = time.strftime("%H:%M", time.localtime(holder.since))
    who = t("holding.by", who=plain(holder.who)) if holder.who else ""
    if holder.is_here:
        return t("holding.window", who=who, since=since)
    return t("holding.process", who=who, since=since, computer=plain(holder.computer or "?"), process=holder.process)
