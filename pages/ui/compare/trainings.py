"""How the trainings of a comparison went: a curve for every model and fold."""

from pathlib import Path

import streamlit as st

from core.learning import outcome
from core.reporting.study_plots import progress_curves
from pages.ui.learn.detail import NO_BAR
from pages.ui.learn.models import title_of
from pages.ui.state import shown_in
from pages.ui.words import in_words, t

_PLOT_PX = 400
_ALL = ""


def trainings(folder: Path) -> None:
    """Draw the loss while learning and the score on validation of every fold, of one model or all."""
    found = outcome.curves(folder)
    if not found:
        return
    models = list(dict.fromkeys(curve.model for curve in found))
    titles = {_ALL: t("compare.all_models")} | {model: title_of(model, "refiner") for model in models}
    key = in_words("trainings_model")
    st.segmented_control(
        t("learn.model"), list(titles), format_func=titles.__getitem__, key=key, default=_ALL, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    chosen = shown_in(key)
    some = [curve for curve in found if chosen in (_ALL, curve.model)]
    names = {model: f"{titles[model]}, {t('compare.fold_name', number='{fold}')}" for model in models}
    left, right = st.columns(2, gap="medium")
    losses = {"loss": t("learn.learnt_loss")} | ({"validation_loss": t("learn.validation_loss")} if chosen else {})
    for column, keys, title in (
        (left, losses, t("learn.loss")),
        (right, {"score": t("learn.score")}, t("learn.score")),
    ):
        figure = progress_curves(
            some, keys, names, axes=(t("learn.epoch"), title), height=_PLOT_PX, share="score" in keys
        )
        column.plotly_chart(figure, key=f"trainings_{'score' if column is right else 'loss'}", config=NO_BAR)
    st.caption(t("compare.curves_help"))
