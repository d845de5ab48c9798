import io

import numpy as np
import pytest
import trimesh

from core.errors import WriteError
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS
from core.imaging.volume import Mask
from core.reporting import meshes, scene

SHAPE = (22, 40, 46)
OBLIQUE = np.array(((0, 0, 1), (-0.6, 0.8, 0), (0.8, 0.6, 0)))  # columns: where z, y and x grow to
MIRRORED = np.array(((0, 0, -1), (0, 1, 0), (1, 0, 0)))
LIVER, TUMOUR = DEFAULT_LABELS


def ball(grid: Grid, radius_mm: float = 14.0, at: tuple[float, float, float] = (10, 20, 22)) -> np.ndarray:
    places = grid.to_world(np.stack(np.indices(grid.shape), axis=-1))
    return np.linalg.norm(places - grid.to_world(at), axis=-1) <= radius_mm


def mask_of(grid: Grid) -> Mask:
    voxels = ball(grid).astype(np.uint8)
    voxels[ball(grid, 5.0)] = 2
    return Mask(voxels, grid)


def loaded(mesh: meshes.SurfaceMesh) -> trimesh.Trimesh:
    return trimesh.load(io.BytesIO(meshes.stl_bytes(mesh)), file_type="stl")


@pytest.mark.parametrize("direction", [None, OBLIQUE, MIRRORED], ids=["straight", "oblique", "mirrored"])
def test_the_file_holds_a_closed_surface_where_the_object_lies_in_the_patient(direction: np.ndarray | None) -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8), (-31.0, 55.0, -400.0), direction)

    mesh = loaded(meshes.surface_meshes(mask_of(grid), DEFAULT_LABELS)[1])

    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 5**3, rel=0.05)  # and so not inside out
    assert mesh.center_mass == pytest.approx(grid.to_world((10, 20, 22)), abs=0.2)


def test_the_volume_of_the_surface_is_that_of_the_voxels() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))
    mask = Mask(ball(grid), grid)

    (mesh,) = meshes.surface_meshes(mask, [LIVER])

    assert mesh.volume_ml == pytest.approx(np.count_nonzero(mask.voxels) * grid.voxel_ml, rel=0.01)


def test_all_labels_together_keep_to_the_number_of_triangles() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))
    found = meshes.surface_meshes(mask_of(grid), DEFAULT_LABELS, most=900)

    assert [mesh.label for mesh in found] == [LIVER, TUMOUR]
    assert 600 < sum(len(mesh.triangles) for mesh in found) <= 900
    assert found[1].volume_ml == pytest.approx(4 / 3 * np.pi * 0.125, rel=0.1)


def test_smoothing_takes_the_steps_out_of_a_surface() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))

    (mesh,) = meshes.surface_meshes(Mask(ball(grid), grid), [LIVER])

    radii = np.linalg.norm(mesh.corners - grid.to_world((10, 20, 22)), axis=1)
    assert radii.std() < 0.3  # the voxels' own corners: 0.4 mm


def test_the_stl_says_in_its_head_that_it_is_in_lps() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))

    assert b"SPACE=LPS" in meshes.stl_bytes(meshes.surface_meshes(mask_of(grid), [TUMOUR])[0])[:80]


def test_the_obj_holds_an_object_for_each_label() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8), (-31.0, 55.0, -400.0), OBLIQUE)
    found = meshes.surface_meshes(mask_of(grid), DEFAULT_LABELS)

    text = meshes.obj_text(found)

    whole = trimesh.load(io.StringIO(text), file_type="obj", force="mesh")
    assert [line for line in text.splitlines() if line.startswith("o ")] == ["o liver", "o tumour"]
    assert whole.volume / 1000 == pytest.approx(sum(mesh.volume_ml for mesh in found), rel=1e-4)
    assert whole.bounds == pytest.approx(
        np.array([found[0].corners.min(axis=0), found[0].corners.max(axis=0)]), abs=1e-3
    )


def test_without_a_voxel_size_no_file_claims_millimetres() -> None:
    grid = Grid.from_geometry(SHAPE, has_spacing=False)
    found = meshes.surface_meshes(mask_of(grid), [TUMOUR])

    with pytest.raises(WriteError, match="no voxel size"):
        meshes.stl_bytes(found[0])
    with pytest.raises(WriteError, match="no voxel size"):
        meshes.obj_text(found)


def test_a_label_that_the_mask_does_not_hold_has_no_surface() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))

    assert meshes.surface_meshes(Mask(np.zeros(SHAPE, np.uint8), grid), DEFAULT_LABELS) == ()


def test_the_figure_shows_every_label_in_its_colour_and_place() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8), (-31.0, 55.0, -400.0))
    found = meshes.surface_meshes(mask_of(grid), DEFAULT_LABELS)

    shown = scene.figure(found)

    assert [trace.color for trace in shown.data] == [LIVER.css, TUMOUR.css]
    assert np.mean(shown.data[1].z) == pytest.approx(-380, abs=0.5)
    spans = np.ptp(np.concatenate([mesh.corners for mesh in found]), axis=0)
    ratio = shown.layout.scene.aspectratio
    assert (ratio.x, ratio.y, ratio.z) == pytest.approx(tuple(spans / spans.max()), rel=1e-6)


def test_the_picture_has_the_patients_left_on_the_right_and_the_head_above() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[ball(grid, 4.0, (4, 20, 8))] = 1
    voxels[ball(grid, 4.0, (17, 20, 38))] = 2  # higher, and further to the left of the patient

    drawn = scene.picture(meshes.surface_meshes(Mask(voxels, grid), DEFAULT_LABELS), (200, 300)).astype(int)

    red = np.argwhere(drawn[..., 0] > drawn[..., 1] + 60).mean(axis=0)
    green = np.argwhere(drawn[..., 1] > drawn[..., 0] + 20).mean(axis=0)
    assert red[0] < green[0]
    assert red[1] > green[1]


def test_a_tumour_is_seen_through_the_liver() -> None:
    grid = Grid.from_geometry(SHAPE, (2.0, 0.9, 0.8))

    drawn = scene.picture(meshes.surface_meshes(mask_of(grid), DEFAULT_LABELS), (200, 300)).astype(int)

    assert drawn[100, 150, 0] > drawn[100, 150, 1] + 40
