"""The viewer on the page. Streamlit only mounts it and is told when it rests; its own requests go by `routes`."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.imaging.window import PRESETS, Window
from pages.ui import models
from pages.ui.state import AppState, Case, shown_in
from pages.ui.viewer.routes import code
from pages.ui.viewer.tokens import token_of
from pages.ui.words import catalogue, language, t
from pages.ui.words.steps import known

KEY = "viewer"
WORDS = "viewer."
_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "lobule_viewer",
    html='<div class="lobule-viewer"></div>',
    css=(_HERE / "viewer.css").read_text(encoding="utf-8"),
    js=(_HERE / "bootstrap.js").read_text(encoding="utf-8"),
)


def viewer(state: AppState, case: Case) -> None:
    """Show a case to read, prompt and edit."""
    _component(
        key=KEY,
        data=_place(state, case) | _screen(state, case),
        on_view_change=partial(_take_view, case),
        on_changed_change=lambda: None,  # the run itself is what is wanted
    )


def _place(state: AppState, case: Case) -> dict[str, Any]:
    """Say where the voxels are and how they lie."""
    return {
        "base": f"lobule/{token_of(state, case)}/",
        "code": code(),
        "case": case.volume.key,
        "shape": list(case.volume.grid.shape),
        "spacing": list(case.volume.grid.spacing),
        "hasSpacing": case.volume.grid.has_spacing,
        "hasHu": case.volume.has_hu,
        "layers": [_reference(case, case.reference.voxels.max())] if case.reference else [],
    }


def _reference(case: Case, highest: int) -> dict[str, Any]:
    colours = {str(value): "#50dcff" for value in range(1, int(highest) + 1)}
    return {"name": "reference", "title": t("face.reference"), "kind": "outline", "colours": colours, "visible": False}


def _screen(state: AppState, case: Case) -> dict[str, Any]:
    """Say what is on the screen and what can be done there."""
    card = models.chosen(state.model)
    window = case.window
    return {
        "z": case.z + 1,
        "moves": case.moves,
        "window": {"level": window.level_hu, "width": window.width_hu},
        "presets": [{"name": known(name), "level": w.level_hu, "width": w.width_hu} for name, w in PRESETS.items()],
        "label": case.label,
        "version": case.annotation.version,
        "editable": True,
        "takesPoints": bool(card and card.takes_points),
        "pointsReason": "" if card is None else t("face.no_points", title=card.title),
        "unsaved": len(case.annotation) > 0,
        "strings": _strings(),
        "language": language(),
        "light": st.context.theme.type == "light",
    }


def _strings() -> dict[str, str]:
    """Return every word that the viewer shows, under the keys that it asks for."""
    return {key.removeprefix(WORDS): text for key, text in catalogue(language()).items() if key.startswith(WORDS)}


def _take_view(case: Case) -> None:
    view = shown_in(KEY)["view"]
    case.z = min(max(int(view["z"]) - 1, 0), case.volume.slices - 1)
    case.label = int(view["label"])
    if case.volume.has_hu:
        case.window = Window(float(view["level"]), float(view["width"]))
