"""Which boxes on the canvas are new, moved or gone."""

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.outline import Outline
from core.imaging.grid import Grid
from core.segmentation.prompt import Box
from pages.ui.boxes import Drawn, compare

A, B, C, D = Box(1, 1, 5, 6), Box(7, 2, 12, 9), Box(3, 12, 8, 20), Box(0, 0, 4, 4)


@pytest.fixture
def two() -> tuple[Outline, Outline]:
    """Objects 1 and 2 in the boxes A and B."""
    annotation = Annotation(Grid.from_geometry((3, 15, 22)))
    mask = np.zeros((15, 22), dtype=bool)
    mask[2:4, 2:4] = True
    return annotation.add(0, mask, 1, box=A), annotation.add(0, mask, 2, box=B)


def test_nothing_happened(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, A), Drawn(2, B)]) == ([], [], [])


def test_a_box_was_drawn(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, A), Drawn(2, B), Drawn(3, C)]) == ([], [Drawn(3, C)], [])


def test_a_box_was_deleted(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(2, B)]) == ([], [], [two[0]])


def test_both_boxes_were_moved_and_keep_their_objects(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, C), Drawn(2, D)]) == ([(two[0], C), (two[1], D)], [], [])


def test_one_was_deleted_and_another_drawn_at_once(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(2, B), Drawn(3, C)]) == ([], [Drawn(3, C)], [two[0]])


def test_two_were_drawn_under_one_number(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, A), Drawn(2, B), Drawn(3, C), Drawn(3, D)]) == ([], [Drawn(3, C), Drawn(3, D)], [])


def test_two_boxes_changed_places(two: tuple[Outline, Outline]) -> None:
    moved, new, gone = compare(two, [Drawn(1, B), Drawn(2, A)])
    assert (moved, new, gone) == ([], [], []), "each box still has its mask"


def test_a_number_written_over_does_not_lose_the_mask(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(None, A), Drawn(2, B)]) == ([], [], [])


def test_a_second_box_in_the_same_place_is_a_second_object(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, A), Drawn(2, B), Drawn(3, A)]) == ([], [Drawn(3, A)], [])


def test_a_slip_of_the_hand_is_no_box(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, A), Drawn(2, B), Drawn(3, None)]) == ([], [], [])


def test_a_box_made_too_small_to_be_meant_is_gone(two: tuple[Outline, Outline]) -> None:
    assert compare(two, [Drawn(1, None), Drawn(2, B)]) == ([], [], [two[0]])
