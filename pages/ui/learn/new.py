"""A new training on the Learn page: data, model, settings, name, and off it goes in a process of its own."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.errors import LobuleError
from core.learning.plan import Plan, usual_plan
from core.learning.split import Split
from core.learning.trials import widened
from pages.ui.learn.data import choose_data
from pages.ui.learn.models import Choice, pick_base, pick_model
from pages.ui.learn.settings import settings
from pages.ui.learn.starting import folder_of, name_and_start, say_trouble, show_started, started
from pages.ui.learn.state import Learning, kept
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
    if name := name_and_start(learning.values, "learn", choice.key, bool(learning.data.folder)):
        changes |= {"base": base} if choice.part else {}
        learning.trouble = ""
        try:
            folder = started(name, _plan(learning, choice, full, changes).as_json())
        except LobuleError as error:
            learning.trouble = str(error)
        else:
            show_started(learning, "learn", folder)
    say_trouble(learning.trouble)


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
