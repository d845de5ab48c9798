from pathlib import Path

import numpy as np
import SimpleITK

from core.imaging.grid import Grid, reorder
from core.imaging.reading import read_labels_and_grid
from core.imaging.volume import Mask, Source, Volume
from core.scoring.gathering import Drawing, gathered
from tests.core.scoring.shapes import SPACING

SHAPE = (4, 7, 9)
GRID = Grid.from_geometry(SHAPE, SPACING, (4.0, -5.0, 6.0))


def voxels() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:3, 2:5, 2:6] = 1
    labels[2, 3, 3:5] = 7
    return labels


def drawing(name: str, grid: Grid = GRID, names: dict[int, str] | None = None) -> Drawing:
    return Drawing(name, Mask(voxels(), grid, names=names or {}), grid)


def test_labels_are_called_as_the_first_file_that_names_them_does() -> None:
    found = gathered([drawing("Ann"), drawing("Bob", names={7: "cyst"}), drawing("Cy", names={7: "other"})])
    assert found.names == ("Ann", "Bob", "Cy")
    assert found.labels == {1: "liver", 7: "cyst"}
    assert not found.problems


def test_a_reader_on_another_grid_is_left_out_with_a_sentence() -> None:
    moved = Grid.from_geometry(SHAPE, SPACING, (14.0, -5.0, 6.0))
    found = gathered([drawing("Ann"), drawing("Bob", moved), drawing("Cy")])
    assert found.names == ("Ann", "Cy")
    (problem,) = found.problems
    assert problem.startswith("Bob lies on another grid than Ann")
    assert "10, 0, 0 mm" in problem


def test_at_most_eight_readers_are_compared() -> None:
    found = gathered([drawing(f"reader {k}") for k in range(1, 11)])
    assert len(found.readers) == 8
    assert found.problems == (
        "reader 9 comes too late: at most 8 readers are compared at once.",
        "reader 10 comes too late: at most 8 readers are compared at once.",
    )


def test_a_reader_whose_axes_run_otherwise_is_turned() -> None:
    turned = Grid.from_geometry(
        (9, 4, 7), (2.0, 5.0, 3.0), (4.0, 13.0, 6.0), np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)
    )
    other = Drawing("Bob", Mask(reorder(voxels(), GRID, turned), turned), turned)
    found = gathered([drawing("Ann"), other])
    np.testing.assert_array_equal(found.masks[1].voxels, voxels())


def test_a_ct_fits_where_its_voxels_are_those_of_the_readers() -> None:
    found = gathered([drawing("Ann"), drawing("Bob")])

    def ct(grid: Grid) -> Volume:
        return Volume(np.zeros(grid.shape, np.int16), grid, Source("ct", "NIfTI", grid))

    assert found.fits(ct(GRID))
    assert not found.fits(ct(Grid.from_geometry(SHAPE, SPACING, (4.0, -5.0, 7.0))))
    assert not found.fits(ct(Grid.from_geometry((4, 7, 8), SPACING, (4.0, -5.0, 6.0))))
    assert found.fits(ct(Grid.from_geometry(SHAPE, has_spacing=False)))


def test_a_mask_is_saved_in_the_order_of_the_first_readers_file(tmp_path: Path) -> None:
    """The file's rows run to the front and its columns to the right, unlike those in memory."""
    stored = voxels()
    image = SimpleITK.GetImageFromArray(stored)
    image.SetSpacing(SPACING[::-1])
    image.SetOrigin((4.0, -5.0, 6.0))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    SimpleITK.WriteImage(image, str(tmp_path / "ann.nii.gz"))
    mask, file_grid = read_labels_and_grid(tmp_path / "ann.nii.gz")
    assert not np.array_equal(mask.voxels, stored)
    found = gathered([Drawing("Ann", mask, file_grid)])
    (tmp_path / "out.nii.gz").write_bytes(found.file(found.masks[0]))
    again = SimpleITK.ReadImage(str(tmp_path / "out.nii.gz"))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(again), stored)
    np.testing.assert_allclose(again.GetOrigin(), image.GetOrigin(), atol=1e-5)
    np.testing.assert_allclose(again.GetDirection(), image.GetDirection(), atol=1e-6)
