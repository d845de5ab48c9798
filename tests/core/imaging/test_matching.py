"""Laying one label map on another, without a CT between them."""

import numpy as np
import pytest

from core.errors import GeometryError
from core.imaging.grid import Grid
from core.imaging.matching import laid_on
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
