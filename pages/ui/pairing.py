"""One pair on the Metrics page: which masks are compared, and what came of it."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError
from core.imaging.matching import laid_on
from core.imaging.reading import read_labels
from core.imaging.volume import Mask, Volume
from core.scoring.scorecard import present, score
from pages.ui.card import plain
from pages.ui.scored import Scored, definitions, error_map, lesions, slice_curve, tiles
from pages.ui.state import AppState, Case
from pages.ui.uploads import read_uploads


def pair(state: AppState) -> None:
    """Let the reader choose a pair, score it, and show figures and errors."""
    choose(state)
    scored = state.scored
    if scored is None:
        return
    st.subheader(scored.title, anchor=False)
    for note in scored.card.notes:
        st.caption(f":material/info: {plain(note)}")
    if not scored.card.labels:
        st.info("Neither mask holds a label: there is nothing to score.")
    else:
        for tab, label in zip(
            st.tabs([plain(label.name[:1].upper() + label.name[1:]) for label in scored.card.labels]),
            scored.card.labels,
            strict=True,
        ):
            with tab:
                tiles(scored, label)
                picture, curve = st.columns([1, 1.2], gap="large")
                with curve:
                    slice_curve(scored, label)
                    lesions(label)
                with picture:
                    error_map(scored, label)
    definitions()


def choose(state: AppState) -> None:
    """Let the reader choose what to compare, and compare it."""
    mine, files = st.tabs(["My masks on the open case", "Two label files"])
    with mine:
        _choose_case(state, state.case)
    with files:
        _choose_files(state)


def _choose_case(state: AppState, case: Case | None) -> None:
    if case is None or case.reference is None:
        st.caption("Open a CT that has labels: a sample, or one of yours with *Add labels* on its card.")
        return
    masks = len(case.annotation)
    st.caption(
        f"{plain(case.volume.source.name)}: {masks} mask{'s' if masks != 1 else ''} of yours, and its reference."
    )
    if st.button("Score my masks", type="primary", key="score_case", disabled=not masks):
        title = f"My masks on {plain(case.volume.source.name)}"
        names = {label.value: label.name for label in case.annotation.labels}
        _score(state, title, case.annotation.label_map(), case.reference, case.volume, names)


def _choose_files(state: AppState) -> None:
    left, right = st.columns(2)
    predicted = left.file_uploader("Prediction", accept_multiple_files=True, key="predicted")
    reference = right.file_uploader("Reference", accept_multiple_files=True, key="reference_file")
    if st.button("Score the files", type="primary", key="score_files", disabled=not (predicted and reference)):
        try:
            with st.spinner("Reading the labels…"):
                truth = _labels(reference)
                mask = laid_on(_labels(predicted), truth.grid, "the prediction", "the reference")
        except LobuleError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        _score(state, f"{plain(predicted[0].name)} against {plain(reference[0].name)}", mask, truth, None)


def _labels(files: Sequence[UploadedFile]) -> Mask:
    return read_uploads(files, read_labels)


def _score(
    state: AppState,
    title: str,
    predicted: Mask,
    reference: Mask,
    volume: Volume | None,
    names: Mapping[int, str] | None = None,
) -> None:
    found = present(predicted.voxels, reference.voxels)
    labels = {value: (names or {}).get(value, name) for value, name in found.items()}
    with st.spinner("Scoring… (the first time takes some seconds longer)"):
        card = score(predicted, reference, labels=labels)
    worst = (predicted.voxels != reference.voxels).sum(axis=(1, 2)).argmax()
    state.scored = Scored(title, predicted, reference, card, volume, int(worst))
