"""What can be done with a run, from any page that shows one: stop it, go on with it, delete it; and how far it is."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.errors import LobuleError
from core.learning import listing, runs
from core.learning.listing import Listed
from core.learning.runs import Progress, State
from pages.ui.card import plain
from pages.ui.words import t
from pages.ui.words.steps import known

ICONS = {
    State.NEW: ":material/schedule:",
    State.RUNNING: ":material/directions_run:",
    State.STOPPED: ":material/pause_circle:",
    State.INTERRUPTED: ":material/bolt:",
    State.FINISHED: ":material/check_circle:",
    State.FAILED: ":material/error:",
}
_NINETY, _MINUTES = 90, 90 * 60


def state_words(progress: Progress) -> str:
    """Return what a run is doing in a word."""
    return t(f"learn.state.{progress.state}")


def how_far(one: Listed, noun: str) -> None:
    """Show how far a run is, and why it ended.

    Args:
        one: The run.
        noun: What it counts: ``epoch``, ``part`` or ``trial``.
    """
    progress = one.progress
    sentence = plain(known(progress.sentence))
    if progress.state is State.RUNNING:
        share = (progress.epoch + min(progress.share, 1.0)) / progress.epochs if progress.epochs else 0.0
        st.progress(min(share, 1.0), " · ".join(filter(None, (sentence, _left(progress)))))
        return
    is_part = 0 < progress.epochs != progress.epoch
    done = t(f"learn.done.{noun}", done=progress.epoch, all=progress.epochs) if is_part else ""
    told = " ".join(filter(None, (sentence, done and f"({done})")))
    if progress.state in (State.FAILED, State.INTERRUPTED):
        st.error(told or state_words(progress), icon=ICONS[progress.state])
    else:
        st.markdown(f"{ICONS[progress.state]} {told or state_words(progress)}")


def _left(progress: Progress) -> str:
    return "" if progress.eta_s is None else t("working.left", time=duration(progress.eta_s))


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < _NINETY:
        return t("working.seconds", count=round(seconds))
    if seconds < _MINUTES:
        return t("working.minutes", count=round(seconds / 60))
    return t("learn.hours", count=f"{seconds / 3600:.1f}")


def buttons(one: Listed, gone: Callable[[], None]) -> None:
    """Offer to stop a run, to go on with it, or to delete it.

    Args:
        one: The run.
        gone: Called when it was deleted.
    """
    state = one.progress.state
    if state is State.RUNNING:
        stopping = (one.folder / runs.STOP).exists()
        st.button(
            t("working.stopping") if stopping else t("working.stop"), key="run_stop", icon=":material/stop_circle:",
            disabled=stopping, on_click=runs.ask_to_stop, args=(one.folder,), help=t("learn.stop_help"),
        )  # fmt: skip
        return
    if state.can_go_on:
        st.button(
            t("learn.go_on"), key="run_go_on", icon=":material/play_arrow:", type="primary", on_click=_go_on,
            args=(one.folder,), help=t("learn.go_on_help"),
        )  # fmt: skip
    with st.popover(t("cases.delete"), icon=":material/delete:"):  # a dialog would close when the page looks again
        st.write(t("learn.delete_text", name=plain(one.name)))
        st.button(t("learn.delete_now"), key="run_delete", type="primary", on_click=_delete, args=(one, gone))


def _go_on(folder: Path) -> None:
    try:
        runs.start(folder)
    except LobuleError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")


def _delete(one: Listed, gone: Callable[[], None]) -> None:
    try:
        listing.remove(one.folder)
    except LobuleError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return
    gone()
