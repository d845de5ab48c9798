import numpy as np
import pytest

from core.reporting.diameter import longest_diameter

SPACING = (4.0, 1.0, 2.0)


def test_a_row_of_three_pixels_is_three_pixels_long_and_one_wide() -> None:
    mask = np.zeros((2, 4, 6), bool)
    mask[1, 2, 1:4] = True

    found = longest_diameter(mask, SPACING)

    assert found is not None
    assert (found.z, found.longest_mm, found.across_mm) == (1, pytest.approx(6), pytest.approx(1))
    assert sorted(found.longest) == [(2, 0.5), (2, 3.5)]
    assert sorted(y for y, _ in found.across) == pytest.approx([1.5, 2.5])


def test_a_cross_is_measured_along_both_of_its_bars() -> None:
    mask = np.zeros((1, 5, 7), bool)
    mask[0, 2, 2:5] = mask[0, 1:4, 3] = True

    found = longest_diameter(mask, SPACING)

    assert found is not None
    assert (found.longest_mm, found.across_mm) == (pytest.approx(6), pytest.approx(3))
    assert sorted(found.across) == [pytest.approx((0.5, 3)), pytest.approx((3.5, 3))]


def test_the_longest_line_of_a_rectangle_leads_from_side_to_side() -> None:
    mask = np.zeros((1, 6, 5), bool)
    mask[0, 1:5, 2:4] = True

    found = longest_diameter(mask, (3.0, 1.5, 2.0))

    assert found is not None
    assert found.longest_mm == pytest.approx(np.sqrt(40))  # 4 pixels of 1.5 mm down, 1 of 2 mm across


def test_an_oblique_ellipse_has_the_diameters_of_its_formula() -> None:
    y, x = np.meshgrid(np.arange(150) * 0.7 - 52, np.arange(130) * 0.9 - 58, indexing="ij")
    turn = np.radians(30)
    along, across = y * np.cos(turn) + x * np.sin(turn), x * np.cos(turn) - y * np.sin(turn)
    mask = ((along / 40) ** 2 + (across / 22) ** 2 <= 1)[None]

    found = longest_diameter(mask, (5.0, 0.7, 0.9))

    assert found is not None
    assert found.longest_mm == pytest.approx(80, abs=0.7)
    assert found.across_mm == pytest.approx(44, abs=0.7)


def test_both_lines_stand_at_right_angles_in_millimetres() -> None:
    generator = np.random.default_rng(4)
    mask = np.zeros((1, 30, 40), bool)
    mask[0, 5:25, 8:31] = generator.random((20, 23)) < 0.9

    found = longest_diameter(mask, (2.0, 0.6, 1.1))

    assert found is not None
    long, across = (np.subtract(*ends) * (0.6, 1.1) for ends in (found.longest, found.across))
    assert long @ across == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(long) == pytest.approx(found.longest_mm)
    assert np.linalg.norm(across) == pytest.approx(found.across_mm)


def test_a_line_never_leads_from_one_piece_to_another() -> None:
    mask = np.zeros((2, 3, 12), bool)
    mask[0, 1, 0:3] = mask[0, 1, 8:12] = True  # joined in the slice above, as the prongs of a fork
    mask[1, 1, 5] = True

    found = longest_diameter(mask, SPACING)

    assert found is not None
    assert found.longest_mm == pytest.approx(8)
    assert sorted(found.longest) == [(1, 7.5), (1, 11.5)]


def test_the_slice_where_it_is_longest_is_taken_and_counted_in_the_image() -> None:
    mask = np.zeros((3, 4, 9), bool)
    mask[0, 1, 1:3] = mask[1, 1, 1:7] = mask[2, 1, 1:4] = True

    found = longest_diameter(mask, SPACING, offset=(20, 100, 200))

    assert found is not None
    assert found.z == 21
    assert sorted(found.longest) == [(101, 200.5), (101, 206.5)]


def test_nothing_has_no_diameter() -> None:
    assert longest_diameter(np.zeros((2, 3, 4), bool), SPACING) is None
