"""What two files say of where their voxels lie, side by side."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GeometryError
from core.imaging.grid import Grid
from core.imaging.matching import laid_on
from core.imaging.passport import Fact, Fit, Passport, passport
from core.imaging.volume import Mask

SHAPE = (4, 5, 6)
GRID = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, -20, 30.5))
TILTED = ((0, 0, 1), (0.6, 0.8, 0), (-0.8, 0.6, 0))  # columns: where z, y and x grow to
BY_30_ABOUT_Z = ((0, -0.5, 3**0.5 / 2), (0, 3**0.5 / 2, 0.5), (1, 0, 0))
BY_30_ABOUT_X = ((0, 0, 1), (0.5, 3**0.5 / 2, 0), (3**0.5 / 2, -0.5, 0))


def turned(grid: Grid, order: tuple[int, ...] = (0, 1, 2), flips: tuple[bool, ...] = (False,) * 3) -> Grid:
    """The same voxels, counted along other axes and from other ends."""
    affine, shape = grid.affine.copy(), np.asarray(grid.shape)
    for axis in range(3):
        if flips[axis]:
            affine[:3, 3] += affine[:3, axis] * (shape[axis] - 1)
            affine[:3, axis] *= -1
    affine[:3, :3] = affine[:3, list(order)]
    z, y, x = (int(n) for n in shape[list(order)])
    return Grid((z, y, x), affine, grid.has_spacing, grid.has_direction)


def facts(found: Passport) -> dict[str, Fact]:
    return {fact.name: fact for fact in found.facts}


def differing(first: Grid, second: Grid) -> set[str]:
    return {fact.name for fact in passport(first, second).facts if fact.differs}


def test_the_facts_are_written_x_first_in_millimetres() -> None:
    found = passport(GRID, GRID)
    assert [(fact.name, fact.first) for fact in found.facts] == [
        ("Size", "6 × 5 × 4"),
        ("Voxel", "0.7 × 0.8 × 2.5 mm"),
        ("Origin", "10, −20, 30.5 mm"),
        ("Direction", "LPS"),
        ("Covers", "4.2 × 4 × 10 mm"),
    ]
    assert all(fact.first == fact.second and not fact.differs for fact in found.facts)
    assert (found.fit, found.sentence) == (Fit.SAME, "Both lie on the same voxels. Nothing has to be done.")


def test_a_flip_is_a_difference_of_direction_alone() -> None:
    found = passport(turned(GRID, (0, 2, 1), (False, True, True)), GRID)
    assert facts(found)["Direction"] == Fact("Direction", "ARS", "LPS", True)
    assert differing(turned(GRID, (0, 2, 1), (False, True, True)), GRID) == {"Direction"}
    assert found.fit is Fit.REORDER
    assert "stored in another order" in found.sentence


def test_a_tilt_is_given_in_degrees() -> None:
    tilted = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, -20, 30.5), TILTED)  # cosine 0.6 about x
    fact = facts(passport(tilted, GRID))["Direction"]
    assert (fact.first, fact.second, fact.differs) == ("LPI, tilted by 36.9°", "LPS, 36.9° from the other", True)
    assert not facts(passport(tilted, tilted))["Direction"].differs


def test_one_angle_to_two_sides_is_a_difference() -> None:
    one, other = (
        Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10, -20, 30.5), d) for d in (BY_30_ABOUT_Z, BY_30_ABOUT_X)
    )
    fact = facts(passport(one, other))["Direction"]
    assert fact.first == "LPS, tilted by 30.0°"
    # Turning by 30° about one axis and back about another: cos(w/2) = cos²(15°), so w = 42.2°.
    assert fact.second == "LPS, tilted by 30.0°, 42.2° from the other"
    assert fact.differs


@pytest.mark.parametrize(
    ("other", "names", "words"),
    [
        (((4, 5, 7), (2.5, 0.8, 0.7), (10, -20, 30.5)), {"Size", "Covers"}, "It covers 86 % of the second"),
        ((SHAPE, (2.5, 0.8, 0.9), (10, -20, 30.5)), {"Voxel", "Covers"}, "resampled onto the voxels of the second"),
        ((SHAPE, (2.5, 0.8, 0.7), (10, -20.5, 30.5)), {"Origin"}, "the rest is empty"),
    ],
)
def test_other_voxels_of_one_place_can_be_resampled(
    other: tuple[tuple[int, int, int], tuple[float, float, float], tuple[float, float, float]],
    names: set[str],
    words: str,
) -> None:
    found = passport(GRID, Grid.from_geometry(*other))
    assert differing(GRID, Grid.from_geometry(*other)) == names
    assert found.fit is Fit.RESAMPLE
    assert words in found.sentence


def test_voxels_a_little_beside_are_moved() -> None:
    beside = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), (10.02, -20, 30.5))
    found = passport(beside, GRID)
    assert found.fit is Fit.REORDER
    assert "up to 0.02 mm beside each other" in found.sentence
    assert differing(beside, GRID) == {"Origin"}


def test_rounding_is_no_difference() -> None:
    rounded = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.70001), (10.0005, -20, 30.5))
    assert passport(rounded, GRID).fit is Fit.SAME
    assert differing(rounded, GRID) == set()


@pytest.mark.parametrize("shift", [(4.2, 0, 0), (0, -300, 0), (0, 0, 10.0)])
def test_boxes_that_only_touch_or_less_are_apart(shift: tuple[float, float, float]) -> None:
    away = Grid.from_geometry(SHAPE, (2.5, 0.8, 0.7), np.add((10, -20, 30.5), shift).tolist())
    found = passport(away, GRID, ("the prediction", "the reference"))
    assert found.fit is Fit.APART
    assert found.sentence.startswith("The prediction and the reference do not overlap in space")


def test_boxes_are_apart_if_only_a_slanted_plane_lies_between() -> None:
    """Two sticks along x, one turned by 45° in the plane: their shadows on each world axis overlap."""
    stick = Grid.from_geometry((2, 3, 40), (1.5, 1, 1.1))
    s = 0.5**0.5
    slanted = ((0, -s, s), (0, s, s), (1, 0, 0))
    assert passport(Grid.from_geometry((2, 3, 40), (1.5, 1, 1.1), (20, 6, 0), slanted), stick).fit is Fit.APART
    assert passport(Grid.from_geometry((2, 3, 40), (1.5, 1, 1.1), (20, 1, 0), slanted), stick).fit is Fit.RESAMPLE


def test_what_a_file_does_not_say_is_not_invented() -> None:
    silent = Grid.from_geometry(SHAPE, has_spacing=False, has_direction=False)
    found = passport(silent, GRID, ("the prediction", "the reference"))
    assert [fact.first for fact in found.facts] == ["6 × 5 × 4", *["not stated"] * 4]
    assert differing(silent, GRID) == {"Voxel", "Origin", "Direction", "Covers"}
    assert found.fit is Fit.APART
    assert found.sentence.startswith("The prediction does not say where its voxels lie")
    assert passport(GRID, silent).sentence.startswith("The second does not say")


def test_two_files_without_a_place_are_matched_by_size() -> None:
    silent, said = (Grid.from_geometry(SHAPE, has_spacing=False, has_direction=known) for known in (False, True))
    assert passport(silent, silent).fit is Fit.SAME
    assert differing(silent, silent) == set()
    assert passport(silent, said).sentence.endswith("check left and right.")
    other = Grid.from_geometry((4, 6, 5), has_spacing=False, has_direction=False)
    assert passport(silent, other).fit is Fit.APART


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """The voxels of `GRID` or nearly: in other orders, a little beside, larger, elsewhere, or without a place."""
    nudge = draw(st.sampled_from([0, 1e-4, 0.02, 0.045, 0.06, 0.5, 1, 3, 40]))
    stretch = draw(st.sampled_from([1, 1, 1 + 1e-5, 1.005, 1.03, 2]))
    shape = tuple(n + draw(st.sampled_from([0, 0, 0, 1])) for n in SHAPE)
    known = draw(st.sampled_from([True, True, True, False]))
    direction = draw(st.sampled_from([None, None, TILTED]))
    origin = np.add((10, -20, 30.5), np.multiply(nudge, (0.7, 0, 0)))
    spacing = (2.5, 0.8, 0.7 * stretch)
    grid = Grid.from_geometry(shape, spacing, origin.tolist(), direction, known, draw(st.booleans()))
    order = draw(st.sampled_from(list(permutations(range(3)))))
    return turned(grid, order, draw(st.tuples(*[st.booleans()] * 3)))


@given(grids(), grids())
def test_labels_can_be_laid_on_others_if_and_only_if_the_passport_says_so(first: Grid, second: Grid) -> None:
    fit = passport(first, second).fit
    try:
        laid_on(Mask(np.zeros(first.shape, np.uint8), first), second, "One", "the other")
    except GeometryError:
        assert fit in (Fit.RESAMPLE, Fit.APART)
    else:
        assert fit in (Fit.SAME, Fit.REORDER)
