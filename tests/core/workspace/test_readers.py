"""Masks of other readers, from files into a case."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import CaseError
from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.workspace.kept import Window
from core.workspace.library import Library
from core.workspace.readers import keep_mask
from tests.core.workspace.cases import SHAPE, paint, volume


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def labels() -> np.ndarray:
    voxels = np.zeros(SHAPE, dtype=np.uint8)
    voxels[1:4, 2:9, 3:8], voxels[2, 4:6, 4:7], voxels[5, 0:2, 0:3] = 1, 2, 9
    return voxels


def test_a_label_map_is_kept_voxel_by_voxel_beside_what_was_drawn_here(library: Library) -> None:
    kept = library.open(volume())
    paint(kept, 3, 9, 9)
    keep_mask(library, volume(), "CD", Mask(labels(), volume().grid, names={9: "cyst"}))
    masks = kept.masks()
    expected = np.where(labels() == 9, 3, labels())
    assert list(masks) == ["", "CD"]
    assert np.array_equal(masks["CD"].voxels, expected)
    assert [label.name for label in kept.of_reader("CD").labels] == ["liver", "tumour", "cyst"]
    assert len(kept.annotation.findings) == 1


def test_a_plain_mask_is_tumour(library: Library) -> None:
    keep_mask(library, volume(), "CD", Mask(labels() == 2, volume().grid))
    kept = library.open(volume(), Window("CD"))
    assert [(finding.label, finding.voxels) for finding in kept.annotation.findings] == [(2, 6)]


def test_the_names_of_a_file_count_before_its_numbers(library: Library) -> None:
    names = {1: "Tumor", 2: "Liver", 9: "Segment_9"}
    keep_mask(library, volume(), "CD", Mask(labels(), volume().grid, names=names))
    kept = library.open(volume(), Window("CD"))
    named = {label.value: label.name for label in kept.annotation.labels}
    assert [(named[finding.label], finding.voxels) for finding in kept.annotation.findings] == [
        ("tumour", 3 * 7 * 5 - 6),
        ("liver", 6),
        ("Segment_9", 6),
    ]


def test_masks_of_a_reader_are_not_drawn_over(library: Library) -> None:
    mask = Mask(labels(), volume().grid)
    keep_mask(library, volume(), "CD", mask)
    with pytest.raises(CaseError, match="CD has drawn on this case already"):
        keep_mask(library, volume(), "CD", mask)


def test_what_is_no_mask_of_this_ct_is_refused_in_a_sentence(library: Library) -> None:
    grid = volume().grid
    shifted = Grid(grid.shape, grid.affine + np.eye(4)[:, ::-1] * [[1], [0], [0], [0]])
    for mask, reader, words in (
        (Mask(np.zeros(SHAPE, dtype=np.uint8), grid), "CD", "is empty"),
        (Mask(labels(), shifted), "CD", "does not lie on the voxels of this CT"),
        (Mask(labels(), grid), " ", "needs their initials"),
    ):
        with pytest.raises(CaseError, match=words):
            keep_mask(library, volume(), reader, mask)
    assert library.cases() == []
