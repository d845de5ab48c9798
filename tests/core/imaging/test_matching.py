"""Laying one label map on another, without a CT between them."""

import numpy as np
import pytest

from core.errors import GeometryError
from core.imaging.grid import Grid
from core.imaging.matching import extended, laid_on, resampled_on
from core.imaging.volume import Mask

SHAPE = (4, 5, 6)
GRID = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, 20, 30))
TILTED = ((0, 0, 1), (0.6, 0.8, 0), (-0.8, 0.6, 0))  # columns: where z, y and x grow to


def labels(grid: Grid) -> Mask:
    return Mask(np.random.default_rng(1).integers(0, 3, grid.shape).astype(np.uint8), grid, ("a note",))


def test_labels_on_one_lattice_are_laid_on_each_other_voxel_by_voxel() -> None:
    oblique = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, 20, 30), TILTED)
    mask = labels(oblique)
    nudged = oblique.affine.copy()
    nudged[:3, 3] += 1e-5  # as when a position is rounded
    laid = laid_on(mask, Grid(SHAPE, nudged), "The prediction", "the reference")
    np.testing.assert_array_equal(laid.voxels, mask.voxels)
    assert laid.notes == ("a note",)


def test_a_lattice_that_runs_the_other_way_is_turned() -> None:
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_world((0, 0, 5))
    affine[:3, 2] *= -1
    mask = labels(Grid(SHAPE, affine))
    laid = laid_on(mask, GRID, "The prediction", "the reference")
    np.testing.assert_array_equal(laid.voxels, mask.voxels[:, :, ::-1])
    assert laid.grid is GRID


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Grid.from_geometry((4, 5, 7), (2.5, 0.8, 0.7), (10, 20, 30)), "holds 4 × 5 × 6 voxels, the reference 4 × 5"),
        (Grid.from_geometry(SHAPE, (2.5, 0.8, 0.9), (10, 20, 30)), "those of the reference 2.5 × 0.8 × 0.9 mm"),
        (Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, 20, 32)), "shifted by 0, 0, -2 mm"),
        (Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, 20, 30), TILTED), "it is turned"),
        (Grid.from_geometry(SHAPE, has_spacing=False), "^The reference does not say where its voxels lie"),
    ],
)
def test_another_lattice_is_refused_with_the_difference(other: Grid, words: str) -> None:
    with pytest.raises(GeometryError, match=words):
        laid_on(labels(GRID), other, "The prediction", "the reference")


def test_labels_a_little_beside_are_moved_with_a_note() -> None:
    beside = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10.02, 20, 30))
    laid = laid_on(labels(beside), GRID, "The prediction", "the reference")
    assert "0.02 mm beside the voxels of the reference" in laid.notes[1]


def test_a_direction_that_one_file_lacks_is_noted() -> None:
    said, unsaid = (Grid.from_geometry(SHAPE, has_spacing=False, has_direction=known) for known in (True, False))
    assert (
        "Only one of the prediction and the reference says"
        in laid_on(labels(unsaid), said, "The prediction", "the reference").notes[1]
    )


def test_without_a_voxel_size_the_number_of_voxels_decides() -> None:
    silent = Grid.from_geometry(SHAPE, has_spacing=False)
    assert laid_on(labels(silent), silent, "The prediction", "the reference").voxels.any()
    with pytest.raises(GeometryError, match="4 × 5 × 6 voxels, the reference 4 × 6 × 5"):
        laid_on(labels(silent), Grid.from_geometry((4, 6, 5), has_spacing=False), "The prediction", "the reference")


def test_labels_on_other_voxels_are_resampled_with_their_volumes_in_a_note() -> None:
    """Two voxels of 1.4 mm³ in a row along x become six of 0.35 mm³: the nearest of each, and one of them outside."""
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[1, 2, 4:6] = 2
    voxels[3, 0, 0] = 9
    mask = Mask(voxels, GRID, ("a note",), names={9: "cyst"})
    halves = Grid.from_geometry((4, 10, 11), (2.5, 0.4, 0.35), (10 - 0.175, 20 - 0.2, 30))
    found = resampled_on(mask, halves, "the prediction", "the reference")
    expected = np.zeros((4, 10, 11), np.uint8)
    expected[1, 4:6, 8:11] = 2
    expected[3, 0:2, 0:2] = 9
    np.testing.assert_array_equal(found.voxels, expected)
    assert found.grid is halves
    assert found.names == {9: "cyst"}
    assert found.notes == (
        "a note",
        "The prediction was resampled onto the voxels of the reference (nearest neighbour): "
        "tumour 0.0028 → 0.0021 ml, cyst 0.0014 → 0.0014 ml.",
    )


def test_labels_that_vanish_by_resampling_are_told() -> None:
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[1, 2, 1] = 1
    coarse = Grid.from_geometry((4, 5, 3), (2.5, 0.8, 1.4), (10, 20, 30))
    assert "liver 0.0014 → 0 ml." in resampled_on(Mask(voxels, GRID), coarse, "it", "the reference").notes[0]


def test_labels_that_fit_are_laid_and_not_resampled() -> None:
    mask = labels(GRID)
    found = resampled_on(mask, Grid(SHAPE, GRID.affine), "the prediction", "the reference")
    np.testing.assert_array_equal(found.voxels, mask.voxels)
    assert found.notes == ("a note",)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, 20, 300)), "do not overlap in space"),
        (Grid.from_geometry(SHAPE, has_spacing=False), "The reference does not say where its voxels lie"),
    ],
)
def test_what_cannot_be_resampled_is_refused(other: Grid, words: str) -> None:
    with pytest.raises(GeometryError, match=rf"The prediction cannot be resampled onto the reference\. .*{words}"):
        resampled_on(labels(GRID), other, "the prediction", "the reference")


def stack(first: int, slices: int, *, sparse: bool = True, turn: bool = False) -> Mask:
    """Slices of a 7-slice version of the grid, each with one voxel of its own number."""
    whole = Grid.from_geometry((7, 5, 6), (2.5, 0.8, 0.7), (10, 20, 30), TILTED)
    affine = whole.affine.copy()
    affine[:3, 3] = whole.to_world((first, 0, 0))
    voxels = np.zeros((slices, 5, 6), np.uint8)
    for z in range(slices):
        voxels[z, 1, 2 + z % 3] = first + z + 1
    if turn:
        affine[:3, 3] = whole.to_world((first + slices - 1, 0, 0))
        affine[:3, 0] *= -1
        voxels = voxels[::-1]
    return Mask(voxels, Grid(voxels.shape, affine), sparse=sparse)


@pytest.mark.parametrize("turn", [False, True])
def test_a_segmentation_of_some_slices_is_laid_among_empty_ones(turn: bool) -> None:
    found = laid_on(stack(2, 3, turn=turn), stack(0, 7).grid, "the prediction", "the reference")
    assert {(int(z), int(v)) for z, _, _ in np.argwhere(found.voxels) for v in [found.voxels[z].max()]} == {
        (2, 3),
        (3, 4),
        (4, 5),
    }
    assert found.voxels[4, 1, 4] == 5
    assert found.notes == ("The prediction spans 3 of 7 slices; those it does not store are empty.",)


def test_an_ordinary_file_of_some_slices_is_refused() -> None:
    with pytest.raises(GeometryError, match="holds 3 × 5 × 6 voxels, the reference 7 × 5 × 6"):
        laid_on(stack(2, 3, sparse=False), stack(0, 7).grid, "The prediction", "the reference")


@pytest.mark.parametrize(("first", "slices"), [(5, 3), (-1, 3)])
def test_a_segmentation_that_reaches_beyond_is_refused(first: int, slices: int) -> None:
    with pytest.raises(GeometryError, match=r"voxels begin at .* do not fall together"):
        laid_on(stack(first, slices), stack(0, 7).grid, "The prediction", "the reference")


def test_a_segmentation_as_reference_grows_to_the_prediction() -> None:
    prediction, reference = extended(stack(0, 7, sparse=False), stack(2, 3))
    assert prediction.grid.shape == reference.grid.shape == (7, 5, 6)
    assert prediction.grid.matches(reference.grid)
    assert np.argwhere(reference.voxels).tolist() == [[2, 1, 2], [3, 1, 3], [4, 1, 4]]
    assert prediction.notes == ()
    assert reference.notes == ("A DICOM segmentation spans 3 of 7 slices; those it does not store are empty.",)


def test_two_segmentations_grow_to_all_slices_of_either() -> None:
    one, other = extended(stack(1, 3, turn=True), stack(3, 3))
    assert other.notes[1].startswith("Neither file holds all slices of the CT")
    laid = laid_on(one, other.grid, "one", "the other")
    assert other.grid.shape == (5, 5, 6)
    assert other.grid.matches(Grid((5, 5, 6), stack(1, 5).grid.affine))
    assert [int(z.max()) for z in laid.voxels] == [2, 3, 4, 0, 0]
    assert [int(z.max()) for z in other.voxels] == [0, 0, 4, 5, 6]


def test_segmentations_of_two_places_stay_as_they_are() -> None:
    shifted = stack(2, 3)
    affine = shifted.grid.affine.copy()
    affine[:3, 3] += 0.3
    moved = Mask(shifted.voxels, Grid(shifted.grid.shape, affine), sparse=True)
    there = stack(0, 7, sparse=False)
    assert extended(moved, there) == (moved, there)
