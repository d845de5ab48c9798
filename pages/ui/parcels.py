"""Files of the open case in the formats that others take, made beside the page; and what leaves with them."""

from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import WriteError
from core.reporting.export.bundle import Part, packed, parts
from core.reporting.export.kinds import NAMES_PATIENT, Kind
from core.reporting.segmented import Segmented
from pages.ui.casemenu import leaving_list
from pages.ui.making import make, offered
from pages.ui.outcome import Parcel, outcome_of
from pages.ui.state import Case
from pages.ui.stored import uploader
from pages.ui.uploads import read_uploads
from pages.ui.words import t
from pages.ui.words.steps import known

KIND = "files"


def show(case: Case) -> None:
    """Let the reader choose formats, make them, and offer one file or a zip; beside it, what would leave."""
    outcome = outcome_of(case)
    left, right = st.columns([1, 1.2], gap="large")
    with left, st.container(border=True):
        plain_kinds = [kind for kind in Kind if kind not in NAMES_PATIENT]
        wanted = [kind for kind in plain_kinds if _tick(kind)]
        source = _series(case)
        wanted += [kind for kind in NAMES_PATIENT if _tick(kind, disabled=source is None)]
        make(
            outcome,
            KIND,
            t("outcome.files.make"),
            (*(t(f"outcome.kind.{kind}") for kind in wanted), t("outcome.step.packing")),
            partial(_made, outcome.segmented, tuple(wanted), source),
            disabled=not wanted,
        )
        offered(outcome, KIND)
    with right:
        st.markdown(f"**{t('casemenu.leaving')}**")
        if case.kept is not None:
            leaving_list(case.kept)
        else:
            st.caption(t("outcome.files.not_kept"))


def _tick(kind: Kind, *, disabled: bool = False) -> bool:
    usual = kind is Kind.NIFTI
    return st.checkbox(t(f"outcome.kind.{kind}"), usual, key=f"kind_{kind}", disabled=disabled) and not disabled


def _series(case: Case) -> Path | list[UploadedFile] | None:
    """Return where the DICOM series of a case is; say why not, or take it anew, where it is not at hand."""
    if case.volume.source.format != "DICOM":
        st.caption(t("outcome.files.no_series", format=known(case.volume.source.format)))
        return None
    if case.source is not None and case.source.exists():
        st.caption(t("outcome.files.series"))
        return case.source
    with st.popover(t("outcome.files.give"), icon=":material/folder_open:", width="stretch"):
        files = uploader(t("outcome.files.given"), "series", lambda: None)
        st.caption(t("outcome.files.why"))
    st.caption(t("outcome.files.series") if files else t("outcome.files.dropped"))
    return files or None


def _made(
    segmented: Segmented, kinds: Sequence[Kind], source: Path | list[UploadedFile] | None
) -> Generator[Part | Parcel, None, None]:
    """Yield one format after another, then what holds them all; runs beside the page."""
    made = []
    for kind in kinds:
        made.append(_part(segmented, kind, source if kind in NAMES_PATIENT else None))
        yield made[-1]
    files = {name: data for part in made for name, data in part.files.items()}
    said = tuple(part.left_out for part in made if part.left_out)
    if not files:
        raise WriteError(" ".join(said))
    if len(files) == 1:
        ((name, data),) = files.items()
        yield Parcel(name, data, said)
    else:
        yield Parcel(f"{segmented.name}.zip", packed(segmented, made), said)


def _part(segmented: Segmented, kind: Kind, source: Path | list[UploadedFile] | None) -> Part:
    """Make one format; copies of an uploaded series are on the disk no longer than that takes."""
    if isinstance(source, list):
        return read_uploads(source, lambda paths: next(parts(segmented, paths, [kind])))
    return next(parts(segmented, source, [kind]))
