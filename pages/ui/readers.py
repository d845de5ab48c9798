"""Several readers on the Metrics page: whose labels of one CT are compared, and the run that compares them."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError, ReadError
from core.imaging.reading import read_labels_and_grid, read_volume
from core.imaging.volume import Volume
from core.imaging.writing import SUFFIXES
from core.scoring.gathering import Drawing, gathered
from core.scoring.panel import LEAST_READERS, panel
from pages.ui.card import plain
from pages.ui.keeping import Folder
from pages.ui.reader_map import Compared
from pages.ui.reader_results import results
from pages.ui.state import AppState, Case
from pages.ui.stored import store_each
from pages.ui.working import Working, watch


@dataclass
class Readers:
    """Several readers on the screen.

    Attributes:
        work: The run under way; makes the name of what it has read, and last of all the comparison.
        compared: What the last run made, or None.
        trouble: Why there is no comparison, or None.
    """

    work: Working[str | Compared] | None = None
    compared: Compared | None = None
    trouble: str | None = None


def several_readers(state: AppState) -> None:
    """Let the reader choose whose labels to compare, compare them, and show how far they agree."""
    if state.readers is None:
        state.readers = Readers()
    readers = state.readers
    with st.expander("Files", expanded=not (readers.compared or readers.work), icon=":material/folder_open:"):
        _choose(state, readers)
    if readers.work is not None:
        _run(readers)
    if readers.trouble:
        st.error(plain(readers.trouble), icon=":material/error:")
    if readers.compared is not None:
        for problem in readers.compared.problems:
            st.warning(plain(problem), icon=":material/warning:")
        results(readers.compared)


def _choose(state: AppState, readers: Readers) -> None:
    left, right = st.columns([1.6, 1], gap="large")
    files = left.file_uploader(
        "Label files, one per reader", accept_multiple_files=True, key="reader_labels",
        help="All readers drew on one CT. The first file is the one whose grid the others are laid on.",
    )  # fmt: skip
    ct = right.file_uploader(
        "CT below them (optional)", accept_multiple_files=True, key="reader_ct", help="One file, a zip or a series."
    )
    mine = _of_case(right, state.case)
    count = len(files) + len(mine)
    left.button(
        f"Compare {count} readers" if count >= LEAST_READERS else "Compare the readers",
        type="primary",
        key="compare_readers",
        disabled=count < LEAST_READERS or readers.work is not None,
        on_click=_start,
        args=(readers, files, ct, mine, state.case),
    )
    if count < LEAST_READERS:
        left.caption("Two readers or more are needed: label files, or masks of the case that is open.")


def _of_case(place: DeltaGenerator, case: Case | None) -> tuple[Drawing, ...]:
    """Offer the masks and the reference of the open case as readers."""
    if case is None:
        return ()
    own = case.volume.source.grid
    offers = []
    if len(case.annotation):
        offers.append(Drawing("My masks", case.annotation.label_map(), own))
    if case.reference is not None:
        offers.append(Drawing("Reference", case.reference, own))
    if not offers:
        return ()
    place.caption(f"From the open case, {plain(case.volume.source.name)}:")
    row = place.container(horizontal=True, gap="medium")
    return tuple(
        offer for offer in offers if row.checkbox(f"{offer.name} as a reader", key=f"reader_{offer.name.lower()}")
    )


def _start(
    readers: Readers,
    files: Sequence[UploadedFile],
    ct: Sequence[UploadedFile],
    mine: tuple[Drawing, ...],
    case: Case | None,
) -> None:
    readers.trouble, readers.compared = None, None
    try:
        kept = Folder()
        paths, below = store_each(files, kept, "labels"), store_each(ct, kept, "ct")
    except ReadError as error:
        readers.trouble = str(error)
        return
    open_ct = case.volume if case is not None and (mine or not ct) else None
    names = (*(path.name for path in paths), *(["the CT"] if below else []), "the comparison")
    readers.work = Working(partial(_compare, paths, below, mine, open_ct, kept), names)


def _compare(
    paths: Sequence[Path], below: Sequence[Path], mine: tuple[Drawing, ...], open_ct: Volume | None, kept: Folder
) -> Generator[str | Compared, None, None]:
    """Read everything and compare it; ``kept`` keeps the files on the disk for as long as this runs."""
    drawings: list[Drawing] = list(mine)
    problems: list[str] = []
    for path in paths:
        try:
            drawings.append(Drawing(_reader(path.name), *read_labels_and_grid(path)))
        except LobuleError as error:
            problems.append(f"Left out: {error}")
        yield path.name
    volume = open_ct
    if below:
        volume = _read_ct(below, problems)
        yield "the CT"
    if len(drawings) < LEAST_READERS:
        raise ReadError(" ".join(["Fewer than two readers are left to compare.", *problems]))
    found = gathered(drawings)
    problems += [f"Left out: {problem}" for problem in found.problems]
    if len(found.readers) < LEAST_READERS:
        raise ReadError(" ".join(["Fewer than two readers lie on one grid.", *problems]))
    if volume is not None and not found.fits(volume):
        problems += ["The CT is not shown: it lies on another grid than the labels."] if below else []
        volume = None
    yield Compared(found, {value: panel(found.masks, value) for value in found.labels}, volume, tuple(problems))
    del kept


def _reader(file: str) -> str:
    """Return what to call whoever drew a file: its name without the ending."""
    ending = next((suffix for suffix in SUFFIXES if file.lower().endswith(suffix)), "")
    return file[: len(file) - len(ending)] or file


def _read_ct(paths: Sequence[Path], problems: list[str]) -> Volume | None:
    try:
        return read_volume(paths)
    except LobuleError as error:
        problems.append(f"The CT is not shown. {error}")
        return None


def _run(readers: Readers) -> None:
    """Show how far the run is, and take what it made once it has ended."""
    work = readers.work
    if work is None:
        return
    if not work.has_ended:
        watch(work, "file")
        return
    readers.compared = next((made for made in work.made if isinstance(made, Compared)), None)
    readers.trouble = work.trouble or (None if readers.compared else "Stopped before the readers were compared.")
    readers.work = None
