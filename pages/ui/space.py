"""The labels of the open case in three dimensions, to be turned; and the same as a file."""

import streamlit as st

from core.reporting import scene
from core.reporting.meshes import SurfaceMesh
from pages.ui.card import plain
from pages.ui.outcome import measured, outcome_of
from pages.ui.state import Case
from pages.ui.words import t
from pages.ui.words.steps import title

_HEIGHT = 490


def show(case: Case) -> None:
    """Show the surfaces of all labels together, or how far they are."""
    outcome = outcome_of(case)
    if not measured(outcome, "meshes") or outcome.meshes is None:
        return
    meshes = outcome.meshes
    figure = scene.figure(meshes, _HEIGHT)
    st.plotly_chart(figure, key=f"space_{outcome.version}", config={"displayModeBar": False, "scrollZoom": True})
    row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
    names = (
        f'<span><i style="background: {mesh.label.css}"></i>{plain(title(mesh.label.name))}</span>' for mesh in meshes
    )
    row.html(f'<p class="legend">{"".join(names)}</p>', width="stretch")
    row.download_button(
        t("outcome.space.file"),
        lambda: figure.to_html(include_plotlyjs=True).encode(),
        f"{outcome.segmented.name}-3d.html",
        key="space_file",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(_told(meshes))


def _told(meshes: tuple[SurfaceMesh, ...]) -> str:
    triangles = sum(len(mesh.triangles) for mesh in meshes)
    sides = t("outcome.space.turn", triangles=f"{triangles:,}")
    return sides if all(mesh.is_mm for mesh in meshes) else f"{sides} {t('outcome.space.voxels')}"
