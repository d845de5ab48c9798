"""The surface of each label in space: smooth, of few triangles, and as files that planners and printers open."""

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import fast_simplification
import numpy as np
import numpy.typing as npt
import trimesh

from core.errors import WriteError
from core.imaging.label import Label
from core.imaging.volume import Mask
from core.scoring.crop import joint_box
from core.scoring.elements import Kind, elements, welded

Floats = npt.NDArray[np.float64]
MOST_TRIANGLES = 50_000
_SMOOTHING = 10  # steps; each second one swells what the first shrank, so that the volume stays
_STL_HEAD = 80


@dataclass(frozen=True, eq=False)
class SurfaceMesh:
    """The closed surface of one label, its triangles facing outwards.

    Attributes:
        label: Which.
        corners: ``(n, 3)`` LPS ``(x, y, z)``, in mm; in voxels if the image has no voxel size.
        triangles: ``(m, 3)`` rows of ``corners``.
        is_mm: Whether ``corners`` are mm.
    """

    label: Label
    corners: Floats
    triangles: npt.NDArray[np.int64]
    is_mm: bool

    @property
    def volume_ml(self) -> float:
        """Volume inside of it; ``nan`` if it is not in mm. A little less than that of the voxels for small objects."""
        if not self.is_mm:
            return math.nan
        a, b, c = (self.corners[self.triangles[:, k]] for k in range(3))
        return float((a * np.cross(b, c)).sum() / 6000)


def surface_meshes(mask: Mask, labels: Iterable[Label], most: int = MOST_TRIANGLES) -> tuple[SurfaceMesh, ...]:
    """Return the surface of every label that a mask holds, smoothed; about 2 s for a liver of half a million triangles.

    Marching cubes between the voxels, Taubin smoothing, then quadric decimation.

    Args:
        mask: Labels; bool counts as label 1.
        labels: Names and colours; a value without one is left out.
        most: Triangles of all together; each label gets its share.
    """
    voxels = mask.voxels.view(np.uint8)
    found = [(label, surface) for label in labels if len((surface := _surface(voxels, label.value, mask))[1])]
    total = sum(len(triangles) for _, (_, triangles) in found)
    meshes = []
    for label, (corners, triangles) in found:
        wanted = max(4, math.floor(most * len(triangles) / total))
        meshes.append(_thin(SurfaceMesh(label, corners, triangles, mask.grid.has_spacing), wanted))
    return tuple(meshes)


def _surface(voxels: npt.NDArray[np.uint8], value: int, mask: Mask) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return corners in LPS and triangles that face outwards."""
    box = joint_box(voxels, voxels, value)
    surface = elements(np.pad(voxels[box] == value, 1), mask.grid.spacing, Kind.TRIANGLES)
    corners, triangles = welded(surface)
    start = np.array([side.start for side in box]) - 1
    inwards = (
        np.linalg.det(mask.grid.affine[:3, :3]) > 0
    )  # the table's triangles face inwards where (z, y, x) are right-handed
    return mask.grid.to_world(corners + start), triangles[:, ::-1] if inwards else triangles


def _thin(mesh: SurfaceMesh, most: int) -> SurfaceMesh:
    middle = mesh.corners.mean(axis=0)  # far from the origin, float32 would lose the last digits
    smooth = trimesh.Trimesh(mesh.corners - middle, mesh.triangles, process=False)
    trimesh.smoothing.filter_taubin(smooth, iterations=_SMOOTHING)
    corners, triangles = np.asarray(smooth.vertices), np.asarray(smooth.faces)
    if len(triangles) > most:
        corners, triangles = fast_simplification.simplify(
            corners.astype(np.float32), triangles.astype(np.int32), target_count=most
        )
    return SurfaceMesh(mesh.label, corners.astype(np.float64) + middle, triangles.astype(np.int64), mesh.is_mm)


def stl_bytes(mesh: SurfaceMesh) -> bytes:
    """Return one surface as a binary STL file, in mm, LPS, which its head says as 3D Slicer reads it.

    Raises:
        WriteError: The image has no voxel size.
    """
    _check([mesh])
    plain: bytes = trimesh.exchange.stl.export_stl(trimesh.Trimesh(mesh.corners, mesh.triangles, process=False))
    return b"Lobule, mm, SPACE=LPS".ljust(_STL_HEAD) + plain[_STL_HEAD:]


def obj_text(meshes: Sequence[SurfaceMesh]) -> str:
    """Return surfaces as one Wavefront OBJ file, an object for each label, in mm, LPS.

    Raises:
        WriteError: The image has no voxel size.
    """
    _check(meshes)
    text = io.StringIO()
    text.write("# Lobule, mm, SPACE=LPS\n")
    before = 1
    for mesh in meshes:
        text.write(f"o {'_'.join(mesh.label.name.split())}\n")
        np.savetxt(text, mesh.corners, "v %.4f %.4f %.4f")
        np.savetxt(text, mesh.triangles + before, "f %d %d %d")
        before += len(mesh.corners)
    return text.getvalue()


def _check(meshes: Sequence[SurfaceMesh]) -> None:
    if not all(mesh.is_mm for mesh in meshes):
        raise WriteError(
            "The image has no voxel size, so that a surface has no size in mm. Export NIfTI or NRRD, or open the "
            "original CT series."
        )
