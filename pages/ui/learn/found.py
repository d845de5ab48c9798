"""A search for settings on the Learn page: what was tried, what was best, and a training with it."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.learning import listing
from core.learning.listing import Listed
from core.learning.trials import Fate, Trial, best_trial, read_trials
from core.reporting.study_plots import MEAN, PICKED, POINT
from pages.ui.card import plain
from pages.ui.learn.acts import buttons, how_far
from pages.ui.learn.detail import NO_BAR
from pages.ui.learn.models import CHOICES, title_of
from pages.ui.learn.settings import take_settings
from pages.ui.learn.state import NEW, Learning
from pages.ui.state import AppState
from pages.ui.words import t

_PLOT_PX = 260


def search(state: AppState, learning: Learning, one: Listed) -> None:
    """Show a search.

    Args:
        state: Of the session.
        learning: Of the page.
        one: The search.
    """
    told = one.config["search"]
    trials = read_trials(one.folder)
    best = best_trial(trials)
    head = st.container(horizontal=True, vertical_alignment="center", gap="small")
    head.subheader(f"{plain(one.name)} · {title_of(told['model'], told['part'])}", anchor=False, width="stretch")
    with head:
        if best is not None:
            st.button(
                t("learn.use_best"), key="search_use", icon=":material/tune:", type="primary", on_click=_take,
                args=(learning, told, best), help=t("learn.use_best_help"),
            )  # fmt: skip
        buttons(one, lambda: setattr(learning, "run", ""))
    how_far(one, "trial")
    if trials:
        figure = _figure(trials, best)
        st.plotly_chart(figure, key="search_plot", config=NO_BAR)
        st.dataframe(_rows(trials), hide_index=True, height=38 + 35 * min(len(trials), 8), placeholder="–")
        st.caption(t("learn.trials_help"))
    with st.expander(t("learn.log"), icon=":material/notes:"):
        st.code(listing.printed(one.folder).strip() or t("learn.nothing_printed"), language=None, height=160)


def _take(learning: Learning, told: dict[str, Any], best: Trial) -> None:
    """Put the best settings into the form of a new training, on the same data."""
    key = next(
        key for key, choice in CHOICES.items()
        if choice.model == told["model"] and choice.part in ("", told["part"])
    )  # fmt: skip
    take_settings(learning, CHOICES[key], bool(told["full"]), best.settings)
    learning.data.folder = told["data"]
    learning.mode = NEW


def _rows(trials: list[Trial]) -> list[dict[str, Any]]:
    return [
        {
            t("learn.trial"): trial.number + 1,
            t("learn.score"): trial.score,
            t("learn.fate"): t(f"learn.fate.{trial.fate}"),
            t("learn.rate"): f"{trial.settings['rate']:.2e}",
            t("learn.loss"): trial.settings["loss"],
            t("learn.width"): f"× {trial.settings['width']:g}" if "width" in trial.settings else "–",
            t("learn.epochs"): len(trial.curve),
        }
        for trial in sorted(trials, key=lambda trial: -(trial.score or 0))
    ]


def _figure(trials: list[Trial], best: Trial | None) -> go.Figure:
    """Draw the score of every trial over the rate of learning."""
    figure = go.Figure()
    for fate, colour, symbol in ((Fate.DONE, POINT, "circle"), (Fate.PRUNED, MEAN, "x")):
        some = [trial for trial in trials if trial.fate is fate and trial.score is not None]
        figure.add_scatter(
            x=[trial.settings["rate"] for trial in some], y=[trial.score for trial in some], mode="markers",
            marker={"color": [PICKED if trial == best else colour for trial in some], "size": 11, "symbol": symbol},
            text=[f"{trial.number + 1} · {trial.settings['loss']}" for trial in some], name=t(f"learn.fate.{fate}"),
            hovertemplate="%{text}<br>%{x:.2e}: %{y:.3f}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=_PLOT_PX, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False,
        xaxis={"type": "log", "title": t("learn.rate"), "automargin": True, "exponentformat": "power"},
        yaxis={"title": t("learn.score"), "automargin": True}, legend={"orientation": "h", "y": 1.15, "x": 0},
    )  # fmt: skip
    return figure
