"""The trainings on the Learn page: a list that keeps itself up to date, and the one that was picked."""

import time
from collections.abc import Callable

import streamlit as st

from core.learning.listing import Kind, Listed, listed
from core.learning.runs import CONFIG, State, runs_folder
from pages.ui.learn.acts import ICONS, state_words
from pages.ui.learn.detail import training
from pages.ui.learn.found import search
from pages.ui.learn.models import title_of
from pages.ui.learn.state import NEW, Learning
from pages.ui.state import AppState
from pages.ui.words import t

_LOOK_S = 1.0


def trainings(state: AppState, learning: Learning) -> None:
    """Show all trainings and searches, and one of them; anew every second while any is under way."""
    found = listed(runs_folder(), Kind.TRAINING, Kind.SEARCH)
    if not found:
        st.caption(t("learn.none"))
        st.button(t("learn.mode.new"), key="learn_first", type="primary", on_click=_to_new, args=(learning,))
        return
    is_live = any(one.progress.state is State.RUNNING for one in found)
    live(_both, is_live)(state, learning, is_live)


def live(draw: Callable[..., None], is_live: bool) -> Callable[..., None]:
    """Return something that draws as a fragment; anew every second if it is live."""
    drawing: Callable[..., None] = st.fragment(draw, run_every=_LOOK_S if is_live else None)
    return drawing


def _to_new(learning: Learning) -> None:
    learning.mode = NEW


def _both(state: AppState, learning: Learning, is_live: bool) -> None:
    found = listed(runs_folder(), Kind.TRAINING, Kind.SEARCH)
    if is_live != any(one.progress.state is State.RUNNING for one in found):
        st.rerun()
    names = [one.name for one in found]
    if learning.run not in names:
        learning.run = names[0] if names else ""
    left, right = st.columns([1, 2.6], gap="large")
    with left.container(height=640 if len(found) > 7 else "content", border=False, key="run_list"):
        for one in found:
            _entry(learning, one)
    picked = next((one for one in found if one.name == learning.run), None)
    if picked is not None:
        with right:
            (search if picked.kind is Kind.SEARCH else training)(state, learning, picked)


def _entry(learning: Learning, one: Listed) -> None:
    """Show one line of the list: name, what, how far."""
    is_picked = one.name == learning.run
    st.button(
        one.name,
        key=f"run_{one.name}",
        icon=ICONS[one.progress.state],
        type="secondary" if not is_picked else "primary",
        width="stretch",
        on_click=_pick,
        args=(learning, one.name),
    )
    st.caption(f"{_what(one)} · {_far(one)} · {_when(one)}")


def _pick(learning: Learning, name: str) -> None:
    learning.run = name


def _what(one: Listed) -> str:
    if one.kind is Kind.SEARCH:
        return t("learn.search_of", model=title_of(one.config["search"]["model"], "refiner"))
    return title_of(one.config["model"], one.config.get("part", ""))


def _far(one: Listed) -> str:
    if one.progress.state is State.RUNNING and one.progress.epochs:
        done = (one.progress.epoch + one.progress.share) / one.progress.epochs
        return f"{min(done, 1):.0%}"
    return state_words(one.progress)


def _when(one: Listed) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime((one.folder / CONFIG).stat().st_mtime))
