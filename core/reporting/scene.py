"""The labels in three dimensions: to be turned in a browser, and as a picture where nothing can be turned."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from PIL import Image, ImageDraw

from core.imaging.picture import RGB, Pixels
from core.imaging.volume import LIVER
from core.reporting.meshes import SurfaceMesh

_GLASS = 0.28  # how much of what lies behind the liver's surface it hides
_LIGHT = np.array((-0.35, -0.85, 0.4))  # from where the reader is, on the screen: right, away, up
_TURN, _TILT = np.radians(17), np.radians(12)  # from the right of the front, a little from above
_EDGE = 0.04  # of the picture, left free around
_FINE = 2  # drawn this much larger, then made smaller, for smooth edges


def figure(meshes: Sequence[SurfaceMesh], height: int = 460) -> go.Figure:
    """Return the labels as a plotly figure, seen from the front; the patient's left is on the right.

    Args:
        meshes: From `meshes.surface_meshes`.
        height: In pixels of the screen.
    """
    shown = go.Figure()
    unit = "mm" if all(mesh.is_mm for mesh in meshes) else "voxels"
    for mesh in meshes:
        x, y, z = mesh.corners.T.round(2)
        i, j, k = mesh.triangles.T
        shown.add_mesh3d(
            x=x, y=y, z=z, i=i, j=j, k=k, color=mesh.label.css, hoverinfo="skip",
            opacity=_GLASS if mesh.label.value == LIVER else 1.0,
            lighting={"ambient": 0.65, "diffuse": 0.5, "specular": 0.1, "roughness": 0.8},
            lightposition={"x": -3000, "y": -10000, "z": 6000},
        )  # fmt: skip
    axes = {f"{axis}axis": {"title": f"{axis} / {unit}", "showbackground": False} for axis in "xyz"}
    view = {"eye": {"x": -0.4, "y": -1.3, "z": 0.3}}
    shape = {"aspectmode": "manual", "aspectratio": _sides(meshes)}
    margin = dict.fromkeys("lrtb", 0)
    shown.update_layout(scene={**shape, "camera": view, **axes}, height=height, margin=margin, showlegend=False)
    return shown


def _sides(meshes: Sequence[SurfaceMesh]) -> dict[str, float]:
    """Return the sides of the box around all, the longest 1: true to the patient, and always in sight."""
    every = np.concatenate([mesh.corners for mesh in meshes] or [np.zeros((1, 3)), np.ones((1, 3))])
    spans = np.ptp(every, axis=0)
    return dict(zip("xyz", (spans / spans.max()).tolist(), strict=True))


def picture(meshes: Sequence[SurfaceMesh], size: tuple[int, int] = (420, 520), ground: RGB = (255, 255, 255)) -> Pixels:
    """Draw the labels seen from the front, the patient's left on the right, the liver as of glass.

    Args:
        meshes: From `meshes.surface_meshes`.
        size: Rows and columns.
        ground: Colour behind.

    Returns:
        ``(rows, columns, 3)`` uint8; plain ground without a mesh.
    """
    fine = (size[0] * _FINE, size[1] * _FINE)
    canvas = Image.new("RGB", fine[::-1], ground)
    if meshes:
        turned = [mesh.corners @ _view().T for mesh in meshes]
        placed = _placed(turned, fine)
        solid = [at for at, mesh in enumerate(meshes) if mesh.label.value != LIVER]
        glass = [at for at, mesh in enumerate(meshes) if mesh.label.value == LIVER]
        _draw(canvas, [(placed[at], meshes[at]) for at in solid])
        for at in glass:
            layer = canvas.copy()
            _draw(layer, [(placed[at], meshes[at])])
            canvas = Image.blend(canvas, layer, _GLASS)
    return np.asarray(canvas.resize(size[::-1], Image.Resampling.LANCZOS))


def _view() -> npt.NDArray[np.float64]:
    """Return the rotation from LPS to (right on the screen, away from the reader, up on the screen)."""
    c, s, d, t = np.cos(_TURN), np.sin(_TURN), np.cos(_TILT), np.sin(_TILT)
    return np.asarray(np.array([[1, 0, 0], [0, d, -t], [0, t, d]]) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]))


def _placed(turned: list[npt.NDArray[np.float64]], size: tuple[int, int]) -> list[npt.NDArray[np.float64]]:
    """Scale all meshes alike to fill the picture; columns stay (right, away, up), in pixels."""
    every = np.concatenate(turned)
    low, high = every.min(axis=0), every.max(axis=0)
    scale = (1 - 2 * _EDGE) * min(size[1] / max(high[0] - low[0], 1e-9), size[0] / max(high[2] - low[2], 1e-9))
    middle = (low + high) / 2
    return [(corners - middle) * scale + (size[1] / 2, 0, size[0] / 2) for corners in turned]


def _draw(canvas: Image.Image, meshes: list[tuple[npt.NDArray[np.float64], SurfaceMesh]]) -> None:
    """Draw the triangles that face the reader, the farthest first."""
    faces, colours = [], []
    for corners, mesh in meshes:
        triangles = corners[mesh.triangles]
        normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        lengths = np.linalg.norm(normals, axis=1)
        towards = (normals[:, 1] < 0) & (lengths > 0)
        shine = normals[towards] / lengths[towards, None] @ (_LIGHT / np.linalg.norm(_LIGHT))
        shade = 0.4 + 0.6 * np.clip(shine, 0, 1)
        faces.append(triangles[towards])
        colours.append(np.rint(shade[:, None] * np.asarray(mesh.label.colour)).astype(np.uint8))
    every, shades = np.concatenate(faces), np.concatenate(colours)
    flat = np.stack([every[..., 0], canvas.height - every[..., 2]], axis=-1)
    pen = ImageDraw.Draw(canvas)
    for at in np.argsort(-every[..., 1].mean(axis=1), kind="stable").tolist():
        colour = tuple(shades[at].tolist())
        pen.polygon(flat[at].ravel().tolist(), fill=colour, outline=colour)
