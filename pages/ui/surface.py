"""The surface of a label in three dimensions, coloured by how far it lies from the other mask's."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scoring.distancemap import SCALE
from core.scoring.scorecard import LabelScore
from core.scoring.thinning import ThinMesh
from pages.ui.scored import Scored
from pages.ui.state import show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

HEIGHT = 390
_FROM_THE_FRONT = {"eye": {"x": -0.4, "y": -1.45, "z": 0.4}, "up": {"x": 0, "y": 0, "z": 1}}
_LIGHT = {"ambient": 0.55, "diffuse": 0.6, "specular": 0.15, "roughness": 0.7}


def surface(scored: Scored, label: LabelScore) -> None:
    """Show the surface of the prediction or of the reference; built when it is looked at first."""
    key = in_words("surface_of")
    show_in(key, scored.view.surface_of)
    st.segmented_control(
        t("surface.of"),
        ["prediction", "reference"],
        format_func={which: _mask(which) for which in ("prediction", "reference")}.__getitem__,
        key=key,
        on_change=_take_surface,
        args=(scored, key),
        label_visibility="collapsed",
        required=True,
    )
    of_prediction = scored.view.surface_of == "prediction"
    with st.spinner(t("surface.building")):
        mesh = scored.mesh(label.value, of_prediction)
    if not len(mesh.triangles):
        st.info(t("surface.none", mask=_mask(scored.view.surface_of), label=known(label.name)))
        return
    st.plotly_chart(
        _figure(mesh, scored.view.limit, scored.unit()),
        key=f"surface_{label.value}_{of_prediction}",
        config={"displayModeBar": False, "scrollZoom": True},
    )
    st.caption(_words(scored, mesh))


def _mask(which: str) -> str:
    return t(f"surface.{which}")


def _take_surface(scored: Scored, key: str) -> None:
    scored.view.surface_of = shown_in(key)


def _words(scored: Scored, mesh: ThinMesh) -> str:
    other = "reference" if scored.view.surface_of == "prediction" else "prediction"
    parts = [t("surface.turn")]
    if not np.isfinite(mesh.distances_mm).all():
        parts = [t("surface.empty", mask=_mask(other))]
    if scored.unit() != "mm":
        parts.append(t("surface.no_size"))
    if mesh.merged_mm:
        parts.append(t("surface.coarse", length=f"{mesh.merged_mm:.1f}", unit=scored.unit()))
    return " ".join(parts)


def _figure(mesh: ThinMesh, limit: float, unit: str) -> go.Figure:
    z, y, x = mesh.corners_mm.astype(np.float32).T
    i, j, k = mesh.triangles.astype(np.int32).T
    drawn = go.Mesh3d(
        x=x, y=y, z=z, i=i, j=j, k=k,
        intensity=np.clip(mesh.distances_mm, -limit, limit).astype(np.float32),
        cmin=-limit, cmax=limit,
        colorscale=[[stop, f"rgb{colour}"] for stop, colour in SCALE],
        showscale=False,
        hovertext=[_hover(distance, unit) for distance in mesh.distances_mm.tolist()],
        hoverinfo="text",
        lighting=_LIGHT,
    )  # fmt: skip
    figure = go.Figure(drawn)
    axis = {"showbackground": False, "gridcolor": "#2c383f", "showspikes": False}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        uirevision="surface",
        scene={
            "aspectmode": "data",
            "camera": _FROM_THE_FRONT,
            "xaxis": {**axis, "title": t("surface.left", unit=unit)},
            "yaxis": {**axis, "title": t("surface.back", unit=unit)},
            "zaxis": {**axis, "title": t("surface.head", unit=unit)},
        },
    )
    return figure


def _hover(distance: float, unit: str) -> str:
    if not np.isfinite(distance):
        return t("surface.no_distance")
    return f"{distance:+.1f} {unit}".replace("-", "−")
