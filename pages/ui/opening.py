"""The parts of the Open page: uploads, samples, choice of series, labels, copies, closing."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError
from core.imaging.preprocess import DENOISING, NORMALISING, Preprocessing, preprocess, resample_mask
from core.imaging.reading import SeriesSummary, SeveralSeries, read_mask, read_volume
from core.imaging.samples import SAMPLES, open_sample
from pages.ui.card import plain, spacing_text
from pages.ui.state import AppState, Case, show_in, shown_in
from pages.ui.uploads import read_uploads

FORMATS = "DICOM series (files or one zip), NIfTI, NRRD, MHA/MHD, or PNG/JPG/WebP slices"


def samples(state: AppState) -> None:
    """Offer the samples, one button each."""
    st.markdown("##### Try a sample")
    for sample in SAMPLES:
        if st.button(sample.title, key=f"sample_{sample.name}", icon=":material/radiology:", width="stretch"):
            try:
                with st.spinner(f"Opening {sample.title}…"):
                    state.open(*open_sample(sample.name))
                st.rerun()
            except LobuleError as error:
                st.error(str(error))
        st.caption(sample.description)


def upload(state: AppState) -> None:
    """Take files or a folder by drag and drop, read them, and put the CT on the screen."""
    st.markdown("##### Upload your own")
    answer = st.container()
    files_tab, folder_tab = st.tabs(["Files or a zip", "A folder"])
    files = files_tab.file_uploader(
        FORMATS, accept_multiple_files=True, key=f"files_{state.uploads}", help="Drop all files of one CT together."
    )
    folder = folder_tab.file_uploader(
        "A folder with a DICOM series or with picture slices",
        accept_multiple_files="directory",
        key=f"folder_{state.uploads}",
    )
    picked = [*files, *folder]
    tried = tuple(file.file_id for file in picked)
    if tried != state.tried:
        state.tried, state.choices = tried, ()
        if picked:
            state.trouble = None
            _open(state, picked)
    with answer:
        if state.trouble:
            st.error(plain(state.trouble), icon=":material/error:")
        if state.trouble and state.case is not None:
            st.caption("The open case is as it was.")
        if state.choices:
            _choose_series(state, picked)
    st.caption(
        "Files are read on the machine that runs Lobule and go nowhere else. Patient names and numbers are dropped."
    )


def _open(state: AppState, files: Sequence[UploadedFile], series: str | None = None) -> None:
    try:
        with st.spinner(f"Reading {len(files)} file{'s' if len(files) > 1 else ''}…"):
            volume = read_uploads(files, lambda paths: read_volume(paths, series=series))
    except SeveralSeries as error:
        state.choices = error.choices
    except LobuleError as error:
        state.trouble = str(error)
        if series is None:  # an uploader that keeps a refused file would read it again with the next
            state.tried = ()
            state.uploads += 1
            st.rerun()
    else:
        state.open(volume)
        state.uploads += 1
        st.rerun()


def _choose_series(state: AppState, files: Sequence[UploadedFile]) -> None:
    st.info(f"These files hold {len(state.choices)} series. Which one do you want to open?")
    for choice in state.choices:
        with st.container(border=True, key=f"series_{choice.key}"):
            picture, words = st.columns([1, 3], vertical_alignment="center")
            picture.image(choice.thumbnail, width=96)
            words.markdown(f"**{plain(choice.description or 'No description')}**")
            words.caption(_series_facts(choice))
            if words.button("Open this series", key=f"open_{choice.key}"):
                state.trouble = None
                _open(state, files, choice.key)
                st.rerun()


def _series_facts(choice: SeriesSummary) -> str:
    rows, columns = choice.size
    facts = [
        choice.modality or "modality not given",
        f"{choice.slices} slice{'s' if choice.slices != 1 else ''}",
        f"{columns} × {rows} pixels",
    ]
    return " · ".join([*facts, f"{choice.spacing[0]:.2f} mm apart"] if choice.spacing[0] > 0 else facts)


def labels_upload(state: AppState, case: Case) -> None:
    """Take a label map for the open CT, to compare with."""
    st.caption("A label map on this CT's grid, drawn by somebody: shown as an outline and compared by Dice.")
    files = st.file_uploader("Label map", accept_multiple_files=True, key=f"labels_{state.uploads}")
    tried = tuple(file.file_id for file in files)
    if tried != state.labels_tried:
        state.labels_tried = tried
        if files:
            case.labels_trouble = None
            _take_labels(state, case, files)
    if case.labels_trouble:
        st.error(plain(case.labels_trouble), icon=":material/error:")
    if case.reference is not None:
        st.success("This case has labels to compare with.", icon=":material/layers:")
        for note in case.reference.notes:
            st.caption(f":material/info: {plain(note)}")


def _take_labels(state: AppState, case: Case, files: Sequence[UploadedFile]) -> None:
    try:
        with st.spinner("Reading the labels…"):
            case.reference = read_uploads(files, lambda paths: read_mask(paths, case.volume))
        state.show_reference = True
    except SeveralSeries:
        case.labels_trouble = "These files hold several label series. Add the one that belongs to this CT alone."
    except LobuleError as error:
        case.labels_trouble = str(error)
    state.labels_tried = ()
    state.uploads += 1
    st.rerun()


def prepare_copy(state: AppState, case: Case) -> None:
    """Denoise or resample into a new case; the open one is not changed."""
    st.caption("The result opens as a case of its own; this one stays as it is.")
    denoise = st.selectbox("Denoise", [None, *DENOISING], format_func=_step, key="denoise")
    normalise = st.selectbox("Normalise intensities", [None, *NORMALISING], format_func=_step, key="normalise")
    spacing = None
    if case.volume.grid.has_spacing and st.checkbox("Resample to even voxels", key="resample"):
        spacing = st.number_input("Voxel size in mm", 0.5, 5.0, 1.0, 0.1, key="resample_mm")
    if not case.volume.grid.has_spacing:
        st.caption(f"Resampling needs a voxel size; here it is {spacing_text(case.volume)}.")
    steps = Preprocessing(denoise, normalise, (spacing, spacing, spacing) if spacing else None)
    if st.button("Prepare the copy", key="prepare", disabled=steps == Preprocessing()):
        bar = st.progress(0.0, "Preparing…")
        try:
            copy = preprocess(case.volume, steps, progress=bar.progress)
            state.open(copy, resample_mask(case.reference, copy.grid) if case.reference else None)
        except LobuleError as error:
            st.error(str(error))
            return
        st.rerun()


def _step(name: str | None) -> str:
    return (name or "no").capitalize()


def open_cases(state: AppState) -> None:
    """Let the reader go back to another case of this session."""
    if len(state.cases) < 2:
        return
    show_in("case", state.current)
    st.selectbox(
        "Cases open in this session",
        list(state.cases),
        format_func=lambda key: _case_title(state.cases[key]),
        key="case",
        on_change=_take_case,
        args=(state,),
    )


def _take_case(state: AppState) -> None:
    state.current = shown_in("case")


def _case_title(case: Case) -> str:
    masks = len(case.annotation)
    return f"{case.volume.source.name}: {masks} mask{'s' if masks != 1 else ''}" if masks else case.volume.source.name


def close_button(state: AppState, case: Case) -> None:
    """Close the case; ask first if masks would go with it."""
    if st.button("Close", icon=":material/close:", width="stretch", key="close"):
        if len(case.annotation):
            _confirm_close(state, case)
        else:
            state.close(case.volume.key)
            st.rerun()


@st.dialog("Close this case?")
def _confirm_close(state: AppState, case: Case) -> None:
    masks = len(case.annotation)
    gone = "Its mask goes with it. Export it" if masks == 1 else f"Its {masks} masks go with it. Export them"
    st.write(f"{gone} first to keep your work.")
    keep, close = st.columns(2)
    if keep.button("Keep it open", type="primary", width="stretch", key="keep"):
        st.rerun()
    key = case.volume.key
    if close.button("Close and discard", width="stretch", key="discard", on_click=state.close, args=(key,)):
        st.rerun()
