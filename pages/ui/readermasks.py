"""Masks that another reader drew elsewhere, brought into the case on the screen, to be compared on Metrics."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError
from core.imaging.reading import SeveralSeries, read_mask
from core.workspace.kept import KeptCase
from core.workspace.readers import keep_mask
from pages.ui import shelf
from pages.ui.card import plain
from pages.ui.state import AppState, Case
from pages.ui.uploads import read_uploads
from pages.ui.words import t

COMPARE = "Several readers"  # what the Metrics page calls it


def reader_masks(state: AppState, case: Case, kept: KeptCase) -> None:
    """Say who has drawn, and take a label map under the initials of somebody else."""
    named = [plain(reader) or t("readers.no_initials") for reader in kept.readers]
    st.caption(t("readermasks.there", readers=", ".join(named)) if named else t("readermasks.nobody"))
    initials = st.text_input(t("readermasks.initials"), key="mask_reader", max_chars=8)
    files = st.file_uploader(t("readermasks.files"), accept_multiple_files=True, key="mask_files")
    clean = "".join(c for c in initials or "" if c.isalnum())
    if st.button(t("readermasks.keep"), type="primary", key="keep_mask", disabled=not (clean and files)):
        _keep(case, clean, files)
    if len(kept.readers) > 1:
        st.caption(t("readermasks.compare"))
        if st.button(t("readermasks.to_metrics"), key="compare_masks", icon=":material/compare:"):
            state.comparing = COMPARE
            st.switch_page("metrics.py")


def _keep(case: Case, initials: str, files: Sequence[UploadedFile]) -> None:
    try:
        with st.spinner(t("open.reading_labels")):
            mask = read_uploads(files, lambda paths: read_mask(paths, case.volume))
            keep_mask(shelf.library(), case.volume, initials, mask)
    except SeveralSeries:
        st.error(t("open.several_labels"), icon=":material/error:")
    except LobuleError as error:
        st.error(plain(str(error)), icon=":material/error:")
    else:
        st.success(t("readermasks.kept", initials=initials), icon=":material/check:")
