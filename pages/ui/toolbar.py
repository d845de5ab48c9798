"""The choices beside the picture: label of the next box, window, model, undo and how masks are shown."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.imaging.window import PRESETS, Window
from core.segmentation import weights
from core.segmentation.segmenter import ModelCard
from pages.ui.card import plain
from pages.ui.holding import refusals
from pages.ui.prompting import collect
from pages.ui.state import AppState, Case, carrying, show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known, title

CUSTOM = "Custom"
HEIGHTS = {0: "fit", 420: "small", 600: "medium", 800: "large", 1100: "very_large", 1700: "huge"}


def toolbar(state: AppState, case: Case) -> None:
    """Show the choices; every one is kept in the session's state."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with row:
        _label_picker(case)
    with row.popover(t("toolbar.view"), icon=":material/visibility:", width="content"):
        _view(state, case)
    window, model = st.columns(2, gap="small")
    with window:
        _window_picker(case)
    with model:
        model_picker(state)
    _custom_window(case)
    undo, redo = st.columns(2, gap="small")
    _history(state, case, undo, redo)


def _label_picker(case: Case) -> None:
    names = {label.value: plain(title(label.name)) for label in case.annotation.labels}
    key = in_words("label")
    show_in(key, case.label)
    st.segmented_control(
        t("toolbar.next_box"),
        list(names),
        format_func=names.__getitem__,
        key=key,
        on_change=_take_label,
        args=(case, key),
    )
    with st.popover("", icon=":material/add:", help=t("toolbar.own_label")), st.form("own_label", border=False):
        st.text_input(t("toolbar.label_name"), placeholder=t("toolbar.label_example"), key="label_name")
        st.form_submit_button(t("toolbar.add"), on_click=_add_label, args=(case,))


def _add_label(case: Case) -> None:
    name = shown_in("label_name")
    with refusals(), case.acting({"do": "add_label", "name": name}):
        case.label = case.annotation.add_label(name).value


def _take_label(case: Case, key: str) -> None:
    case.label = shown_in(key) or case.label


def _window_picker(case: Case) -> None:
    if not case.volume.has_hu:
        whole = t("toolbar.whole_range")
        st.selectbox(t("toolbar.window"), [whole], disabled=True, key="window_none", help=t("toolbar.no_hu"))
        return
    names = {name: f"{known(name)} {window}" for name, window in PRESETS.items()} | {CUSTOM: t("toolbar.custom")}
    shown = next((name for name, preset in PRESETS.items() if preset == case.window), CUSTOM)
    key = in_words("window")
    show_in(key, CUSTOM if case.custom_window else shown)
    how: dict[str, Any] = {"format_func": names.__getitem__, "on_change": _take_window, "args": (case, key)}
    st.selectbox(t("toolbar.window"), list(names), key=key, **how)


def _take_window(case: Case, key: str) -> None:
    name = shown_in(key)
    case.custom_window = name == CUSTOM
    case.window = PRESETS.get(name, case.window)


def model_picker(state: AppState) -> None:
    """Let the reader choose the model that answers prompts."""
    cards = {card.name: card for card in weights.available().cards}
    if cards and state.model not in cards:
        state.model = next(iter(cards))  # its file was taken away
    how = carrying("model", state.model, list(cards)) if cards else {"key": "no_model"}
    st.selectbox(
        t("toolbar.model"),
        list(cards),
        format_func=lambda name: _named(cards[name], list(cards.values())),
        **how,
        on_change=_take_model,
        args=(state,),
        help=t("toolbar.model_help"),
    )


def _named(card: ModelCard, cards: list[ModelCard]) -> str:
    """Return the title of a model, with its name where another has the same title."""
    alike = sum(other.title == card.title for other in cards) > 1
    return f"{card.title} ({card.name})" if alike else card.title


def _take_model(state: AppState) -> None:
    state.model = shown_in("model")


def _view(state: AppState, case: Case) -> None:
    """Show how to show. A popover is drawn when it is opened: its widgets need their values with them."""
    how: dict[str, Any] = {"on_change": _take_view, "args": (state, case, in_words("height"))}
    st.slider(t("toolbar.opacity"), 0.0, 1.0, state.opacity, 0.05, key="opacity", **how)
    heights = {height: t(f"toolbar.size.{size}") for height, size in HEIGHTS.items()}
    at = list(heights).index(state.height)
    st.selectbox(t("toolbar.size"), list(heights), at, heights.__getitem__, key=in_words("height"), **how)
    if case.reference is not None:
        st.toggle(t("toolbar.reference"), state.show_reference, key="reference", **how)


def _take_view(state: AppState, case: Case, height: str) -> None:
    state.opacity = shown_in("opacity")
    state.show_reference = shown_in("reference") if case.reference is not None else state.show_reference
    if state.height != shown_in(height):
        collect(state, case)
        state.height = shown_in(height)
        case.remount()


def _custom_window(case: Case) -> None:
    """Show level and width to choose freely, where a preset is not wanted."""
    if not (case.volume.has_hu and case.custom_window):
        return
    level, width = st.columns(2, gap="small")
    show_in("level", float(case.window.level_hu))
    show_in("width", float(case.window.width_hu))
    level.number_input(
        t("toolbar.level"), -1024.0, 3071.0, step=10.0, key="level", on_change=_take_custom, args=(case,)
    )
    width.number_input(t("toolbar.width"), 1.0, 8000.0, step=10.0, key="width", on_change=_take_custom, args=(case,))


def _take_custom(case: Case) -> None:
    case.window = Window(shown_in("level"), shown_in("width"))


def _history(state: AppState, case: Case, undo: DeltaGenerator, redo: DeltaGenerator) -> None:
    steps = case.annotation
    undo.button(
        t("toolbar.undo"),
        icon=":material/undo:",
        shortcut="Ctrl+Z",
        key="undo",
        help=t("toolbar.undo_step", step=known(steps.undo_name)) if steps.undo_name else None,
        disabled=not steps.undo_name,
        on_click=_travel,
        args=(state, case, steps.undo),
        width="stretch",
    )
    redo.button(
        t("toolbar.redo"),
        icon=":material/redo:",
        shortcut="Ctrl+Shift+Z",
        key="redo",
        help=t("toolbar.redo_step", step=known(steps.redo_name)) if steps.redo_name else None,
        disabled=not steps.redo_name,
        on_click=_travel,
        args=(state, case, steps.redo),
        width="stretch",
    )


def _travel(state: AppState, case: Case, step: Callable[[], str]) -> None:
    """Take a step back or forth, and show the slice where it made a difference."""
    collect(state, case)
    before = set(case.annotation.outlines)
    with refusals():
        step()
    changed = {outline.z for outline in before ^ set(case.annotation.outlines)}
    case.go_to(case.z if case.z in changed or not changed else min(changed))
