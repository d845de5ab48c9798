"""The brush, in mm on voxels that are not as deep as wide as tall."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.editing.brush import stroke, within_hu
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume

GRID = Grid.from_geometry((9, 40, 60), (2.5, 0.5, 0.8))


def distance_mm(voxel: tuple[int, ...], line: list[tuple[float, float, float]], axes: tuple[int, ...]) -> float:
    """Second implementation: how far the centre of a voxel lies from a line, by its corners and stretches."""
    best = math.inf
    for start, end in zip(line, line[1:] or line, strict=False):
        a, b, p = ([place[k] * GRID.spacing[k] for k in axes] for place in (start, end, voxel))
        along = sum((q - s) ** 2 for s, q in zip(a, b, strict=True))
        share = sum((c - s) * (q - s) for s, q, c in zip(a, b, p, strict=True)) / along if along else 0
        share = min(1, max(0, share))
        best = min(best, math.dist(p, [s + share * (q - s) for s, q in zip(a, b, strict=True)]))
    return best


PLACES = st.tuples(*(st.floats(-3, n + 3, allow_subnormal=False) for n in GRID.shape))


@settings(deadline=None, max_examples=60)
@given(st.lists(PLACES, min_size=1, max_size=4), st.floats(1.8, 6))
def test_a_ball_paints_the_voxels_whose_centre_lies_within_its_radius(
    line: list[tuple[float, float, float]], radius: float
) -> None:
    painted = stroke(line, radius, GRID, ball=True)
    for voxel in np.random.default_rng(1).integers(0, GRID.shape, (150, 3)).tolist():
        far = distance_mm(tuple(voxel), line, (0, 1, 2))
        if abs(far - radius) > 1e-5:
            assert bool(voxel[0] in painted and painted[voxel[0]][voxel[1], voxel[2]]) == (far < radius)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 8), st.lists(PLACES, min_size=1, max_size=4), st.floats(0.6, 6))
def test_a_disc_paints_its_slice_alone(z: int, places: list[tuple[float, float, float]], radius: float) -> None:
    line = [(float(z), y, x) for _, y, x in places]
    painted = stroke(line, radius, GRID)
    assert painted.keys() <= {z}
    mask = painted.get(z, np.zeros(GRID.shape[1:], dtype=bool))
    for y, x in np.random.default_rng(1).integers(0, GRID.shape[1:], (150, 2)).tolist():
        far = distance_mm((z, y, x), line, (1, 2))
        if abs(far - radius) > 1e-5:
            assert mask[y, x] == (far < radius)


@pytest.mark.parametrize("radius", [3.0, 6.0, 9.0])
def test_a_disc_has_the_area_of_a_disc(radius: float) -> None:
    painted = stroke([(4, 20.3, 30.4)], radius, GRID)
    assert painted[4].sum() * 0.5 * 0.8 == pytest.approx(math.pi * radius**2, rel=0.03)


@pytest.mark.parametrize("radius", [5.0, 9.0])
def test_a_ball_has_the_volume_of_a_ball(radius: float) -> None:
    thin = Grid.from_geometry((17, 40, 60), (1.3, 0.5, 0.8))
    painted = stroke([(8, 20.3, 30.4)], radius, thin, ball=True)
    voxels = sum(int(mask.sum()) for mask in painted.values())
    assert voxels * 1.3 * 0.5 * 0.8 == pytest.approx(4 / 3 * math.pi * radius**3, rel=0.02)
    assert sorted(painted) == list(range(8 - int(radius / 1.3), 9 + int(radius / 1.3)))


def test_a_disc_of_1_mm_by_hand() -> None:
    """Rows are 0.5 mm apart and columns 0.8 mm: 2 rows up, 1 column aside, and there 1 row up (0.5² + 0.8² < 1)."""
    (mask,) = stroke([(0, 10, 20)], 1.0, GRID).values()
    assert np.argwhere(mask).tolist() == [
        [8, 20],
        *([9, x] for x in (19, 20, 21)),
        *([10, x] for x in (19, 20, 21)),
        *([11, x] for x in (19, 20, 21)),
        [12, 20],
    ]


def test_a_stroke_in_a_slice_covers_the_same_as_a_ball_does_there() -> None:
    line = [(4.0, 8.0, 9.0), (4.0, 30.0, 40.0), (4.0, 11.0, 50.0)]
    assert (stroke(line, 3.0, GRID)[4] == stroke(line, 3.0, GRID, ball=True)[4]).all()


def test_the_finest_brush_paints_the_voxels_under_its_line_without_a_gap() -> None:
    (mask,) = stroke([(2, 3, 5), (2, 3, 14)], 0.01, GRID).values()
    assert np.argwhere(mask).tolist() == [[3, x] for x in range(5, 15)]


def test_a_point_paints_the_voxel_it_lies_in() -> None:
    painted = stroke([(2.4, 3.4, 4.6)], 0.01, GRID, ball=True)
    assert [(z, *np.argwhere(mask).tolist()) for z, mask in painted.items()] == [(2, [3, 5])]


def test_a_disc_that_changes_slices_paints_each_slice_for_itself() -> None:
    painted = stroke([(2, 3, 4), (2, 3, 6), (3, 20, 30)], 0.01, GRID)
    assert {z: np.argwhere(mask).tolist() for z, mask in painted.items()} == {
        2: [[3, 4], [3, 5], [3, 6]],
        3: [[20, 30]],
    }


def test_a_hand_that_trembles_by_almost_nothing_paints_like_one_at_rest() -> None:
    trembling = stroke([(4, 20, 0), (4, 20, 2e-173), (4, 20, 0)], 3.0, GRID, ball=True)
    resting = stroke([(4, 20, 0)], 3.0, GRID, ball=True)
    assert trembling.keys() == resting.keys()
    assert all((mask == resting[z]).all() for z, mask in trembling.items())


def test_nothing_is_painted_beside_the_volume() -> None:
    assert stroke([(4, -20, 30)], 3.0, GRID) == {}
    assert stroke([(40, 20, 30)], 3.0, GRID, ball=True) == {}
    assert stroke([(-1, 20, 30)], 3.0, GRID) == {}


def test_a_brush_at_the_edge_paints_what_lies_in_the_volume() -> None:
    (mask,) = stroke([(4, -1.0, 30)], 1.0, GRID).values()
    assert np.argwhere(mask).tolist() == [[0, 29], [0, 30], [0, 31], [1, 30]]


def test_without_voxel_size_a_voxel_counts_as_one_millimetre() -> None:
    unknown = Grid.from_geometry(GRID.shape, (2.5, 0.5, 0.8), has_spacing=False)
    assert stroke([(4, 20, 30)], 3.0, unknown)[4].sum() == 29, "the lattice points within 3 of a point"


def test_a_range_keeps_the_voxels_within_it_both_ends_included() -> None:
    hu = np.zeros(GRID.shape, dtype=np.int16)
    hu[4, 10, 20:26] = [-101, -100, 0, 150, 151, 90]
    volume = Volume(hu, GRID, Source("case", "sample", GRID))
    row = np.zeros(GRID.shape[1:], dtype=bool)
    row[10, 20:25] = True
    kept = within_hu({4: row}, volume, -100, 150)
    assert np.argwhere(kept[4]).tolist() == [[10, 21], [10, 22], [10, 23]]
    assert within_hu({4: row}, volume, 200, 300) == {}
