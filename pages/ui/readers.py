"""Several readers on the Metrics page: whose labels of one CT are compared, and the run that compares them."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError, ReadError
from core.imaging.reading import read_labels_and_grid, read_volume
from core.imaging.volume import Mask, Volume
from core.imaging.writing import SUFFIXES
from core.scoring.gathering import Drawing, gathered
from core.scoring.panel import LEAST_READERS, panel
from core.workspace.kept import KeptCase
from pages.ui.card import plain
from pages.ui.keeping import Folder
from pages.ui.matching_values import is_tumour
from pages.ui.reader_map import Compared
from pages.ui.reader_results import results
from pages.ui.state import AppState, Case
from pages.ui.stored import store_each
from pages.ui.words import language, said, t
from pages.ui.words.steps import known
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
    with st.expander(
        t("metrics.files"), expanded=not (readers.compared or readers.work), icon=":material/folder_open:"
    ):
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
        t("readers.labels"), accept_multiple_files=True, key="reader_labels", help=t("readers.labels_help")
    )
    ct = right.file_uploader(t("readers.ct"), accept_multiple_files=True, key="reader_ct", help=t("readers.ct_help"))
    mine = _of_case(right, state.case)
    count = len(files) + len(mine)
    left.button(
        t("readers.compare_some", count=count) if count >= LEAST_READERS else t("readers.compare"),
        type="primary",
        key="compare_readers",
        disabled=count < LEAST_READERS or readers.work is not None,
        on_click=_start,
        args=(readers, files, ct, mine, state.case),
    )
    if count < LEAST_READERS:
        left.caption(t("readers.too_few"))


def _of_case(place: DeltaGenerator, case: Case | None) -> tuple[Drawing, ...]:
    """Offer the masks and the reference of the open case as readers."""
    if case is None:
        return ()
    own = case.volume.source.grid
    offers = _offers(case)
    if not offers:
        return ()
    place.caption(t("readers.of_case", name=plain(known(case.volume.source.name))))
    row = place.container(horizontal=True, gap="medium")
    return tuple(
        Drawing(name, mask(), own)
        for key, (name, mask) in offers.items()
        if row.checkbox(t("readers.as_reader", name=name), key=f"reader_{key}")
    )


def _offers(case: Case) -> dict[str, tuple[str, Callable[[], Mask]]]:
    """Return the name of each reader of a case and what gives their mask, which may have to be read from the disk."""
    offers: dict[str, tuple[str, Callable[[], Mask]]] = {}
    if len(case.annotation):
        offers["my masks"] = t("readers.mine"), case.annotation.label_map
    if (reference := case.reference) is not None:
        offers["reference"] = t("readers.reference"), lambda: reference
    if (kept := case.kept) is not None:
        for reader in kept.readers:
            if reader != kept.reader:
                name = plain(reader) or t("readers.no_initials")
                offers[f"of {reader}"] = name, partial(_mask_of, kept, reader)
    return offers


def _mask_of(kept: KeptCase, reader: str) -> Mask:
    return kept.of_reader(reader).label_map()


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
    names = (*(path.name for path in paths), *([t("readers.the_ct")] if below else []), t("readers.the_comparison"))
    readers.work = Working(partial(_compare, paths, below, mine, open_ct, partial(said, language()), kept), names)


def _compare(
    paths: Sequence[Path],
    below: Sequence[Path],
    mine: tuple[Drawing, ...],
    open_ct: Volume | None,
    say: Callable[..., str],
    kept: Folder,
) -> Generator[str | Compared, None, None]:
    """Read everything and compare it; ``kept`` keeps the files on the disk for as long as this runs.

    It runs beside the page, in no session: ``say`` says a key in the language in which it was begun.
    """
    drawings: list[Drawing] = list(mine)
    problems: list[str] = []
    for path in paths:
        try:
            drawings.append(Drawing(_reader(path.name), *read_labels_and_grid(path)))
        except LobuleError as error:
            problems.append(say("readers.left_out", reason=error))
        yield path.name
    volume = open_ct
    if below:
        volume = _read_ct(below, problems, say)
        yield "CT"
    if len(drawings) < LEAST_READERS:
        raise ReadError(" ".join([say("readers.few_left"), *problems]))
    found = gathered(drawings)
    problems += [say("readers.left_out", reason=problem) for problem in found.problems]
    if len(found.readers) < LEAST_READERS:
        raise ReadError(" ".join([say("readers.few_on_grid"), *problems]))
    if volume is not None and not found.fits(volume):
        problems += [say("readers.other_grid")] if below else []
        volume = None
    panels = {value: panel(found.masks, value) for value in found.labels}
    label = next((value for value, name in found.labels.items() if is_tumour(name)), max(found.labels, default=0))
    yield Compared(found, panels, volume, tuple(problems), label)
    del kept


def _reader(file: str) -> str:
    """Return what to call whoever drew a file: its name without the ending."""
    ending = next((suffix for suffix in SUFFIXES if file.lower().endswith(suffix)), "")
    return file[: len(file) - len(ending)] or file


def _read_ct(paths: Sequence[Path], problems: list[str], say: Callable[..., str]) -> Volume | None:
    try:
        return read_volume(paths)
    except LobuleError as error:
        problems.append(say("readers.no_ct", reason=error))
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
    readers.trouble = work.trouble or (None if readers.compared else t("readers.stopped"))
    readers.work = None
