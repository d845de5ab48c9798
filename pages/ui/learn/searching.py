"""A search for good settings on the Learn page: on which data, for which model, how many trials."""

import streamlit as st

from core.errors import LobuleError
from core.learning.trials import Search
from pages.ui.card import plain
from pages.ui.learn.data import choose_data
from pages.ui.learn.models import pick_base, pick_model
from pages.ui.learn.new import begin, folder_of, free_name
from pages.ui.learn.state import RUNS, Learning, kept
from pages.ui.words import t


def new_search(learning: Learning) -> None:
    """Let the reader choose what to search for, and start."""
    st.caption(t("learn.search_help"))
    with st.container(border=True):
        st.markdown(f"**1 · {t('learn.step.data')}**")
        choose_data(learning.data, "search_data")
    with st.container(border=True):
        st.markdown(f"**2 · {t('learn.step.search')}**")
        left, right = st.columns(2, gap="medium")
        with left:
            choice = pick_model(learning)
        with right:
            base = pick_base(learning) if choice.part else "litemedsam"
        row, values = st.columns(4), learning.values
        trials = row[0].number_input(t("learn.trials"), 2, 200, step=1, **kept(values, "search_trials", 12))
        folds = row[1].number_input(
            t("learn.folds"), 2, 10, step=1, help=t("learn.folds_help"), **kept(values, "search_folds", 3)
        )
        epochs = row[2].number_input(
            t("learn.epochs"), 1, 500, step=1, help=t("learn.search_epochs_help"), **kept(values, "search_epochs", 6)
        )
        full = row[3].toggle(t("learn.full"), help=t("learn.full_help"), **kept(values, "learn_full", False))
    name, button = st.columns([5, 1.4], vertical_alignment="bottom", gap="small")
    usual = free_name(f"search-{choice.model}")
    name.text_input(t("learn.name"), placeholder=usual, **kept(values, "search_name", ""))
    if button.button(
        t("learn.start"), type="primary", key="search_start", icon=":material/play_arrow:", width="stretch",
        disabled=not learning.data.folder, help=None if learning.data.folder else t("learn.needs_folder"),
    ):  # fmt: skip
        data = learning.data
        try:
            search = Search(
                choice.model, str(folder_of(data)), trials=int(trials), folds=int(folds), full=full,
                level_hu=data.level_hu, width_hu=data.width_hu, part=choice.part or "decoder", base=base,
                changes={"epochs": int(epochs)}, values=data.values,
            )  # fmt: skip
        except LobuleError as error:
            learning.trouble = str(error)
        else:
            chosen = values.get("search_name", "").strip() or usual
            if begin(learning, chosen, search.as_json()):
                learning.run, learning.mode = chosen, RUNS
                values["search_name"] = ""
                st.rerun()
    if learning.trouble:
        st.error(plain(learning.trouble), icon=":material/error:")
    st.caption(t("learn.own_process"))
