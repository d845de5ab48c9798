import math

import numpy as np
import pytest
import SimpleITK

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.panel import Panel, consensus, panel
from tests.core.scoring.shapes import SPACING, Bools, Triple, drawn

SHAPE = (9, 17, 22)
ROWS = ("xxxx....", ".xxxx...", ".xxxxx..")


def grid(has_spacing: bool = True, spacing: Triple = SPACING) -> Grid:
    return Grid.from_geometry(SHAPE, spacing, (4.0, -5.0, 6.0), has_spacing=has_spacing)


def reader(row: str, value: int = 2, on: Grid | None = None) -> Mask:
    """Draw one row of 8 voxels at slice 4, row 10, from column 9."""
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[4, 10, 9:17] = drawn(row) * np.uint8(value)
    return Mask(voxels, on or grid())


def readers(**how: Grid) -> list[Mask]:
    return [reader(row, **how) for row in ROWS]  # type: ignore[arg-type]


def marked(found: Bools) -> list[int]:
    return np.flatnonzero(found.any(axis=(0, 1))).tolist()


def test_figures_of_a_panel_by_hand() -> None:
    found = panel(readers(), 2)
    np.testing.assert_allclose(found.dice, [[1, 6 / 8, 6 / 9], [6 / 8, 1, 8 / 9], [6 / 9, 8 / 9, 1]])
    np.testing.assert_allclose(found.volumes_ml, np.array([4, 4, 5]) * 5 * 3 * 2 / 1000)
    assert found.mean_dice == pytest.approx((6 / 8 + 6 / 9 + 8 / 9) / 3)
    np.testing.assert_allclose(found.dice_majority, [6 / 8, 1, 8 / 9])
    assert found.disputed_ml == pytest.approx(3 * 0.03)
    assert found.volume_ml(found.majority) == pytest.approx(4 * 0.03)


def test_the_box_holds_all_that_was_marked_and_ten_millimetres_more() -> None:
    """Marked are slice 4, row 10, columns 9 to 14; ten millimetres are 2 slices, 4 rows and 5 columns."""
    found = panel(readers(), 2)
    assert found.box == (slice(2, 7), slice(6, 15), slice(4, 20))
    assert found.marked == (slice(4, 5), slice(10, 11), slice(9, 15))


def test_without_a_voxel_size_the_margin_is_five_voxels_and_there_is_no_volume() -> None:
    found = panel(readers(on=grid(has_spacing=False)), 2)
    assert found.box == (slice(0, 9), slice(5, 16), slice(4, 20))
    assert np.isnan(found.volumes_ml).all()
    assert math.isnan(found.disputed_ml)


def test_staple_of_the_box_equals_itk() -> None:
    found = panel(readers(), 2)
    images = [SimpleITK.GetImageFromArray((mask.voxels[found.box] == 2).astype(np.uint8)) for mask in readers()]
    itk = SimpleITK.STAPLEImageFilter()
    itk.SetForegroundValue(1)
    theirs = SimpleITK.GetArrayFromImage(itk.Execute(images))
    np.testing.assert_allclose(found.staple.probability, theirs, atol=1e-4)
    np.testing.assert_allclose(found.staple.sensitivity, itk.GetSensitivity(), atol=1e-4)
    np.testing.assert_allclose(found.staple.specificity, itk.GetSpecificity(), atol=1e-4)


def test_who_differs_is_counted_and_laid_on_its_slice() -> None:
    found = panel(readers(), 2)
    assert found.most_disputed == 4
    on_slice = found.on_slice(found.differing, 4)
    assert on_slice.shape == SHAPE[1:]
    assert np.argwhere(on_slice).tolist() == [[10, 9], [10, 13], [10, 14]]
    assert on_slice.max() == 1, "of three readers, at most one can be in the smaller party"
    assert not found.on_slice(found.differing, 3).any()
    assert not found.on_slice(found.differing, 0).any(), "outside the box"


def test_readers_of_one_mind_are_shown_where_they_marked_most() -> None:
    found = panel([reader(ROWS[0])] * 3, 2)
    assert not found.differing.any()
    assert found.most_disputed == 4
    assert found.mean_dice == 1


def test_a_label_that_nobody_marked_has_no_figure() -> None:
    found = panel(readers(), 1)
    assert math.isnan(found.mean_dice)
    assert np.isnan(found.dice_majority).all()
    assert not found.majority.any()
    assert all(side.start == side.stop for side in found.marked)


def test_the_consensus_holds_every_label_and_the_tumour_lies_in_the_liver() -> None:
    livers = [np.where(mask.voxels == 2, 0, mask.voxels) for mask in readers()]
    both = []
    for liver, tumour in zip(livers, readers(), strict=True):
        voxels = np.maximum(liver, tumour.voxels)
        voxels[4, 10, 5:11] = np.maximum(voxels[4, 10, 5:11], 1)
        both.append(Mask(voxels, grid()))
    panels: dict[int, Panel] = {value: panel(both, value) for value in (2, 1)}
    found = consensus(panels).voxels
    assert found[4, 10].tolist() == [0] * 5 + [1] * 5 + [2] * 4 + [0] * 8
    assert np.count_nonzero(found) == 9


def test_where_the_readers_are_split_in_halves_staple_decides_and_the_majority_does_not() -> None:
    rows = ("xxxxxx..", "xxxxxx..", "x.......", "x.......")
    panels = {2: panel([reader(row) for row in rows], 2)}
    assert marked(consensus(panels).voxels == 2) == [9], "half of four is no majority"
    assert marked(consensus(panels, by_staple=True).voxels == 2) == list(range(9, 15))


def test_a_panel_needs_readers_of_one_image() -> None:
    with pytest.raises(ValueError, match="2 to 8 readers, got 1"):
        panel(readers()[:1], 2)
    with pytest.raises(ValueError, match="one grid"):
        panel([reader(ROWS[0]), reader(ROWS[1], on=grid(spacing=(5.0, 3.0, 2.1)))], 2)
    with pytest.raises(ValueError, match="at least one label"):
        consensus({})
