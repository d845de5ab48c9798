"""The viewer on the page. Streamlit only mounts it and is told when it rests; its own requests go by `routes`."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.imaging.grid import Grid
from core.imaging.volume import Volume
from core.imaging.window import PRESETS, Window
from core.scoring.errormap import COLOURS, WORDS
from pages.ui import finders, models
from pages.ui.scored import Scored
from pages.ui.state import AppState, Case, shown_in
from pages.ui.viewer.exhibit import Exhibited
from pages.ui.viewer.routes import code
from pages.ui.viewer.tokens import token_of
from pages.ui.words import catalogue, language, t
from pages.ui.words.steps import known

KEY, COMPARISON = "viewer", "comparison"
PHRASES = "viewer."
REFERENCE, PREDICTION = "#50dcff", "#ffd166"
HEIGHT = 560
_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "lobule_viewer",
    html='<div class="lobule-viewer"></div>',
    css=(_HERE / "viewer.css").read_text(encoding="utf-8"),
    js=(_HERE / "bootstrap.js").read_text(encoding="utf-8"),
)


def viewer(state: AppState, case: Case) -> None:
    """Show a case to read, prompt and edit, in all that is left of the window."""
    labels = range(1, int(case.reference.voxels.max()) + 1) if case.reference else ()
    layers = [_layer("reference", t("face.reference"), {value: REFERENCE for value in labels})] if labels else []
    _component(
        key=KEY,
        data=_place(state, case, case.volume.key, case.volume, case.volume.grid) | _work(state, case, layers),
        on_view_change=partial(_take_view, case),
        on_changed_change=lambda: None,  # the run itself is what is wanted
    )


def comparison(state: AppState, scored: Scored) -> None:
    """Show the errors of the chosen label of a comparison, to read only."""
    view, grid = scored.view, scored.pair[1].grid
    key = scored.volume.key if scored.volume else f"{id(scored):x}"
    screen = {
        "layers": _compared(view.label),
        "z": view.z + 1,
        "moves": view.moves,
        "window": {"level": view.window.level_hu, "width": view.window.width_hu},
        "label": view.label,
        "version": 0,
        "editable": False,
        "takesPoints": False,
        "pointsReason": "",
        "unsaved": False,
        "height": HEIGHT,
        "layout": "three",
    }
    _component(
        key=COMPARISON,
        data=_place(state, scored, key, scored.volume, grid) | screen,
        on_view_change=partial(_take_slice, scored),
        on_changed_change=lambda: None,
    )


def _place(state: AppState, what: Exhibited, key: str, volume: Volume | None, grid: Grid) -> dict[str, Any]:
    """Say where the voxels are, how they lie, and in what words and colours they are shown."""
    return {
        "base": f"lobule/{token_of(state, what)}/",
        "code": code(),
        "case": key,
        "shape": list(grid.shape),
        "spacing": list(grid.spacing),
        "hasSpacing": grid.has_spacing,
        "hasHu": volume is None or volume.has_hu,
        "presets": [{"name": known(name), "level": w.level_hu, "width": w.width_hu} for name, w in PRESETS.items()],
        "strings": _strings(),
        "language": language(),
        "light": st.context.theme.type == "light",
    }


def _work(state: AppState, case: Case, layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what is on the screen of a case and what can be done there."""
    card = models.chosen(state.model)
    return {
        "layers": layers,
        "z": case.z + 1,
        "moves": case.moves,
        "window": {"level": case.window.level_hu, "width": case.window.width_hu},
        "label": case.label,
        "version": case.annotation.version,
        "editable": case.may_change,
        "looksOn": not case.may_change,
        "takesPoints": bool(card and card.takes_points),
        "pointsReason": "" if card is None else t("face.no_points", title=card.title),
        "model": _way(state, case),
        **finders.told(state),
        "unsaved": case.kept is None and len(case.annotation) > 0,
    }


def _way(state: AppState, case: Case) -> str:
    """Name what encoded slices depend on: another model, or another window fed to it, has its own."""
    return f"{state.model} {case.window}" if case.feed_screen else state.model


def _compared(value: int) -> list[dict[str, Any]]:
    colours = {int(outcome): "#{:02x}{:02x}{:02x}".format(*colour) for outcome, colour in COLOURS.items()}
    names = {str(int(outcome)): known(WORDS[outcome]) for outcome in COLOURS}
    errors = _layer(f"errors-{value}", t("face.errors"), colours, kind="fill", visible=True) | {"names": names}
    prediction = _layer(f"prediction-{value}", t("face.prediction"), {1: PREDICTION})
    return [errors, prediction, _layer(f"reference-{value}", t("face.reference"), {1: REFERENCE})]


def _layer(
    name: str, title: str, colours: dict[int, str], *, kind: str = "outline", visible: bool = False
) -> dict[str, Any]:
    by_value = {str(value): colour for value, colour in colours.items()}
    return {"name": name, "title": title, "kind": kind, "colours": by_value, "visible": visible}


def _strings() -> dict[str, str]:
    """Return every word that the viewer shows, under the keys that it asks for."""
    return {key.removeprefix(PHRASES): text for key, text in catalogue(language()).items() if key.startswith(PHRASES)}


def _take_view(case: Case) -> None:
    view = shown_in(KEY)["view"]
    case.look_at(int(view["z"]) - 1)
    case.label = int(view["label"])
    if case.volume.has_hu:
        case.window = Window(float(view["level"]), float(view["width"]))


def _take_slice(scored: Scored) -> None:
    scored.view.z = min(max(int(shown_in(COMPARISON)["view"]["z"]) - 1, 0), scored.depth - 1)
