"""Work that outlasts a run of the page: a thread that makes one thing after another, and can be stopped between two.

Streamlit ends a run of the script as soon as somebody touches a widget, and whatever the script was doing dies in
silence. So long work runs beside it, and the page looks in on it (`watch`).
"""

import gc
import logging
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

import streamlit as st

from core.errors import LobuleError
from pages.ui.card import plain
from pages.ui.words import t

_Made = TypeVar("_Made")
_LOOK_S = 0.5


@dataclass
class _Shared(Generic[_Made]):
    """What the thread and the page both hold; the thread must not hold the session itself."""

    made: list[_Made] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    trouble: str = ""
    fault: str = ""


class Working(Generic[_Made]):
    """Work under way. It stops by itself once nobody holds this any more, as when a session ends.

    Args:
        make: Called in the thread; makes one thing after another. It is closed when the work is stopped.
        names: What each thing is called while it is being made, in their order.
    """

    def __init__(self, make: Callable[[], Generator[_Made]], names: tuple[str, ...]) -> None:
        self.names = names
        self._started_s = monotonic()
        self._shared: _Shared[_Made] = _Shared()
        weakref.finalize(self, self._shared.stop.set)
        self._thread = Thread(target=_work, args=(make, self._shared), name="working", daemon=True)
        self._thread.start()

    @property
    def made(self) -> tuple[_Made, ...]:
        """What is there so far."""
        return tuple(self._shared.made)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._shared.ended.is_set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._shared.stop.is_set()

    @property
    def trouble(self) -> str:
        """Why it ended early, for the screen; empty if it did not, or was told to."""
        fault = self._shared.fault
        return t("working.fault", kind=fault) if fault else self._shared.trouble

    @property
    def left_s(self) -> float | None:
        """How many seconds are left if the rest goes as what was made; None before the first."""
        done = len(self._shared.made)
        return (monotonic() - self._started_s) / done * (len(self.names) - done) if done else None

    def stop(self) -> None:
        """End after what is being made now; what is made stays."""
        self._shared.stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, and say whether it came; without a limit it always does."""
        return self._shared.ended.wait(seconds)


class _Quiet:
    """Keeps the garbage collector off what is there already, for as long as any work is under way.

    Streamlit collects all garbage after every run of a page, also after each look at the work, and holds up every
    thread meanwhile. With torch loaded that takes 0.3 s (half a million objects) and the work nearly stood still:
    less than one case in 30 s instead of one in 0.6 s. Frozen objects are not looked at; once the last work has
    ended they are looked at again, so nothing is lost for good.
    """

    def __init__(self) -> None:
        self._lock, self._count = Lock(), 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._count += 1
            gc.freeze()
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                if not self._count:
                    gc.unfreeze()


_quiet = _Quiet()


def _work(make: Callable[[], Generator[_Made]], shared: _Shared[_Made]) -> None:
    try:
        with _quiet():
            making = make()
            for thing in making:
                shared.made.append(thing)
                if shared.stop.is_set():
                    making.close()
    except LobuleError as error:
        shared.trouble = str(error)
    except Exception as fault:
        # A log outlives the session, and the text of an error may name a file after a patient: only its kind is kept.
        logging.getLogger(__name__).warning("Work beside the page ended early (%s)", type(fault).__name__)
        shared.fault = type(fault).__name__
    finally:
        shared.ended.set()


@st.fragment(run_every=_LOOK_S)
def watch(work: Working[_Made], noun: str, until: Callable[[], bool] = lambda: False) -> None:
    """Show how far the work is, with a button that stops it; runs the page again once it has ended.

    Args:
        work: What to look at.
        noun: What one thing is: ``case``, ``file`` or ``step``.
        until: Says whether the page has enough already.
    """
    if work.has_ended or until():
        st.rerun()
    done, planned = len(work.made), len(work.names)
    bar, button = st.columns([5, 1], vertical_alignment="center")
    bar.progress(done / planned if planned else 1.0, _said(work, noun, done, planned))
    button.button(
        t("working.stopping") if work.is_stopping else t("working.stop"),
        key="stop_working",
        icon=":material/stop_circle:",
        disabled=work.is_stopping,
        on_click=work.stop,
        width="stretch",
        help=t("working.kept"),
    )


def _said(work: Working[_Made], noun: str, done: int, planned: int) -> str:
    if done >= planned:
        return t(f"working.done.{noun}", done=planned, planned=planned)
    left = "" if work.left_s is None else f" · {t('working.left', time=_duration(work.left_s))}"
    now = t(f"working.now.{noun}", number=done + 1, planned=planned, name=plain(work.names[done]))
    return now + left


def _duration(seconds: float) -> str:
    if seconds < 90:
        return t("working.seconds", count=round(seconds))
    return t("working.minutes", count=round(seconds / 60))
