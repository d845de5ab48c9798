"""How a training, a search and a comparison start: a name, a button, and off it goes in a process of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from core.learning import listing, runs
from core.learning.pairing import find_pairs
from pages.ui.card import plain
from pages.ui.learn.state import RUNS, Chosen, Learning, kept
from pages.ui.words import t


def name_and_start(values: dict[str, Any], key: str, beginning: str, has_folder: bool, can_start: bool = True) -> str:
    """Show a field for the name and a button that starts; return the name if it was pressed, else ``""``.

    Args:
        values: What is chosen on the page.
        key: Begins the keys of both.
        beginning: Of the name that is taken if none is typed.
        has_folder: Whether the data are chosen.
        can_start: Whether all else is.
    """
    name, button = st.columns([5, 1.4], vertical_alignment="bottom", gap="small")
    usual = _free_name(beginning)
    name.text_input(t("learn.name"), help=t("learn.name_help"), placeholder=usual, **kept(values, f"{key}_name", ""))
    pressed = button.button(
        t("learn.start"), type="primary", key=f"{key}_start", icon=":material/play_arrow:", width="stretch",
        disabled=not (has_folder and can_start), help=None if has_folder else t("learn.needs_folder"),
    )  # fmt: skip
    return (values.get(f"{key}_name", "").strip() or usual) if pressed else ""


def folder_of(data: Chosen) -> Path:
    """Return the folder of the data, whole.

    Raises:
        LobuleError: It holds nothing that belongs together.
    """
    folder = Path(data.folder).expanduser().absolute()
    find_pairs(folder)
    return folder


def started(name: str, config: Mapping[str, Any]) -> Path:
    """Start what a config describes in a process of its own, and return its folder.

    Raises:
        LobuleError: The name is taken or no name, or nothing can be written there.
    """
    folder = listing.new_folder(name)
    runs.write_config(folder, config)
    runs.start(folder)
    return folder


def show_started(learning: Learning, key: str, folder: Path) -> None:
    """Go on with the list of runs, where the new one is."""
    learning.run, learning.mode = folder.name, RUNS
    learning.values[f"{key}_name"] = ""
    st.rerun()


def say_trouble(trouble: str) -> None:
    """Say why it could not be started, and what will happen if it can."""
    if trouble:
        st.error(plain(trouble), icon=":material/error:")
    st.caption(t("learn.own_process"))


def _free_name(beginning: str) -> str:
    """Return a name that no run has yet: the beginning and a number."""
    folder = runs.runs_folder()
    number = 1
    while (folder / f"{beginning}-{number}").exists():
        number += 1
    return f"{beginning}-{number}"
