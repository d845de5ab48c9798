import io

import numpy as np
import pytest
from PIL import Image

from core.imaging.grid import Grid
from core.imaging.picture import display_size, edges, jpeg, lettered, overlay, png, resize

RED, GREEN = (255, 0, 0), (0, 255, 0)


def drawing(rows: str) -> np.ndarray:
    return np.array([[int(c) for c in row] for row in rows.split()], dtype=np.uint8)


def test_the_outline_is_the_outermost_pixel_of_an_object() -> None:
    labels = drawing("""
        0000000
        0222220
        0222220
        0222220
        0000000
    """)
    assert (
        edges(labels).astype(int)
        == drawing("""
        0000000
        0111110
        0100010
        0111110
        0000000
    """)
    ).all()


def test_an_object_cut_by_the_rim_of_the_picture_has_no_outline_there() -> None:
    assert edges(drawing("1100 1100 1100")).astype(int).tolist() == [[0, 1, 0, 0]] * 3


def test_a_tumour_in_the_liver_is_outlined_on_both_sides() -> None:
    assert edges(drawing("11112211")).astype(int).tolist() == [[0, 0, 0, 1, 1, 1, 1, 0]]


def test_the_tint_is_a_mix_of_grey_and_colour() -> None:
    grey = np.full((1, 5), 100, dtype=np.uint8)
    picture = overlay(grey, drawing("01120"), {1: RED, 2: GREEN}, opacity=0.4, outline=False)
    # 100 * 0.6 + 255 * 0.4 = 162 in the colour's channel, 100 * 0.6 = 60 in the others
    assert picture.tolist() == [[[100] * 3, [162, 60, 60], [162, 60, 60], [60, 162, 60], [100] * 3]]


def test_the_outline_is_drawn_in_full_colour() -> None:
    grey = np.full((1, 5), 100, dtype=np.uint8)
    picture = overlay(grey, drawing("01110"), {1: RED}, opacity=0)
    assert picture.tolist() == [[[100] * 3, [255, 0, 0], [100] * 3, [255, 0, 0], [100] * 3]]


def test_a_label_without_colour_is_not_drawn() -> None:
    grey = np.full((2, 3), 7, dtype=np.uint8)
    assert (overlay(grey, np.full((2, 3), 9, dtype=np.uint8), {1: RED}) == 7).all()


def test_the_grey_picture_is_left_alone() -> None:
    grey = np.full((2, 3), 7, dtype=np.uint8)
    overlay(grey, np.ones((2, 3), dtype=np.uint8), {1: RED}, opacity=1)
    assert (grey == 7).all()


def test_labels_of_another_slice_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one"):
        overlay(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), {})


def test_an_opacity_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got 1\.5"):
        overlay(np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.uint8), {}, opacity=1.5)


def test_oblong_pixels_are_shown_with_true_proportions() -> None:
    # 40 rows of 1.5 mm are 60 mm, 100 columns of 0.9 mm are 90 mm: half as wide again as tall
    assert display_size(Grid.from_geometry((7, 40, 100), (5.0, 1.5, 0.9)), 500) == (500, 750)


def test_resize_takes_rows_first_and_keeps_labels_whole() -> None:
    resized = resize(drawing("0255".replace("255", "9") + " 09"), (4, 6), smooth=False)
    assert resized.shape == (4, 6)
    assert set(np.unique(resized)) == {0, 9}


@pytest.mark.parametrize("shape", [(80, 130), (512, 400), (1024, 1200)])
@pytest.mark.parametrize("grey", [0, 255])
def test_letters_stand_at_the_edges_and_can_be_read_on_any_grey(shape: tuple[int, int], grey: int) -> None:
    height, width = shape
    picture = np.full((*shape, 3), grey, dtype=np.uint8)
    drawn = lettered(picture).astype(int) - grey
    assert (picture == grey).all(), "the picture given is left alone"
    assert not drawn[24:-24, 24:-24].any()
    down, across = slice(height // 2 - 12, height // 2 + 12), slice(width // 2 - 12, width // 2 + 12)
    for place in ((down, slice(24)), (down, slice(-24, None)), (slice(24), across), (slice(-24, None), across)):
        assert abs(drawn[place]).max() > 200
        drawn[place] = 0
    assert not drawn.any(), "nothing beside the four places"


def test_right_is_on_the_left_and_front_is_on_top() -> None:
    light = lettered(np.zeros((300, 200, 3), dtype=np.uint8))[..., 0] > 128
    left, right, top, bottom = light[:, :24], light[:, -24:], light[:24], light[-24:]
    stems = [int(part.sum(axis=0).max()) for part in (left, right, bottom)]
    assert min(stems) >= 8, "R, L and P have an upright stem"
    feet = [np.flatnonzero(part[np.flatnonzero(part.any(axis=1))[-1]]) for part in (left, right, top[:, 50:150])]
    assert np.diff(feet[0]).max() > 1, "R stands on two feet"
    assert np.diff(feet[1]).max() == 1, "L on one long one"
    assert np.diff(feet[2]).max() > 1, "A on two, apart"


@pytest.mark.parametrize("shape", [(79, 300, 3), (300, 79, 3)])
def test_a_small_picture_gets_no_letters(shape: tuple[int, int, int]) -> None:
    assert not lettered(np.zeros(shape, dtype=np.uint8)).any()


def test_letters_need_a_colour_picture() -> None:
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\)"):
        lettered(np.zeros((90, 100), dtype=np.uint8))


def test_png_keeps_every_pixel() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(png(picture)))) == picture).all()


def test_jpeg_keeps_the_size_and_nearly_the_grey() -> None:
    picture = np.full((6, 10), 90, dtype=np.uint8)
    decoded = np.asarray(Image.open(io.BytesIO(jpeg(picture))))
    assert decoded.shape == (6, 10)
    assert abs(decoded.astype(int) - 90).max() <= 1
