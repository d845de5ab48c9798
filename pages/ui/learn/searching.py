"""A search for good settings on the Learn page: on which data, for which model, how many trials."""

import streamlit as st

from core.errors import LobuleError
from core.learning.trials import Search
from pages.ui.learn.data import choose_data
from pages.ui.learn.models import pick_base, pick_model
from pages.ui.learn.starting import folder_of, name_and_start, say_trouble, show_started, started
from pages.ui.learn.state import Learning, kept
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
    if name := name_and_start(values, "search", f"search-{choice.model}", bool(learning.data.folder)):
        data = learning.data
        learning.trouble = ""
        try:
            search = Search(
                choice.model, str(folder_of(data)), trials=int(trials), folds=int(folds), full=full,
                level_hu=data.level_hu, width_hu=data.width_hu, part=choice.part or "refiner", base=base,
                changes={"epochs": int(epochs)}, values=data.values,
            )  # fmt: skip
            folder = started(name, search.as_json())
        except LobuleError as error:
            learning.trouble = str(error)
        else:
            show_started(learning, "search", folder)
    say_trouble(learning.trouble)
