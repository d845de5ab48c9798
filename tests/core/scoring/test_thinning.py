import numpy as np
import pytest

from core.scoring.errormap import distance_mesh
from core.scoring.thinning import thinned
from tests.core.scoring.shapes import SPACING, blobs, sphere, voxels


def test_a_small_surface_keeps_every_triangle() -> None:
    mesh = distance_mesh(voxels((4, 5, 6), (2, 3, 1)), voxels((4, 5, 6), (2, 3, 4)), SPACING)
    thin = thinned(mesh, SPACING)
    assert np.array_equal(thin.triangles, mesh.triangles)
    np.testing.assert_allclose(thin.corners_mm, mesh.corners * SPACING)
    assert thin.merged_mm == 0


def test_a_corner_has_the_mean_of_its_triangles_by_area() -> None:
    mask, other = blobs(6)
    mesh = distance_mesh(mask, other, SPACING)
    corner = 25
    around = (mesh.triangles == corner).any(axis=1)
    expected = np.average(mesh.distances_mm[around], weights=mesh.areas_mm2[around])
    assert thinned(mesh, SPACING).distances_mm[corner] == pytest.approx(expected)


def test_a_large_surface_gets_few_triangles_and_stays_where_it_is() -> None:
    spacing = (2.0, 0.8, 1.1)
    shape, centre = (31, 75, 58), (30.0, 30.0, 32.0)
    ball, larger = (sphere(centre, radius, spacing, shape) for radius in (25.0, 28.0))
    thin = thinned(distance_mesh(ball, larger, spacing), spacing, most=3000)
    assert 1000 < len(thin.triangles) <= 3000
    radii = np.linalg.norm(thin.corners_mm - centre, axis=1)
    assert radii.mean() == pytest.approx(25, abs=0.3)
    assert np.abs(radii - 25).max() < 2
    assert thin.distances_mm.mean() == pytest.approx(-3, abs=0.3)
    assert thin.merged_mm > 1


def test_thinning_leaves_no_triangle_twice_and_none_without_area() -> None:
    mesh = distance_mesh(*blobs(8), SPACING)
    triangles = thinned(mesh, SPACING, most=300).triangles
    assert 0 < len(triangles) <= 300
    assert all(len(set(triangle)) == 3 for triangle in triangles.tolist())
    assert len(np.unique(np.sort(triangles, axis=1), axis=0)) == len(triangles)


def test_without_another_surface_every_corner_is_infinitely_far() -> None:
    mesh = distance_mesh(voxels((4, 5, 6), (2, 3, 1)), voxels((4, 5, 6)), SPACING)
    assert np.isposinf(thinned(mesh, SPACING).distances_mm).all()


def test_no_surface_stays_no_surface() -> None:
    mesh = distance_mesh(voxels((4, 5, 6)), voxels((4, 5, 6), (2, 3, 1)), SPACING)
    assert thinned(mesh, SPACING).triangles.shape == (0, 3)
