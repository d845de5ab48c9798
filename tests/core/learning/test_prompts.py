import numpy as np
import pytest

from core.imaging.volume import LIVER, TUMOUR
from core.learning.prompts import Manner, clicked, drawn, islands, objects
from core.segmentation.prompt import Box

SLICE = (60, 90)


def test_islands_touch_at_corners_and_small_ones_are_left_out() -> None:
    mask = np.zeros(SLICE, np.bool_)
    mask[5:9, 10:17] = mask[9:12, 17:20] = True  # 28 + 9
    mask[40:42, 70:74] = True  # 8
    ((island, box),) = islands(mask, 10)
    assert island.sum() == 37
    assert box == Box(5, 10, 12, 20)


def test_a_liver_is_boxed_with_its_tumours() -> None:
    labels = np.zeros(SLICE, np.uint8)
    labels[10:40, 20:70] = LIVER
    labels[38:44, 30:40] = TUMOUR
    liver, tumour = objects(labels, 3)
    assert (liver.label, liver.box) == (LIVER, Box(10, 20, 44, 70))
    assert (tumour.label, tumour.box, tumour.z) == (TUMOUR, Box(38, 30, 44, 40), 3)


def test_jittered_edges_move_by_up_to_15_percent_of_the_short_side_and_loose_ones_only_outwards() -> None:
    box, rng = Box(20, 20, 40, 60), np.random.default_rng(0)  # 15 % of 20 is 3, 30 % is 6
    for manner, low, high in ((Manner.JITTERED, [-3] * 4, [3] * 4), (Manner.LOOSE, [-6, -6, 0, 0], [0, 0, 6, 6])):
        boxes = [drawn(box, manner, SLICE, rng) for _ in range(400)]
        moved = np.array([[b.y0 - 20, b.x0 - 20, b.y1 - 40, b.x1 - 60] for b in boxes])
        assert moved.min(axis=0).tolist() == low
        assert moved.max(axis=0).tolist() == high
    assert drawn(box, Manner.TIGHT, SLICE, rng) == box


def test_no_box_leaves_the_slice_or_is_empty() -> None:
    rng = np.random.default_rng(0)
    for corner in (Box(0, 0, 12, 9), Box(50, 80, 60, 90), Box(59, 89, 60, 90)):
        for _ in range(100):
            box = drawn(corner, Manner.LOOSE, SLICE, rng)
            assert box.clip(SLICE) == box


def test_the_first_click_is_in_the_middle_and_all_are_on_the_object() -> None:
    mask = np.zeros(SLICE, np.bool_)
    mask[10:21, 30:51] = True
    points = clicked(mask, 4, np.random.default_rng(0))
    assert (points[0].y, points[0].x) == (15, 40)
    assert len(points) == 4
    assert all(mask[point.y, point.x] for point in points)


def test_nothing_can_be_clicked_on_an_empty_mask() -> None:
    with pytest.raises(ValueError, match="empty"):
        clicked(np.zeros(SLICE, np.bool_), 1, np.random.default_rng(0))
