"""The networks that find liver and tumours by themselves: which are here, and which of them the reader wants."""

from typing import Any

import streamlit as st

from core.learning.detecting import Detector, best
from core.learning.trained import NetworkCard, available_networks, load_network
from pages.ui import models
from pages.ui.card import plain
from pages.ui.state import AppState, carrying, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

BEST, TOGETHER = "", "*"


def wanted(state: AppState) -> tuple[NetworkCard, ...]:
    """Return the networks that would look: the one chosen, several together, or the best; none if none is here."""
    cards, _ = available_networks()
    if state.finder == TOGETHER and len(cards) > 1:
        return cards
    chosen = next((card for card in cards if card.name == state.finder), None) or best(cards)
    return (chosen,) if chosen else ()


def detector(names: tuple[str, ...], refiner: str) -> Detector:
    """Load networks by their names, and the model that draws what they find, if one is named; seconds.

    Raises:
        WeightsError: One of them is gone or of no use.
        DeviceError: There is too little memory.
    """
    return Detector(tuple(load_network(name) for name in names), models.segmenter(refiner) if refiner else None)


def finder_picker(state: AppState) -> None:
    """Let the reader choose what finds by itself, and whether the model that answers boxes draws the outlines."""
    cards, problems = available_networks()
    for problem in problems:
        st.warning(plain(problem), icon=":material/warning:")
    key = in_words("finder")
    if not cards:
        st.selectbox(
            t("finder.title"), [t("finder.none")], disabled=True, key=f"{key}_none", help=t("finder.none_help")
        )
        return
    names = {card.name: _title(card) for card in cards}
    if len(cards) > 1:
        names[TOGETHER] = t("finder.together", count=len(cards))
    now = [card.name for card in wanted(state)]
    how: dict[str, Any] = {"format_func": names.__getitem__, "on_change": _take_finder, "args": (state, key)}
    how |= carrying(key, now[0] if len(now) == 1 else TOGETHER, list(names))
    st.selectbox(t("finder.title"), list(names), help=t("finder.help"), **how)
    drawing = models.chosen(state.model)
    words = t("finder.refine", model=plain(drawing.title if drawing else state.model))
    how = carrying("refine", state.refine)
    st.toggle(words, **how, help=t("finder.refine_help"), on_change=_take_refine, args=(state,))
    for card in wanted(state):
        st.caption(_facts(card))


def told(state: AppState) -> dict[str, str]:
    """Say for the viewer what would look, or why nothing can."""
    titles = " + ".join(card.title for card in wanted(state))
    if titles and state.refine and (card := models.chosen(state.model)):
        titles = f"{titles} + {card.title}"
    return {"finder": titles, "noFinder": "" if titles else t("finder.none_help")}


def figures(scores: object) -> str:
    """Return figures of a model as words, the protocol last; empty without any."""
    found = dict(scores) if isinstance(scores, dict) else {}
    protocol = found.pop("protocol", "")
    shown = [f"{known(name.replace('_', ' '))} {value:.2f}" for name, value in found.items() if _is_figure(value)]
    return ", ".join(shown) + (f" ({protocol})" if protocol and shown else "")


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _title(card: NetworkCard) -> str:
    return card.title if card.title == card.name else f"{card.title} ({card.name})"


def _facts(card: NetworkCard) -> str:
    scores = figures(dict(card.scores)) or t("finder.untested")
    where = t("finder.window", window=card.window)
    return plain(f"{_title(card)}: {where} · {card.licence} · {scores}")


def _take_finder(state: AppState, key: str) -> None:
    state.finder = shown_in(key)


def _take_refine(state: AppState) -> None:
    state.refine = shown_in("refine")
