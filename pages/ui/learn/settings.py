"""The settings of a training: usual ones that need no touch, each to be changed by who knows why."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.learning.augmentation import NONE, USUAL
from core.learning.losses import LOSSES
from pages.ui.learn.models import Choice, usual
from pages.ui.learn.state import Learning, kept
from pages.ui.words import t

OPTIMISERS, SCHEDULES, WIDTHS = ("adamw", "adam", "sgd"), ("cosine", "polynomial", "constant"), (0.5, 1.0, 2.0)


def settings(learning: Learning, choice: Choice) -> tuple[bool, dict[str, Any]]:
    """Show the settings of a model.

    Returns:
        Whether the model is as large as in its paper, and what is changed, for `plan.usual_plan`; ``width`` among it.
    """
    values = learning.values
    with st.expander(t("learn.settings"), icon=":material/tune:"):
        full = st.toggle(t("learn.full"), help=t("learn.full_help"), **kept(values, "learn_full", False))
        size = "full" if full else "small"
        told = _schedule(values, choice, full, size) | _amount(values, choice, full, size)
    return full, told


def _schedule(values: dict[str, Any], choice: Choice, full: bool, size: str) -> dict[str, Any]:
    """Show how long and how fast it learns."""
    plan = usual(choice, full=full).settings
    row = st.columns(4)
    told: dict[str, Any] = {}

    def key(name: str) -> str:
        return f"learn_{choice.key}_{size}_{name}"

    told["epochs"] = row[0].number_input(
        t("learn.epochs"), 1, 5000, step=1, help=t("learn.epochs_help"), **kept(values, key("epochs"), plan.epochs)
    )
    told["batch"] = row[1].number_input(
        t("learn.batch"), 1, 256, step=1, help=t("learn.batch_help"), **kept(values, key("batch"), plan.batch)
    )
    told["rate"] = row[2].number_input(
        t("learn.rate"), 1e-6, 1.0, step=1e-4, format="%.2e", help=t("learn.rate_help"),
        **kept(values, key("rate"), plan.rate),
    )  # fmt: skip
    told["patience"] = row[3].number_input(
        t("learn.patience"), 0, 1000, step=1, help=t("learn.patience_help"),
        **kept(values, key("patience"), plan.patience),
    )  # fmt: skip
    row = st.columns(4)
    told["loss"] = row[0].selectbox(
        t("learn.loss"), list(LOSSES), help=t("learn.loss_help"), **kept(values, key("loss"), plan.loss, list(LOSSES))
    )
    told["optimiser"] = row[1].selectbox(
        t("learn.optimiser"), OPTIMISERS, **kept(values, key("optimiser"), plan.optimiser, OPTIMISERS)
    )
    told["schedule"] = row[2].selectbox(
        t("learn.schedule"),
        SCHEDULES,
        help=t("learn.schedule_help"),
        **kept(values, key("schedule"), plan.schedule, SCHEDULES),
    )
    told["seed"] = row[3].number_input(
        t("learn.seed"), 0, 10**6, step=1, help=t("learn.seed_help"), **kept(values, key("seed"), plan.seed)
    )
    return told


def _amount(values: dict[str, Any], choice: Choice, full: bool, size: str) -> dict[str, Any]:
    """Show how large a network is and how much an epoch sees; nothing of it is for SAM."""
    plan = usual(choice, full=full)
    if plan.network is None:
        return {}
    row = st.columns(4, vertical_alignment="bottom")
    told: dict[str, Any] = {}
    step = 16 if choice.model != "cnn" else 1

    def key(name: str) -> str:
        return f"learn_{choice.key}_{size}_{name}"

    told["side"] = row[0].number_input(
        t("learn.side"), 16, 1024, step=step, help=t("learn.side_help"),
        **kept(values, key("side"), plan.network.side),
    )  # fmt: skip
    told["examples"] = row[1].number_input(
        t("learn.examples"), 0, 10**6, step=8, help=t("learn.examples_help"),
        **kept(values, key("examples"), plan.sizing.examples),
    )  # fmt: skip
    told["width"] = row[2].selectbox(
        t("learn.width"), WIDTHS, format_func=lambda width: f"× {width:g}", help=t("learn.width_help"),
        **kept(values, key("width"), 1.0, WIDTHS),
    )  # fmt: skip
    changes = row[3].toggle(t("learn.augment"), help=t("learn.augment_help"), **kept(values, key("augment"), True))
    told["augmentation"] = USUAL if changes else NONE
    return told


def take_settings(learning: Learning, choice: Choice, full: bool, found: Mapping[str, Any]) -> None:
    """Put settings that a search has found where the form shows them."""
    size = "full" if full else "small"
    learning.model = choice.key
    learning.values["learn_full"] = full
    for name, value in found.items():
        learning.values[f"learn_{choice.key}_{size}_{name}"] = value
