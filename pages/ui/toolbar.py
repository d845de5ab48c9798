"""The choices beside the picture: label of the next box, window, model, undo and how masks are shown."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import LobuleError
from core.imaging.window import PRESETS, Window
from core.segmentation import weights
from pages.ui.card import plain
from pages.ui.prompting import collect
from pages.ui.state import AppState, Case, show_in, shown_in

CUSTOM = "Custom"
HEIGHTS = {0: "Fit the window", 420: "Small", 600: "Medium", 800: "Large", 1100: "Very large", 1700: "Huge"}


def toolbar(state: AppState, case: Case) -> None:
    """Show the choices; every one is kept in the session's state."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with row:
        _label_picker(case)
    with row.popover("View", icon=":material/visibility:", width="content"):
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
    values = [label.value for label in case.annotation.labels]
    show_in("label", case.label)
    st.segmented_control(
        "The next box is",
        values,
        format_func=lambda value: plain(case.annotation.label(value).title),
        key="label",
        on_change=_take_label,
        args=(case,),
    )
    with st.popover("", icon=":material/add:", help="A label of your own"), st.form("own_label", border=False):
        st.text_input("Name of the new label", placeholder="cyst", key="label_name")
        st.form_submit_button("Add", on_click=_add_label, args=(case,))


def _add_label(case: Case) -> None:
    try:
        case.label = case.annotation.add_label(shown_in("label_name")).value
    except LobuleError as error:
        st.toast(plain(str(error)), icon=":material/error:")


def _take_label(case: Case) -> None:
    case.label = shown_in("label") or case.label


def _window_picker(case: Case) -> None:
    if not case.volume.has_hu:
        st.selectbox(
            "Window", ["Whole range"], disabled=True, key="window_none", help="Hounsfield units are not known."
        )
        return
    names = [*PRESETS, CUSTOM]
    shown = next((name for name, preset in PRESETS.items() if preset == case.window), CUSTOM)
    show_in("window", CUSTOM if case.custom_window else shown)
    st.selectbox("Window", names, format_func=_window_title, key="window", on_change=_take_window, args=(case,))


def _window_title(name: str) -> str:
    return f"{name} {PRESETS[name]}" if name in PRESETS else f"{name}…"


def _take_window(case: Case) -> None:
    name = shown_in("window")
    case.custom_window = name == CUSTOM
    case.window = PRESETS.get(name, case.window)


def model_picker(state: AppState) -> None:
    """Let the reader choose the model that answers prompts."""
    cards = {card.name: card for card in weights.available().cards}
    if cards and state.model not in cards:
        state.model = next(iter(cards))  # its file was taken away
    show_in("model", state.model if cards else None)
    st.selectbox(
        "Model",
        list(cards),
        format_func=lambda name: cards[name].title,
        key="model",
        on_change=_take_model,
        args=(state,),
        help="Put SAM or MedSAM checkpoints into the folder weights/ to see them here.",
    )


def _take_model(state: AppState) -> None:
    state.model = shown_in("model")


def _view(state: AppState, case: Case) -> None:
    """Show how to show. A popover is drawn when it is opened: its widgets need their values with them."""
    args = (state, case)
    st.slider("Opacity of masks", 0.0, 1.0, state.opacity, 0.05, key="opacity", on_change=_take_view, args=args)
    heights = list(HEIGHTS)
    at = heights.index(state.height)
    st.selectbox("Size of the picture", heights, at, HEIGHTS.__getitem__, "height", on_change=_take_view, args=args)
    if case.reference is not None:
        st.toggle("Outline of the reference", state.show_reference, key="reference", on_change=_take_view, args=args)


def _take_view(state: AppState, case: Case) -> None:
    state.opacity = shown_in("opacity")
    state.show_reference = shown_in("reference") if case.reference is not None else state.show_reference
    if state.height != shown_in("height"):
        collect(state, case)
        state.height = shown_in("height")
        case.remount()


def _custom_window(case: Case) -> None:
    """Show level and width to choose freely, where a preset is not wanted."""
    if not (case.volume.has_hu and case.custom_window):
        return
    level, width = st.columns(2, gap="small")
    show_in("level", float(case.window.level_hu))
    show_in("width", float(case.window.width_hu))
    level.number_input("Level in HU", -1024.0, 3071.0, step=10.0, key="level", on_change=_take_custom, args=(case,))
    width.number_input("Width in HU", 1.0, 8000.0, step=10.0, key="width", on_change=_take_custom, args=(case,))


def _take_custom(case: Case) -> None:
    case.window = Window(shown_in("level"), shown_in("width"))


def _history(state: AppState, case: Case, undo: DeltaGenerator, redo: DeltaGenerator) -> None:
    steps = case.annotation
    undo.button(
        "Undo",
        icon=":material/undo:",
        shortcut="Ctrl+Z",
        key="undo",
        help=f"Undo: {steps.undo_name}" if steps.undo_name else None,
        disabled=not steps.undo_name,
        on_click=_travel,
        args=(state, case, steps.undo),
        width="stretch",
    )
    redo.button(
        "Redo",
        icon=":material/redo:",
        shortcut="Ctrl+Shift+Z",
        key="redo",
        help=f"Redo: {steps.redo_name}" if steps.redo_name else None,
        disabled=not steps.redo_name,
        on_click=_travel,
        args=(state, case, steps.redo),
        width="stretch",
    )


def _travel(state: AppState, case: Case, step: Callable[[], str]) -> None:
    """Take a step back or forth, and show the slice where it made a difference."""
    collect(state, case)
    before = set(case.annotation.outlines)
    step()
    changed = {outline.z for outline in before ^ set(case.annotation.outlines)}
    case.go_to(case.z if case.z in changed or not changed else min(changed))
