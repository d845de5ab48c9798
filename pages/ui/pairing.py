"""One pair on the Metrics page: which masks are compared, and what came of it."""

import streamlit as st

from core.errors import LobuleError
from pages.ui.card import plain
from pages.ui.choosing import choose
from pages.ui.desk import Desk, Table, desk_of, table
from pages.ui.matching_values import matching
from pages.ui.passport import Fitting, fitting, show_passport
from pages.ui.results import results
from pages.ui.scored import Scored
from pages.ui.state import AppState
from pages.ui.taking import settings, take_away
from pages.ui.viewing import Settings
from pages.ui.words import t

TO_THE_TOP = "<script>document.querySelector('[data-testid=stMain]').scrollTo(0, 0)</script>"


def pair(state: AppState) -> None:
    """Let the reader choose a pair, score it, and show figures and errors."""
    desk = desk_of(state)
    scored = state.scored
    if scored is None or not desk.closed:
        with st.container(border=True, key="desk"):
            _set_up(state, desk)
    if scored is not None:
        with st.container(key="pair", gap="small"):
            _heading(desk, scored)
            results(scored)
    if desk.arriving:
        desk.arriving = False
        st.html(TO_THE_TOP, unsafe_allow_javascript=True)


def _heading(desk: Desk, scored: Scored) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(scored.title)}**", width="stretch")
        title = t("pairing.compare_others") if desk.closed else t("pairing.hide")
        st.button(title, icon=":material/swap_horiz:", key="open_desk", on_click=_open_or_close, args=(desk,))
        settings(scored)
        take_away(scored)


def _open_or_close(desk: Desk) -> None:
    desk.closed = not desk.closed


def _set_up(state: AppState, desk: Desk) -> None:
    """Show what is chosen, how it fits, which labels are scored, and the button that scores."""
    choose(state, desk)
    chosen = table(desk, state.case)
    if chosen is None:
        return
    found = _fits(desk, chosen)
    if found is None or found.predicted is None:
        return
    wanted = matching(desk, chosen)
    own = t("pairing.score_mine") if chosen.own else t("pairing.score_files")
    if st.button(
        t("pairing.resample") if found.resampled else own, type="primary", key="score", disabled=not wanted.scored
    ):
        settings = state.scored.settings if state.scored else Settings()
        with st.spinner(t("pairing.scoring")):
            state.scored = Scored.of(chosen, found.predicted, found, wanted, settings)
        desk.closed = desk.arriving = True
        st.rerun()
    if not (chosen.prediction.contents or chosen.reference.contents):
        st.info(t("pairing.no_label"))


def _fits(desk: Desk, chosen: Table) -> Fitting | None:
    try:
        found = fitting(desk, chosen)
    except LobuleError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    show_passport(found)
    return found
