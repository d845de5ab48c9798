import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Mask, Source, Volume
from core.scoring.errormap import COLOURS, WORDS, Outcome, distance_mesh, error_picture, outcomes
from core.scoring.overlap import confusion
from core.scoring.surfaces import hausdorff, surface_distances
from tests.core.scoring.shapes import SPACING, blobs, drawn, voxels


def test_outcomes_by_hand() -> None:
    found = outcomes(drawn("xx.. .x.."), drawn("x.x. ...."))
    assert found.tolist() == [[[1, 2, 3, 0], [0, 2, 0, 0]]]


def test_outcomes_count_as_confusion_does() -> None:
    predicted, reference = blobs(4)
    counts, found = confusion(predicted, reference), np.bincount(outcomes(predicted, reference).ravel())
    assert found[Outcome.TRUE_POSITIVE] == counts.tp
    assert found[Outcome.FALSE_POSITIVE] == counts.fp
    assert found[Outcome.FALSE_NEGATIVE] == counts.fn
    assert found[Outcome.TRUE_NEGATIVE] == counts.tn


GRID = Grid.from_geometry((2, 30, 40), SPACING)


def mask(*at: tuple[int, int, int], grid: Grid = GRID) -> Mask:
    labels = np.zeros(grid.shape, np.uint8)
    for place in at:
        labels[place] = 2
    return Mask(labels, grid)


def test_a_picture_shows_each_outcome_in_its_colour_and_its_place() -> None:
    """A slice of 90 × 80 mm, drawn 60 pixels tall: every voxel is 2 pixels tall and 4/3 wide."""
    ours, theirs = mask((1, 5, 6), (1, 15, 20)), mask((1, 5, 6), (1, 25, 32))
    picture = error_picture(ours, theirs, 1, 2, height=60)
    assert picture.shape == (60, 53, 3)
    for outcome, (y, x) in ((1, (5, 6)), (2, (15, 20)), (3, (25, 32))):
        assert tuple(picture[2 * y + 1, int((x + 0.5) * 53 / 40)]) == COLOURS[outcome]
    assert COLOURS.keys() == WORDS.keys()
    assert not error_picture(ours, theirs, 0, 2, height=60).any()
    assert not error_picture(ours, theirs, 1, 1, height=60).any()


def test_the_ct_lies_under_the_picture() -> None:
    hu = np.full(GRID.shape, -160, np.int16)
    hu[1, 8:] = 240
    picture = error_picture(mask(), mask(), 1, 2, Volume(hu, GRID, Source("ct", "NIfTI", GRID)), height=30)
    assert picture[3, 20].tolist() == [0, 0, 0]
    assert picture[20, 20].tolist() == [255, 255, 255]


def test_a_zoomed_picture_shows_the_part_around_the_errors() -> None:
    """At least a fifth of the slice: 6 of 30 rows and 8 of 40 columns, so one voxel is 15 pixels tall of 90."""
    far, near = mask((1, 29, 39)), error_picture(mask((1, 29, 39)), mask(), 1, 2, height=90, zoomed=True)
    assert near.shape == error_picture(far, mask(), 1, 2, height=90).shape
    red = (near == COLOURS[Outcome.FALSE_POSITIVE]).all(axis=2)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert (rows[0], rows[-1]) == (75, 89)
    assert (columns[0], columns[-1]) == (70, 79)


def test_images_on_two_grids_make_no_picture() -> None:
    with pytest.raises(ValueError, match="one grid"):
        error_picture(mask(), mask(grid=Grid.from_geometry(GRID.shape, (5.0, 3.0, 2.1))), 0, 2)


def test_the_mesh_of_one_voxel_is_an_octahedron_around_it() -> None:
    mesh = distance_mesh(voxels((4, 5, 6), (2, 3, 1)), voxels((4, 5, 6), (2, 3, 4)), SPACING)
    expected = [(1.5, 3, 1), (2, 2.5, 1), (2, 3, 0.5), (2, 3, 1.5), (2, 3.5, 1), (2.5, 3, 1)]
    assert sorted(map(tuple, mesh.corners.tolist())) == expected
    assert mesh.triangles.shape == (8, 3)
    assert mesh.areas_mm2 == pytest.approx([2.375] * 8)
    assert (mesh.distances_mm > 4).all()


def test_the_mesh_carries_the_distances_of_the_scores() -> None:
    predicted, reference = blobs(5)
    mesh = distance_mesh(predicted, reference, SPACING)
    there = surface_distances(predicted, reference, SPACING).to_reference
    np.testing.assert_allclose(np.sort(np.abs(mesh.distances_mm)), there.mm)
    back = distance_mesh(reference, predicted, SPACING)
    both = max(np.abs(mesh.distances_mm).max(), np.abs(back.distances_mm).max())
    assert both == pytest.approx(hausdorff(surface_distances(predicted, reference, SPACING)))


def test_a_closed_surface_has_two_triangles_on_every_edge() -> None:
    ball = np.zeros((7, 12, 14), np.bool_)
    ball[2:5, 3:9, 4:11] = True
    triangles = distance_mesh(ball, ball, SPACING).triangles
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


def test_too_large_is_positive_and_too_small_is_negative() -> None:
    large, small = np.zeros((2, 9, 16, 20), np.bool_)
    large[1:8, 2:14, 3:17] = small[3:6, 5:11, 6:14] = True
    assert (distance_mesh(large, small, SPACING).distances_mm > 0).all()
    assert (distance_mesh(small, large, SPACING).distances_mm < 0).all()


def test_without_another_surface_the_mesh_is_infinitely_far() -> None:
    one, empty = voxels((4, 5, 6), (2, 3, 1)), voxels((4, 5, 6))
    assert np.isposinf(distance_mesh(one, empty, SPACING).distances_mm).all()
    assert len(distance_mesh(empty, one, SPACING).triangles) == 0
