"""What a file calls its labels, and that the names stay with the mask."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core.errors import ReadError
from core.imaging.grid import Grid
from core.imaging.label import Label
from core.imaging.matching import laid_on
from core.imaging.preprocess import resample_mask, resampled_grid
from core.imaging.reading import read_labels
from core.imaging.volume import Mask, Source, Volume
from core.imaging.writing import write_mask
from tests.core.imaging.opening import opened_labels, opened_mask

SHAPE = (3, 4, 5)
GRID = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, 20, 30))
LABELS = (Label(7, "left  kidney", (0, 255, 0)), Label(2, "Tumör", (255, 0, 51)))
NAMES = {2: "Tumör", 7: "left kidney"}


def drawn() -> tuple[Volume, Mask]:
    """A CT whose file runs R-A-S, and labels 2 and 7 on it."""
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_world((0, 3, 4))
    affine[:3, 1:3] *= -1
    volume = Volume.from_file(np.zeros(SHAPE, np.int16), Source("made", "sample", Grid(SHAPE, affine)))
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[1, 2, 1:3] = 7
    voxels[2, 0, 4] = 2
    return volume, Mask(voxels, volume.grid)


def segmentation(path: Path) -> Path:
    volume, mask = drawn()
    return write_mask(mask, volume, path / "m.seg.nrrd", LABELS)


def test_the_segments_of_3d_slicer_give_their_names(tmp_path: Path) -> None:
    volume, mask = drawn()
    read = opened_mask(segmentation(tmp_path), volume)
    np.testing.assert_array_equal(read.voxels, mask.voxels)
    assert read.names == NAMES


def test_names_come_through_the_guarded_process(tmp_path: Path) -> None:
    assert read_labels(segmentation(tmp_path)).names == NAMES


def test_a_file_without_names_gives_none(tmp_path: Path) -> None:
    volume, mask = drawn()
    assert opened_labels(write_mask(mask, volume, tmp_path / "m.nrrd")).names == {}


def rewritten(tmp_path: Path, old: bytes, new: bytes) -> Path:
    path = segmentation(tmp_path)
    before = path.read_bytes()
    assert before.count(old) == 1
    path.write_bytes(before.replace(old, new))
    return path


def test_segments_in_layers_are_refused(tmp_path: Path) -> None:
    path = rewritten(tmp_path, b"Segment1_Layer:=0", b"Segment1_Layer:=1")
    with pytest.raises(ReadError, match=r"m\.seg\.nrrd keeps its segments in 2 layers.*Export to labelmap"):
        opened_labels(path)


def test_layers_are_the_reason_given_for_a_fourth_axis(tmp_path: Path) -> None:
    voxels = np.zeros((*SHAPE, 2), np.uint8)
    image = SimpleITK.GetImageFromArray(voxels, isVector=True)
    for k in range(2):
        image.SetMetaData(f"Segment{k}_Layer", str(k))
    SimpleITK.WriteImage(image, str(tmp_path / "m.seg.nrrd"))
    with pytest.raises(ReadError, match="2 layers"):
        opened_labels(tmp_path / "m.seg.nrrd")


@pytest.mark.parametrize("value", [b"0", b"256", b"-1", b"two", b""])
def test_a_name_for_no_label_is_passed_over(tmp_path: Path, value: bytes) -> None:
    path = rewritten(tmp_path, b"Segment0_LabelValue:=7", b"Segment0_LabelValue:=" + value)
    assert opened_labels(path).names == {2: "Tumör"}


def test_a_name_is_one_line_of_40_letters(tmp_path: Path) -> None:
    path = rewritten(tmp_path, b"Segment0_Name:=left kidney", b"Segment0_Name:=left\x07\tkidney " + b"x" * 99)
    assert opened_labels(path).names[7] == "left kidney " + "x" * 28


def test_names_stay_when_a_mask_is_laid_or_resampled() -> None:
    _, mask = drawn()
    mask = Mask(mask.voxels, mask.grid, names=NAMES)
    nudged = mask.grid.affine.copy()
    nudged[:3, 3] += 1e-5
    assert laid_on(mask, Grid(SHAPE, nudged), "one", "the other").names == NAMES
    assert resample_mask(mask, resampled_grid(mask.grid, (2.0, 1.0, 1.0))).names == NAMES
    silent = Grid.from_geometry(SHAPE, has_spacing=False)
    assert laid_on(Mask(mask.voxels, silent, names=NAMES), silent, "one", "the other").names == NAMES


def test_a_mask_keeps_its_own_copy_of_the_names() -> None:
    names = {2: "tumour"}
    mask = Mask(np.zeros(SHAPE, bool), GRID, names=names)
    names[3] = "cyst"
    assert mask.names == {2: "tumour"}
