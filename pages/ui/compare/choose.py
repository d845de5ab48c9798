"""Which comparison is looked at: one of this computer, the one that comes with Lobule, or a new one."""

from functools import partial
from pathlib import Path

import streamlit as st

from core.learning.listing import Kind, listed
from core.learning.published import SHIPPED
from core.learning.runs import CONFIG, runs_folder
from pages.ui.compare.state import Studies
from pages.ui.here import is_here
from pages.ui.state import show_in, shown_in
from pages.ui.words import in_words, t


def choose(studies: Studies) -> Path | None:
    """Let the reader pick a comparison or begin a new one; None if there is none."""
    folders = ([one.folder for one in listed(runs_folder(), Kind.STUDY)] if is_here() else []) + _shipped()
    if studies.folder not in folders:
        studies.folder = folders[0] if folders else None
    if folders:
        _pick(studies, folders)
    st.button(
        t("compare.back" if studies.is_new else "compare.new"),
        key="compare_new",
        icon=":material/arrow_back:" if studies.is_new else ":material/add:",
        on_click=_turn,
        args=(studies,),
        disabled=not is_here(),
    )
    return studies.folder


def _pick(studies: Studies, folders: list[Path]) -> None:
    titles = {str(folder): title_of(folder) for folder in folders}
    key = in_words("compare_study")
    show_in(key, str(studies.folder))
    st.selectbox(
        t("compare.study"), list(titles), format_func=titles.__getitem__, key=key, width=420,
        label_visibility="collapsed", on_change=partial(_take, studies, key), disabled=studies.is_new,
    )  # fmt: skip


def title_of(folder: Path) -> str:
    """Return what a comparison is called."""
    return t("compare.shipped") if folder == SHIPPED else folder.name


def _take(studies: Studies, key: str) -> None:
    studies.folder, studies.case, studies.row, studies.is_new = Path(shown_in(key)), "", "", False


def _turn(studies: Studies) -> None:
    studies.is_new, studies.trouble = not studies.is_new, ""


def _shipped() -> list[Path]:
    return [SHIPPED] if (SHIPPED / CONFIG).is_file() else []
