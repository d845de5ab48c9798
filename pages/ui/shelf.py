"""Cases between the disk and the screen: opened and kept, taken over from window to window, closed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.errors import CaseError
from core.imaging.reading import read_volume
from core.imaging.volume import Mask, Volume
from core.segmentation.cachefolder import data_folder
from core.workspace.caselist import Order, listed
from core.workspace.kept import KeptCase, Window
from core.workspace.library import Library
from core.workspace.quota import MEMORY, Quota
from core.workspace.reference import keep_reference, reference_of
from pages.ui import windows
from pages.ui.case import Case
from pages.ui.here import is_here
from pages.ui.state import AppState
from pages.ui.viewer.carrying import end
from pages.ui.words import said

_memory = Quota(MEMORY, "memory")
_LONGEST_INITIALS = 8


def library() -> Library:
    """Return the cases on this computer."""
    return _library(data_folder())


@cache
def _library(home: Path) -> Library:
    return Library(home / "cases")


def open_volume(state: AppState, volume: Volume, reference: Mask | None = None, origin: Path | None = None) -> Case:
    """Put a CT on the screen, with all that this reader has drawn on it before, and keep it from now on.

    A case that cannot be kept opens all the same, and says so. Where others see the list of cases, the name of the
    file, which may name a patient, is not kept.

    Raises:
        CaseError: It would take too much memory.
    """
    if volume.key in state.cases:
        return state.open(volume)
    if not is_here():
        volume = replace(volume, source=volume.source.nameless)
    _memory.take(state.reader, volume.key, volume.hu.nbytes)
    try:
        kept = _kept(state, volume, origin)
    except CaseError as error:
        case = state.open(volume, reference)
        case.unkept = str(error)
    else:
        if reference is not None:
            keep_reference(kept, reference)
        case = state.show(Case.of(volume, reference or reference_of(kept), kept))
    case.source = origin
    return case


def reopen(state: AppState, key: str) -> Case:
    """Put a case of the list on the screen.

    Raises:
        CaseError: There is no such case, its CT was not kept or is damaged, or it would take too much memory.
    """
    if key in state.cases:
        return state.show(state.cases[key])
    volume = library().volume(key)
    _memory.take(state.reader, key, volume.hu.nbytes)
    try:
        kept = _kept(state, volume)
    except BaseException:
        _memory.give(state.reader, key)
        raise
    return state.show(Case.of(volume, reference_of(kept), kept))


def take_over(state: AppState, case: Case) -> None:
    """Go on with a case here that another window of this server holds, or that was closed under this one.

    Raises:
        CaseError: It cannot be opened, or a search is under way in it.
    """
    _check_search(state, [case])
    rivals = _rivals(state, case.volume.key)
    for rival in rivals:
        _stop(rival, case.volume.key)
    _open_anew(state, case, by_force=True)
    for rival in rivals:
        windows.wake(rival)


def give_way(state: AppState, key: str) -> None:
    """Have windows that have gone close a case, so that it can be deleted."""
    for other in windows.others(state):
        if key in other.cases and windows.has_gone(other):
            close_case(other, key)


def take_initials(state: AppState, typed: str) -> None:
    """Let another reader draw in this window: what is open shows their masks.

    Raises:
        CaseError: A case cannot be opened for them, or a search is under way; then nothing is changed.
    """
    initials = "".join(c for c in typed if c.isalnum())[:_LONGEST_INITIALS]
    if initials == state.initials:
        return
    kept = [case for case in state.cases.values() if case.kept is not None]
    _check_search(state, kept)
    state.initials = initials
    for case in kept:
        _open_anew(state, case)


def close_case(state: AppState, key: str) -> None:
    """Close a case in order and take it off the screen; what is kept of it stays."""
    case = state.cases.get(key)
    state.close(key)
    _give(state, key)
    if case is not None:
        _close(case)


def close_all(reader: str, cases: dict[str, Case]) -> None:
    """Close what a window had open, for it has gone; `AppState.reader` tells which."""
    while cases:
        _, case = cases.popitem()
        _close(case)
    _memory.give(reader)
    library().give(reader)


def held(state: AppState) -> dict[str, tuple[int, int]]:
    """Return how many bytes are held and how many may be: memory of this window and of all, the disk of all cases."""
    mine, limits, disk = _memory.held(state.reader), _memory.limits, library()
    return {
        "window": (mine, limits.session),
        "windows": (_memory.held(), limits.total),
        "disk": (disk.nbytes, disk.limits.total),
    }


def beside(state: AppState, by: int) -> str | Path | None:
    """Return what lies ``by`` places behind the case on the screen in the line, or None at its end."""
    line = state.line or tuple(row.key for row in listed(library().cases(), order=Order.NAME) if row.has_volume)
    at = line.index(state.current) + by if state.current in line else -1
    return line[at] if 0 <= at < len(line) else None


def open_next(state: AppState, what: str | Path) -> Case:
    """Open something of a line: a case by its key, a file or folder by its path; from then on it is a case there.

    The case before it is closed if nothing is at work there, so that a long line does not fill the memory.

    Raises:
        LobuleError: It cannot be opened.
    """
    left = state.case
    if isinstance(what, str):
        case = reopen(state, what)
    else:
        case = open_volume(state, read_volume(what), origin=what)
        state.line = tuple(case.volume.key if each == what else each for each in state.line)
    if left is not None and left is not case and (not state.line or left.volume.key in state.line) and left.is_at_rest:
        close_case(state, left.volume.key)
    return case


def line_up(state: AppState, line: Sequence[str | Path]) -> None:
    """Have the keys for the next and the previous case go through a list as it is now."""
    state.line = tuple(line)


def _kept(state: AppState, volume: Volume, origin: Path | None = None, *, by_force: bool = False) -> KeptCase:
    """Open a case on the disk; a window that has gone gives it up."""
    here = False
    for rival in _rivals(state, volume.key):
        if windows.has_gone(rival):
            _stop(rival, volume.key)
            rival.close(volume.key)
            _give(rival, volume.key)
        else:
            here = here or rival.cases[volume.key].may_change
    window = Window(state.initials, state.initials)
    force = by_force or not here  # without a window, only a session that is forgotten can hold it
    return library().open(volume, window, origin=origin, take_over=force, session=state.reader)


def _give(state: AppState, key: str) -> None:
    """Count no longer what a case took of a window's share."""
    _memory.give(state.reader, key)
    library().give(state.reader, key)


def _rivals(state: AppState, key: str) -> list[AppState]:
    """Return what the other windows of the same reader have open that hold a case."""
    return [other for other in windows.others(state) if key in other.cases and other.initials == state.initials]


def _check_search(state: AppState, cases: Iterable[Case]) -> None:
    """Raise CaseError if a search would be lost, for what it finds goes to the case as it was opened."""
    for case in cases:
        if case.search is not None and case.search.is_running:
            raise CaseError(said(state.language, "holding.searching", name=case.volume.source.name))


def _open_anew(state: AppState, case: Case, *, by_force: bool = False) -> None:
    _close(case)
    kept = _kept(state, case.volume, by_force=by_force)
    new = Case.of(case.volume, case.reference, kept)
    new.z, new.window, new.custom_window, new.feed_screen = case.z, case.window, case.custom_window, case.feed_screen
    new.told, new.moves, new.source = True, case.moves, case.source
    state.cases[case.volume.key] = new


def _stop(other: AppState, key: str) -> None:
    """Have another window keep what is carried there, before it loses the case."""
    case = other.cases.get(key)
    if case is not None:
        end(case)


def _close(case: Case) -> None:
    end(case)
    if case.kept is not None:
        with case.turn:
            case.kept.close()
