"""The parts of the Open page: uploads, samples, choice of series, labels, copies, closing."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError
from core.imaging.preprocess import DENOISING, NORMALISING, Preprocessing, preprocess, resample_mask
from core.imaging.reading import SeriesSummary, SeveralSeries, read_mask, read_volume
from core.imaging.samples import SAMPLES, open_sample
from core.workspace.reference import keep_reference
from pages.ui.card import plain, spacing_text
from pages.ui.shelf import close_case, open_volume
from pages.ui.state import AppState, Case, show_in, shown_in
from pages.ui.uploads import read_uploads
from pages.ui.words import in_words, many, t
from pages.ui.words.steps import known


def samples(state: AppState) -> None:
    """Offer the samples, one button each."""
    st.markdown(f"##### {t('open.samples')}")
    for sample in SAMPLES:
        name = known(sample.title)
        if st.button(name, key=f"sample_{sample.name}", icon=":material/radiology:", width="stretch"):
            try:
                with st.spinner(t("open.opening", name=name)):
                    open_volume(state, *open_sample(sample.name))
                st.rerun()
            except LobuleError as error:
                st.error(str(error))
        st.caption(known(sample.description))


def upload(state: AppState) -> None:
    """Take files or a folder by drag and drop, read them, and put the CT on the screen."""
    st.markdown(f"##### {t('open.upload')}")
    answer = st.container()
    files_tab, folder_tab = st.tabs([t("open.files_tab"), t("open.folder_tab")])
    files = files_tab.file_uploader(
        t("open.formats"), accept_multiple_files=True, key=f"files_{state.uploads}", help=t("open.files_help")
    )
    folder = folder_tab.file_uploader(
        t("open.folder"),
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
            st.caption(t("open.as_it_was"))
        if state.choices:
            _choose_series(state, picked)
    st.caption(t("open.privacy"))


def _open(state: AppState, files: Sequence[UploadedFile], series: str | None = None) -> None:
    try:
        with st.spinner(many("open.reading", len(files))):
            open_volume(state, read_uploads(files, lambda paths: read_volume(paths, series=series)))
    except SeveralSeries as error:
        state.choices = error.choices
    except LobuleError as error:
        state.trouble = str(error)
        if series is None:  # an uploader that keeps a refused file would read it again with the next
            state.tried = ()
            state.uploads += 1
            st.rerun()
    else:
        state.uploads += 1
        st.rerun()


def _choose_series(state: AppState, files: Sequence[UploadedFile]) -> None:
    st.info(t("open.several", count=len(state.choices)))
    for choice in state.choices:
        with st.container(border=True, key=f"series_{choice.key}"):
            picture, words = st.columns([1, 3], vertical_alignment="center")
            picture.image(choice.thumbnail, width=96)
            words.markdown(f"**{plain(choice.description or t('open.no_description'))}**")
            words.caption(_series_facts(choice))
            if words.button(t("open.this_series"), key=f"open_{choice.key}"):
                state.trouble = None
                _open(state, files, choice.key)
                st.rerun()


def _series_facts(choice: SeriesSummary) -> str:
    rows, columns = choice.size
    facts = [
        choice.modality or t("open.no_modality"),
        many("open.slices", choice.slices),
        t("open.pixels", columns=columns, rows=rows),
    ]
    if choice.spacing[0] > 0:
        facts.append(t("open.apart", mm=f"{choice.spacing[0]:.2f}"))
    return " · ".join(facts)


def labels_upload(state: AppState, case: Case) -> None:
    """Take a label map for the open CT, to compare with."""
    st.caption(t("open.labels_caption"))
    files = st.file_uploader(t("open.label_map"), accept_multiple_files=True, key=f"labels_{state.uploads}")
    tried = tuple(file.file_id for file in files)
    if tried != state.labels_tried:
        state.labels_tried = tried
        if files:
            case.labels_trouble = None
            _take_labels(state, case, files)
    if case.labels_trouble:
        st.error(plain(case.labels_trouble), icon=":material/error:")
    if case.reference is not None:
        st.success(t("open.has_labels"), icon=":material/layers:")
        for note in case.reference.notes:
            st.caption(f":material/info: {plain(note)}")


def _take_labels(state: AppState, case: Case, files: Sequence[UploadedFile]) -> None:
    try:
        with st.spinner(t("open.reading_labels")):
            case.reference = read_uploads(files, lambda paths: read_mask(paths, case.volume))
        if case.kept is not None:
            keep_reference(case.kept, case.reference)
        state.show_reference = True
    except SeveralSeries:
        case.labels_trouble = t("open.several_labels")
    except LobuleError as error:
        case.labels_trouble = str(error)
    state.labels_tried = ()
    state.uploads += 1
    st.rerun()


def prepare_copy(state: AppState, case: Case) -> None:
    """Denoise or resample into a new case; the open one is not changed."""
    st.caption(t("open.copy_caption"))
    denoise, normalise = in_words("denoise"), in_words("normalise")
    ways = {step: _step(step) for step in (None, *DENOISING)}
    scales = {step: _step(step) for step in (None, *NORMALISING)}
    how: dict[str, Any] = {"on_change": _take_steps, "args": (state, denoise, normalise)}
    at = list(ways).index(state.denoise), list(scales).index(state.normalise)
    st.selectbox(t("open.denoise"), list(ways), at[0], ways.__getitem__, key=denoise, **how)
    st.selectbox(t("open.normalise"), list(scales), at[1], scales.__getitem__, key=normalise, **how)
    spacing = None
    if case.volume.grid.has_spacing and st.checkbox(t("open.resample"), key="resample"):
        spacing = st.number_input(t("open.resample_mm"), 0.5, 5.0, 1.0, 0.1, key="resample_mm")
    if not case.volume.grid.has_spacing:
        st.caption(t("open.no_resampling", size=spacing_text(case.volume)))
    steps = Preprocessing(state.denoise, state.normalise, (spacing, spacing, spacing) if spacing else None)
    if st.button(t("open.make_copy"), key="prepare", disabled=steps == Preprocessing()):
        bar = st.progress(0.0, t("open.preparing"))
        try:
            copy = preprocess(case.volume, steps, progress=bar.progress)
            open_volume(state, copy, resample_mask(case.reference, copy.grid) if case.reference else None)
        except LobuleError as error:
            st.error(str(error))
            return
        st.rerun()


def _take_steps(state: AppState, denoise: str, normalise: str) -> None:
    state.denoise, state.normalise = shown_in(denoise), shown_in(normalise)


def _step(name: str | None) -> str:
    return t(f"open.step.{(name or 'none').replace(' ', '_').replace('-', '_')}")


def open_cases(state: AppState) -> None:
    """Let the reader go back to another case of this session."""
    if len(state.cases) < 2:
        return
    key = in_words("case")
    show_in(key, state.current)
    st.selectbox(
        t("open.cases"),
        list(state.cases),
        format_func={key: _case_title(case) for key, case in state.cases.items()}.__getitem__,
        key=key,
        on_change=_take_case,
        args=(state, key),
    )


def _take_case(state: AppState, key: str) -> None:
    state.current = shown_in(key)


def _case_title(case: Case) -> str:
    name, masks = known(case.volume.source.name), len(case.annotation)
    return many("open.case_masks", masks, name=name) if masks else name


def close_button(state: AppState, case: Case) -> None:
    """Close the case; ask first if masks would go with it, for it could not be kept."""
    if st.button(t("open.close"), icon=":material/close:", width="stretch", key="close"):
        if len(case.annotation) and case.kept is None:
            st.dialog(t("open.confirm"))(_confirm_close)(state, case)
        else:
            close_case(state, case.volume.key)
            st.rerun()


def _confirm_close(state: AppState, case: Case) -> None:
    st.write(many("open.confirm_gone", len(case.annotation)))
    keep, close = st.columns(2)
    if keep.button(t("open.keep"), type="primary", width="stretch", key="keep"):
        st.rerun()
    key = case.volume.key
    if close.button(t("open.discard"), width="stretch", key="discard", on_click=close_case, args=(state, key)):
        st.rerun()
