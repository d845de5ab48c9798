"""One training on the Learn page: how far, its curves, its log, and what can be done with it."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.learning import listing
from core.learning.jobs import SPLIT
from core.learning.listing import Listed
from core.learning.outcome import Curve
from core.learning.runs import BEST
from core.learning.split import Split
from core.reporting.study_plots import progress_curves
from pages.ui.card import plain
from pages.ui.learn.acts import buttons, how_far
from pages.ui.learn.models import title_of
from pages.ui.learn.state import Learning
from pages.ui.learn.using import use
from pages.ui.state import AppState
from pages.ui.words import t

_PLOT_PX = 290
NO_BAR = {"displayModeBar": False}


def training(state: AppState, learning: Learning, one: Listed) -> None:
    """Show a training.

    Args:
        state: Of the session.
        learning: Of the page.
        one: The training.
    """
    head = st.container(horizontal=True, vertical_alignment="center", gap="small")
    title = title_of(one.config["model"], one.config.get("part", ""))
    head.subheader(f"{plain(one.name)} · {title}", anchor=False, width="stretch")
    with head:
        if (one.folder / BEST).is_file():
            use(state, learning, one)
        buttons(one, lambda: setattr(learning, "run", ""))
    how_far(one, "epoch")
    if one.name in learning.named:
        st.success(_named(one, learning.named[one.name]), icon=":material/check:")
    log = one.progress.epochs_log
    if log:
        _best(log)
        _curves(one)
    else:
        st.caption(t("learn.no_epoch"))
    _facts(one)
    _log(one)


def _named(one: Listed, name: str) -> str:
    words = "learn.added_sam" if one.config["model"] == "sam" else "learn.added_network"
    return t(words, name=plain(name))


def _best(log: Any) -> None:
    """Show the figures of the epoch that was best on validation."""
    best = max(log, key=lambda line: line["score"])
    figures = {
        t("learn.best_epoch"): f"{best['epoch']:.0f}",
        t("learn.dice_liver"): _figure(best.get("dice_liver")),
        t("learn.dice_tumour"): _figure(best.get("dice_tumour")),
        t("learn.seconds"): f"{sum(line['seconds'] for line in log) / len(log):.1f}",
    }
    with st.container(key="tiles"):
        for column, (words, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
            column.metric(words, value)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _curves(one: Listed) -> None:
    """Draw the losses and the Dice over the epochs."""
    curve, own = [Curve(0, "run", one.progress.epochs_log)], {"run": ""}
    losses = {"loss": t("learn.learnt_loss"), "validation_loss": t("learn.validation_loss")}
    dice = {"dice_liver": t("learn.dice_liver"), "dice_tumour": t("learn.dice_tumour")}
    for column, keys, title in zip(st.columns(2), (losses, dice), (t("learn.loss"), t("learn.dice")), strict=True):
        figure = progress_curves(curve, keys, own, axes=(t("learn.epoch"), title), height=_PLOT_PX, share=keys is dice)
        column.plotly_chart(figure, key=f"run_curve_{'loss' if keys is losses else 'dice'}", config=NO_BAR)
    st.caption(t("learn.curves_help"))


def _facts(one: Listed) -> None:
    """Say on what it is trained, and how."""
    config = one.config
    split = _split(one)
    told = {
        t("learn.fact.data"): Path(config["data"]).name,
        t("learn.fact.train"): ", ".join(split.train) or t("learn.fact.not_drawn"),
        t("learn.fact.validation"): ", ".join(split.validation) or "–",
        t("learn.fact.window"): f"W{config['window']['width_hu']:g} L{config['window']['level_hu']:g}",
        t("learn.settings"): ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                                       for name, value in config["settings"].items()),
        t("learn.licence"): config["licence"],
    }  # fmt: skip
    with st.expander(t("learn.facts"), icon=":material/info:"):
        st.table({name: plain(str(value)) for name, value in told.items()}, border="horizontal", hide_header=True)


def _split(one: Listed) -> Split:
    path = one.folder / SPLIT
    if path.is_file():
        return Split.read(path)
    return Split(**{side: tuple(names) for side, names in one.config["split"].items()})


def _log(one: Listed) -> None:
    with st.expander(t("learn.log"), icon=":material/notes:"):
        rows = [{name: float(value) for name, value in line.items()} for line in reversed(one.progress.epochs_log)]
        if rows:
            st.dataframe(rows, hide_index=True, height=38 + 35 * min(len(rows), 6))
        st.code(listing.printed(one.folder).strip() or t("learn.nothing_printed"), language=None, height=160)
        st.caption(t("learn.where", folder=plain(str(one.folder))))
