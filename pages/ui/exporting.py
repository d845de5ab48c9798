"""What can be taken away of a case: links to the app's own route, which makes each file when it is asked for.

Streamlit's downloads hold what was there when the page was drawn last, and their addresses die with the next drawing;
the viewer draws and changes without either.
"""

import re
from collections.abc import Callable
from html import escape
from pathlib import PurePath

import streamlit as st

from core.editing.proposing import proposals
from core.editing.record import prompts_json
from core.imaging.picture import png
from core.imaging.writing import mask_bytes
from core.workspace.audit import audit_json
from core.workspace.kept import KeptCase
from core.workspace.ledger import ledger, ledger_csv
from pages.ui.painting import painted
from pages.ui.state import AppState, Case
from pages.ui.viewer.tokens import token_of
from pages.ui.words import many, t

LABELS = {"labels.nii.gz": ".nii.gz", "labels.seg.nrrd": ".seg.nrrd"}
PROMPTS = "prompts.json"
RECORD, LEDGER = "record.json", "ledger.csv"
_OF_KEPT: dict[str, Callable[[KeptCase], str]] = {RECORD: audit_json, LEDGER: lambda kept: ledger_csv(ledger(kept))}
_SLICE = re.compile(r"slice(\d{1,6})\.png")


def exports(state: AppState, case: Case) -> None:
    """Offer the label map, the slice as a picture and the prompts as downloads."""
    with st.popover(t("export.title"), icon=":material/download:", width="content", disabled=not len(case.annotation)):
        st.caption(t("export.caption"))
        if waiting := len(proposals(case.annotation)):
            st.caption(many("export.proposals", waiting))
        offered = {
            "labels.nii.gz": t("export.nifti"),
            "labels.seg.nrrd": t("export.nrrd"),
            f"slice{case.z + 1}.png": t("export.png", slice=case.z + 1),
            PROMPTS: t("export.prompts"),
        }
        links = (link(state, case, file, words) for file, words in offered.items())
        st.html(f'<nav class="exports">{"".join(links)}</nav>')
        st.page_link("results.py", label=t("export.more"), icon=":material/monitoring:")


def link(state: AppState, case: Case, file: str, words: str) -> str:
    """Return the link to a file of a case, as HTML."""
    return f'<a download href="lobule/{token_of(state, case)}/export/{file}">{escape(words)}</a>'


def exported(state: AppState, case: Case, file: str) -> bytes | None:
    """Return a file of those that `exports` offers, of what is drawn now; None if there is no such file."""
    if file in LABELS:
        with case.turn:  # not while it is packed: that takes seconds, and the next edit must not wait for it
            mask, labels = case.annotation.label_map(), case.annotation.labels
        return mask_bytes(mask, case.volume, LABELS[file], labels)
    with case.turn:
        if file == PROMPTS:
            return prompts_json(case.annotation, case.volume).encode()
        if file in _OF_KEPT:
            return _OF_KEPT[file](case.kept).encode() if case.kept else None
        number = _SLICE.fullmatch(file)
        if number is None or not 1 <= int(number[1]) <= case.volume.slices:
            return None
        return png(painted(state, case, int(number[1]) - 1))


def file_name(case: Case, file: str) -> str:
    """Return what a file is called on the reader's disk: nothing in it says whose CT it is."""
    return f"lobule-{case.volume.key[:8]}-{PurePath(file).name}"
