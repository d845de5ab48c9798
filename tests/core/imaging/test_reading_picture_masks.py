"""Masks saved as pictures: what their greys, palettes and colours mean."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.errors import ReadError
from core.imaging.matching import laid_on
from core.imaging.reading import read_labels
from tests.core.imaging.opening import opened_labels

Drawing = npt.NDArray[np.uint8]
WHITE_IS_1 = "The value 255 was read as label 1."


def drawn() -> Drawing:
    """Labels 1 and 2 on 9 × 14 pixels."""
    mask = np.zeros((9, 14), np.uint8)
    mask[2:5, 3:9] = 1
    mask[3, 4:6] = 2
    return mask


def saved(path: Path, pixels: npt.NDArray[np.generic], mode: str | None = None) -> Path:
    Image.fromarray(pixels, mode).save(path)
    return path


def coloured(*colours: Sequence[int]) -> Drawing:
    """The drawing with colours for 0, 1, 2."""
    return np.array(colours, np.uint8)[drawn()]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_small_numbers_are_the_labels(tmp_path: Path, kind: type[np.generic]) -> None:
    mask = opened_labels(saved(tmp_path / "m.png", drawn().astype(kind)))
    np.testing.assert_array_equal(mask.voxels, drawn()[None])
    assert (mask.grid.has_spacing, mask.notes, mask.sparse) == (False, (), False)


@pytest.mark.parametrize("white", [1, 255])
def test_black_and_white_is_label_1(tmp_path: Path, white: int) -> None:
    mask = opened_labels(saved(tmp_path / "m.png", (drawn() > 0).astype(np.uint8) * np.uint8(white)))
    np.testing.assert_array_equal(mask.voxels, drawn()[None] > 0)
    assert mask.notes == (() if white == 1 else (WHITE_IS_1,))


def test_white_of_sixteen_bits_and_of_one_bit_is_label_1(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", (drawn() > 0).astype(np.uint16) * np.uint16(65535))
    flat = saved(tmp_path / "flat.png", drawn() > 0)
    for path in (deep, flat):
        np.testing.assert_array_equal(opened_labels(path).voxels, drawn()[None] > 0)


def test_white_is_one_label_in_all_slices_however_each_is_stored(tmp_path: Path) -> None:
    saved(tmp_path / "m1.png", drawn() > 0)
    saved(tmp_path / "m2.png", (drawn() > 1).astype(np.uint8) * np.uint8(255))
    np.testing.assert_array_equal(opened_labels(tmp_path).voxels, [drawn() > 0, drawn() > 1])


def test_a_palette_that_counts_black_last_is_turned_round(tmp_path: Path) -> None:
    picture = Image.fromarray((drawn() == 0).astype(np.uint8), "L").convert("P")
    picture.putpalette([255, 255, 255, 0, 0, 0])
    picture.putdata((drawn() == 0).astype(np.uint8).reshape(-1).tolist())
    picture.save(tmp_path / "m.png")
    np.testing.assert_array_equal(opened_labels(tmp_path / "m.png").voxels, drawn()[None] > 0)


@pytest.mark.parametrize(
    "pixels", [coloured((0, 0, 0), (1, 1, 1), (2, 2, 2)), coloured((0, 0, 0, 255), (1, 1, 1, 255), (2, 2, 2, 255))]
)
def test_grey_in_three_channels_is_grey(tmp_path: Path, pixels: Drawing) -> None:
    mask = opened_labels(saved(tmp_path / "m.png", pixels))
    np.testing.assert_array_equal(mask.voxels, drawn()[None])


@pytest.mark.parametrize(
    "pixels",
    [
        coloured((0, 0, 0), (200, 30, 0), (200, 30, 0)),
        coloured((0, 0, 0, 0), (200, 30, 0, 90), (200, 30, 0, 255)),
        coloured((255, 255, 255, 0), (200, 30, 0, 255), (200, 30, 0, 255)),
    ],
)
def test_one_colour_on_black_or_nothing_is_label_1_with_a_note(tmp_path: Path, pixels: Drawing) -> None:
    mask = opened_labels(saved(tmp_path / "m.png", pixels))
    np.testing.assert_array_equal(mask.voxels, drawn()[None] > 0)
    assert mask.notes == ("The colour #c81e00 was read as label 1.",)


def test_several_colours_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.png", coloured((0, 0, 0), (200, 30, 0), (0, 30, 200)))
    with pytest.raises(ReadError, match=r"m\.png shows labels as colours \(2 so far\).*1 liver, 2 tumour"):
        opened_labels(path)


def test_another_colour_in_another_slice_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "m1.png", coloured((0, 0, 0), (200, 30, 0), (200, 30, 0)))
    saved(tmp_path / "m2.png", coloured((0, 0, 0), (0, 30, 200), (0, 30, 200)))
    with pytest.raises(ReadError, match=r"m2\.png shows labels as colours"):
        opened_labels(tmp_path)


def test_soft_edges_are_refused(tmp_path: Path) -> None:
    hard = Image.fromarray((drawn() > 0).astype(np.uint8) * np.uint8(255))
    hard.resize((31, 23), Image.Resampling.BILINEAR).save(tmp_path / "m.png")
    with pytest.raises(ReadError, match=r"m\.png holds \d+ shades of grey up to white.*without smoothing"):
        opened_labels(tmp_path / "m.png")


def test_folders_and_archives_of_masks_are_stacks_in_natural_order(tmp_path: Path) -> None:
    slices = [drawn(), drawn()[::-1], drawn() // 2]
    (tmp_path / "masks").mkdir()
    with zipfile.ZipFile(tmp_path / "masks.zip", "w") as pack:
        for n, pixels in zip((2, 9, 10), slices, strict=True):
            pack.write(saved(tmp_path / "masks" / f"m{n}.png", pixels), f"masks/m{n}.png")
    folder, archive = opened_labels(tmp_path / "masks"), opened_labels(tmp_path / "masks.zip")
    for mask in (folder, archive):
        np.testing.assert_array_equal(mask.voxels, slices)
        assert mask.notes == (
            "3 pictures were stacked in the order of their names, m2.png first (taken as the feet) and m10.png last.",
        )
    assert laid_on(folder, archive.grid, "the prediction", "the reference").grid is archive.grid


def test_a_picture_of_a_mask_opens_in_the_guarded_process(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_labels(saved(tmp_path / "m.png", drawn())).voxels, drawn()[None])
