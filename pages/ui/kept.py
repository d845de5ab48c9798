"""Encoded slices on disk: how much room they take, at most how much, and forgetting them."""

import streamlit as st

from core.segmentation.embedding_files import EmbeddingFiles
from pages.ui import models
from pages.ui.state import shown_in
from pages.ui.words import t

_GB = 1 << 30
_MB = 1 << 20
LIMITS_GB = (1, 2, 4, 8, 16)


def kept_slices() -> None:
    """Say what is kept of all CTs of all sessions, and offer to forget it."""
    files = models.embeddings().files
    if files is None:
        return
    st.caption(t("kept.size", megabytes=round(files.nbytes / _MB)))
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    row.selectbox(
        t("kept.limit"),
        LIMITS_GB,
        _nearest(files.limit_bytes),  # with it: a popover is drawn when it is opened
        format_func=lambda gigabytes: f"{gigabytes} GB",
        key="kept_limit",
        on_change=_take_limit,
        args=(files,),
        help=t("kept.limit_help"),
    )
    row.button(
        t("kept.forget"),
        key="forget_kept",
        icon=":material/delete_sweep:",
        on_click=_forget,
        help=t("kept.forget_help"),
    )


def _nearest(limit_bytes: int) -> int:
    """Return the place of the limit in the list."""
    return min(range(len(LIMITS_GB)), key=lambda k: abs(LIMITS_GB[k] * _GB - limit_bytes))


def _take_limit(files: EmbeddingFiles) -> None:
    files.limit_bytes = shown_in("kept_limit") * _GB


def _forget() -> None:
    models.embeddings().forget()
