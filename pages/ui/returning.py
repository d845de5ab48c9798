"""Back to the case that the address names, as after a restart of the server."""

from pathlib import Path

from core.errors import LobuleError
from core.workspace.kept import reader_folder
from pages.ui import shelf, windows
from pages.ui.state import AppState

_initials: dict[str, str] = {}


def come_back(state: AppState) -> None:
    """Open the case that the address names, as after a restart of the server; from then on the address follows."""
    first, state.recalled = not state.recalled, True
    key, reader = windows.address()
    if first and state.case is None and key:
        _recall(state, key, reader)
    windows.show_address(window=state.reader, case=state.current or "", reader=_mark(state.initials))


def _recall(state: AppState, key: str, reader: str) -> None:
    try:
        row = next((row for row in shelf.library().cases() if row.key == key), None)
        drew = row.readers if row else ()
        state.initials = next((who for who in drew if _mark(who) == reader), _initials.get(reader, ""))
        shelf.reopen(state, key)
    except LobuleError as error:
        state.trouble = str(error)


def _mark(initials: str) -> str:
    """Return what stands for a reader in the address."""
    if not initials:
        return ""
    mark = reader_folder(Path(), initials).name
    _initials[mark] = initials
    return mark
