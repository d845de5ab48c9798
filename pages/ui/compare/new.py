"""A new comparison: on which data, which models, how many folds; done in a process of its own."""

from typing import Any

import streamlit as st

from core.errors import LobuleError
from core.learning.plan import MODELS
from core.learning.study import Study
from pages.ui.compare.state import Studies
from pages.ui.learn.data import choose_data
from pages.ui.learn.models import title_of
from pages.ui.learn.starting import folder_of, name_and_start, say_trouble, started
from pages.ui.learn.state import kept
from pages.ui.words import in_words, t


def new_study(studies: Studies) -> None:
    """Let the reader choose data, models and folds, and start."""
    st.caption(t("compare.about"))
    with st.container(border=True):
        st.markdown(f"**1 · {t('learn.step.data')}**")
        choose_data(studies.data, "compare_data")
    with st.container(border=True):
        st.markdown(f"**2 · {t('compare.step.models')}**")
        settings = _settings(studies.values)
    has_folder, has_models = bool(studies.data.folder), bool(settings["models"])
    if name := name_and_start(studies.values, "compare", "comparison", has_folder, has_models):
        _start(studies, settings, name)
    say_trouble(studies.trouble)


def _settings(values: dict[str, Any]) -> dict[str, Any]:
    titles = {str(model): title_of(model, "refiner") for model in MODELS}
    models = st.pills(
        t("compare.models"), list(titles), format_func=titles.__getitem__, selection_mode="multi",
        **kept(values, in_words("compare_models"), list(titles), by="default"),
    )  # fmt: skip
    row = st.columns(5, vertical_alignment="bottom")
    folds = row[0].number_input(
        t("learn.folds"), 2, 10, step=1, help=t("learn.folds_help"), **kept(values, "compare_folds", 3)
    )
    every = row[1].number_input(
        t("compare.every"), 1, 50, step=1, help=t("compare.every_help"), **kept(values, "compare_every", 2)
    )
    epochs = row[2].number_input(
        t("learn.epochs"), 0, 5000, step=1, help=t("compare.epochs_help"), **kept(values, "compare_epochs", 0)
    )
    seed = row[3].number_input(
        t("learn.seed"), 0, 10**6, step=1, help=t("learn.seed_help"), **kept(values, "compare_seed", 0)
    )
    full = row[4].toggle(t("learn.full"), help=t("learn.full_help"), **kept(values, "compare_full", False))
    chosen = tuple(model for model in MODELS if model in models)
    changes = {model: {"epochs": int(epochs)} for model in chosen} if epochs else None
    return {"models": chosen, "folds": int(folds), "every": int(every), "seed": int(seed), "full": full,
            "changes": changes}  # fmt: skip


def _start(studies: Studies, settings: dict[str, Any], name: str) -> None:
    data = studies.data
    studies.trouble = ""
    try:
        study = Study(
            str(folder_of(data)), level_hu=data.level_hu, width_hu=data.width_hu, values=data.values, **settings
        )
        folder = started(name, study.as_json())
    except LobuleError as error:
        studies.trouble = str(error)
        return
    studies.folder, studies.is_new, studies.case, studies.row = folder, False, "", ""
    studies.values["compare_name"] = ""
    st.rerun()
