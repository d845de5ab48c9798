"""The surface of a label in three dimensions, coloured by how far it lies from the other mask's."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scoring.distancemap import SCALE
from core.scoring.scorecard import LabelScore
from core.scoring.thinning import ThinMesh
from pages.ui.scored import Scored
from pages.ui.state import show_in, shown_in

HEIGHT = 390
_FROM_THE_FRONT = {"eye": {"x": -0.4, "y": -1.45, "z": 0.4}, "up": {"x": 0, "y": 0, "z": 1}}
_LIGHT = {"ambient": 0.55, "diffuse": 0.6, "specular": 0.15, "roughness": 0.7}


def surface(scored: Scored, label: LabelScore) -> None:
    """Show the surface of the prediction or of the reference; built when it is looked at first."""
    show_in("surface_of", scored.view.surface_of)
    st.segmented_control(
        "Surface of the",
        ["prediction", "reference"],
        key="surface_of",
        on_change=_take_surface,
        args=(scored,),
        label_visibility="collapsed",
        required=True,
    )
    of_prediction = scored.view.surface_of == "prediction"
    with st.spinner("Building the surface…"):
        mesh = scored.mesh(label.value, of_prediction)
    if not len(mesh.triangles):
        st.info(f"The {scored.view.surface_of} holds no {label.name}: there is no surface to show.")
        return
    st.plotly_chart(
        _figure(mesh, scored.view.limit, scored.unit()),
        key=f"surface_{label.value}_{of_prediction}",
        config={"displayModeBar": False, "scrollZoom": True},
    )
    st.caption(_words(scored, mesh))


def _take_surface(scored: Scored) -> None:
    scored.view.surface_of = shown_in("surface_of")


def _words(scored: Scored, mesh: ThinMesh) -> str:
    other = "reference" if scored.view.surface_of == "prediction" else "prediction"
    parts = ["Drag to turn, wheel to zoom. Red: the prediction is too large there; blue: too small."]
    if not np.isfinite(mesh.distances_mm).all():
        parts = [f"The {other} is empty: there is no distance to colour by."]
    if scored.unit() != "mm":
        parts.append(
            "The files give no voxel size: lengths are steps of one voxel, not mm, and shapes may be squeezed."
        )
    if mesh.merged_mm:
        parts.append(f"Drawn coarser than measured: details below {mesh.merged_mm:.1f} {scored.unit()} are smoothed.")
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
            "xaxis": {**axis, "title": f"left ({unit})"},
            "yaxis": {**axis, "title": f"back ({unit})"},
            "zaxis": {**axis, "title": f"head ({unit})"},
        },
    )
    return figure


def _hover(distance: float, unit: str) -> str:
    if not np.isfinite(distance):
        return "no distance"
    return f"{distance:+.1f} {unit}".replace("-", "−")
