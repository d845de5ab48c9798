"""A new training on the Learn page: data, model, settings, name, and off it goes in a process of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import LobuleError
from core.learning import listing, runs
from core.learning.pairing import find_pairs
from core.learning.plan import Plan, usual_plan
from core.learning.split import Split
from core.learning.trials import widened
from pages.ui.card import plain
from pages.ui.learn.data import choose_data
from pages.ui.learn.models import Choice, pick_base, pick_model
from pages.ui.learn.settings import settings
from pages.ui.learn.state import RUNS, Chosen, Learning, kept
from pages.ui.words import t


def new_training(learning: Learning) -> None:
    """Let the reader choose data, model and settings, and start."""
    with st.container(border=True):
        st.markdown(f"**1 · {t('learn.step.data')}**")
        choose_data(learning.data, "learn_data")
    with st.container(border=True):
        st.markdown(f"**2 · {t('learn.step.model')}**")
        left, right = st.columns(2, gap="medium")
        with left:
            choice = pick_model(learning)
        with right:
            base = pick_base(learning) if choice.part else ""
            st.text_input(
                t("learn.licence"), help=t("learn.licence_help"), placeholder=t("learn.licence_hint"),
                **kept(learning.values, "learn_licence", ""),
            )  # fmt: skip
        full, changes = settings(learning, choice)
    name, button = st.columns([5, 1.4], vertical_alignment="bottom", gap="small")
    usual = free_name(choice.key)
    name.text_input(
        t("learn.name"), help=t("learn.name_help"), placeholder=usual, **kept(learning.values, "learn_name", "")
    )
    if button.button(
        t("learn.start"), type="primary", key="learn_start", icon=":material/play_arrow:", width="stretch",
        disabled=not learning.data.folder, help=None if learning.data.folder else t("learn.needs_folder"),
    ):  # fmt: skip
        changes |= {"base": base} if choice.part else {}
        _start(learning, choice, full, changes, learning.values.get("learn_name", "").strip() or usual)
    if learning.trouble:
        st.error(plain(learning.trouble), icon=":material/error:")
    st.caption(t("learn.own_process"))


def free_name(beginning: str) -> str:
    """Return a name that no run has yet: the beginning and a number."""
    folder = runs.runs_folder()
    number = 1
    while (folder / f"{beginning}-{number}").exists():
        number += 1
    return f"{beginning}-{number}"


def begin(learning: Learning, name: str, config: dict[str, Any]) -> bool:
    """Start a run of some config in a process of its own; False, with the trouble told, if that cannot be."""
    learning.trouble = ""
    try:
        folder = listing.new_folder(name)
        runs.write_config(folder, config)
        runs.start(folder)
    except LobuleError as error:
        learning.trouble = str(error)
        return False
    return True


def folder_of(data: Chosen) -> Path:
    """Return the folder of the data, whole.

    Raises:
        LobuleError: It holds nothing that belongs together.
    """
    folder = Path(data.folder).expanduser().absolute()
    find_pairs(folder)
    return folder


def _start(learning: Learning, choice: Choice, full: bool, changes: dict[str, Any], name: str) -> None:
    try:
        plan = _plan(learning, choice, full, changes)
    except LobuleError as error:
        learning.trouble = str(error)
        return
    if begin(learning, name, plan.as_json()):
        learning.run, learning.mode = name, RUNS
        learning.values["learn_name"] = ""
        st.rerun()


def _plan(learning: Learning, choice: Choice, full: bool, changes: dict[str, Any]) -> Plan:
    """Return what is to be trained; who is learnt from is drawn when the process has read the data."""
    data, width = learning.data, changes.pop("width", 1.0)
    licence = learning.values.get("learn_licence", "").strip()
    changes |= {"part": choice.part} if choice.part else {}
    changes |= {"licence": licence} if licence else {}
    plan = usual_plan(
        choice.model, str(folder_of(data)), Split(()), full=full, window=data.window, values=data.values, **changes
    )
    if plan.network is None or width == 1:
        return plan
    return replace(plan, network=widened(plan.network, width))
