"""Filling polygons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.editing.polygon import filled
from core.errors import PromptError

SHAPE = (11, 17)


def goes_round(y: int, x: int, vertices: list[tuple[float, float]]) -> bool:
    """Second implementation: count the edges that a ray to the left meets."""
    inside = False
    for (y0, x0), (y1, x1) in zip(vertices, vertices[1:] + vertices[:1], strict=True):
        if (y0 > y) != (y1 > y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) < x:
            inside = not inside
    return inside


CORNERS = st.tuples(st.floats(-4, 15).map(lambda v: v + 0.0137), st.floats(-4, 21).map(lambda v: v + 0.0211))


@settings(deadline=None, max_examples=200)
@given(st.lists(CORNERS, min_size=3, max_size=8))
def test_a_polygon_holds_the_voxels_whose_centre_it_goes_round(vertices: list[tuple[float, float]]) -> None:
    expected = [[goes_round(y, x, vertices) for x in range(SHAPE[1])] for y in range(SHAPE[0])]
    assert (filled(vertices, SHAPE) == expected).all()


def test_a_triangle_by_hand() -> None:
    mask = filled([(0.5, 0.5), (0.5, 6.5), (4.5, 0.5)], SHAPE)
    assert [np.flatnonzero(row).tolist() for row in mask[:6]] == [[], [1, 2, 3, 4, 5], [1, 2, 3, 4], [1, 2], [1], []]


def test_where_a_polygon_crosses_itself_what_it_goes_round_twice_is_outside() -> None:
    outer, inner = [(0.5, 0.5), (0.5, 9.5), (8.5, 9.5), (8.5, 0.5)], [(2.5, 2.5), (2.5, 6.5), (5.5, 6.5), (5.5, 2.5)]
    mask = filled([*outer, outer[0], *inner, inner[0]], SHAPE)
    assert mask.sum() == 8 * 9 - 3 * 4
    assert not mask[3:6, 3:7].any()


def test_neighbours_with_an_edge_through_voxel_centres_share_no_voxel_and_leave_none_out() -> None:
    left = filled([(0.5, 0.5), (0.5, 6), (9.5, 3), (9.5, 0.5)], SHAPE)
    right = filled([(0.5, 6), (0.5, 12.5), (9.5, 12.5), (9.5, 3)], SHAPE)
    assert not (left & right).any()
    assert (left | right)[1:10, 1:13].all()


def test_two_corners_are_no_polygon() -> None:
    with pytest.raises(PromptError, match="at least three corners"):
        filled([(1, 1), (5, 5)], SHAPE)
