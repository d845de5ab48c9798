"""Which models can be trained, what each is in a sentence, and their usual settings."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.learning.plan import MODELS, Model, Plan, usual_plan
from core.learning.settings import PARTS
from core.learning.split import Split
from core.segmentation import weights
from pages.ui.learn.state import Learning, kept
from pages.ui.state import show_in, shown_in
from pages.ui.words import ENGLISH, catalogue, in_words, t

_SAM = "sam"


@dataclass(frozen=True)
class Choice:
    """A model to pick.

    Attributes:
        key: For the state and the words.
        model: As `plan.MODELS` has it.
        part: What of SAM is trained; ``""`` for a network.
    """

    key: str
    model: Model
    part: str = ""


CHOICES: dict[str, Choice] = {
    choice.key: choice
    for model in MODELS
    for choice in ([Choice(f"{model}-{part}", model, part) for part in PARTS] if model == _SAM else
                   [Choice(model, model)])
}  # fmt: skip


def title_of(model: str, part: str = "") -> str:
    """Return what a model is called."""
    own = f"{model}-{part}" if model == _SAM else model
    return t(f"learn.model.{own}") if f"learn.model.{own}" in catalogue(ENGLISH) else model


def pick_model(learning: Learning) -> Choice:
    """Let the reader pick a model, and say what it is."""
    titles = {key: title_of(choice.model, choice.part) for key, choice in CHOICES.items()}
    key = in_words("learn_model")
    show_in(key, learning.model)
    st.selectbox(
        t("learn.model"),
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        on_change=partial(_take_model, learning, key),
    )
    chosen = CHOICES[learning.model]
    if f"learn.about.{chosen.key}" in catalogue(ENGLISH):
        st.caption(t(f"learn.about.{chosen.key}"))
    return chosen


def _take_model(learning: Learning, key: str) -> None:
    learning.model = shown_in(key)


def pick_base(learning: Learning) -> str:
    """Let the reader pick the model that SAM starts from; the default where there is but one."""
    cards = {card.name: card.title for card in weights.available().cards}
    if len(cards) < 2:
        return weights.DEFAULT
    usual = weights.DEFAULT if weights.DEFAULT in cards else next(iter(cards))
    if learning.values.get("learn_base", usual) not in cards:
        learning.values["learn_base"] = usual
    st.selectbox(
        t("learn.base"),
        list(cards),
        format_func=cards.__getitem__,
        **kept(learning.values, "learn_base", usual, list(cards)),
    )
    return str(learning.values.get("learn_base", usual))


def usual(choice: Choice, *, full: bool) -> Plan:
    """Return the usual plan of a model, on nothing yet."""
    return usual_plan(choice.model, "", Split(()), full=full)
