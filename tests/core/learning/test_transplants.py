"""Tumours of one made-up liver, put into another."""

import numpy as np
import pytest

from core.learning.transplants import Transplant, taken
from tests.core.learning.test_lesions import SIDE, liver


def donor() -> tuple[np.ndarray, np.ndarray]:
    """Three pictures with a tumour of -3 that only the middle one shows whole, another that it does not show."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    tumour = np.zeros((3, SIDE, SIDE), np.float32)
    tumour[1] = (rows - 40) ** 2 + (columns - 60) ** 2 < 8**2
    tumour[2] = (rows - 40) ** 2 + (columns - 60) ** 2 < 4**2
    tumour[0, 70:80, 20:30] = 1
    return np.where(tumour > 0, np.float32(-3), np.float32(0)), tumour


def one() -> Transplant:
    (only,) = taken(*donor())
    return only


def test_what_the_middle_picture_shows_is_taken_with_what_its_neighbours_show_of_it() -> None:
    found = one()
    assert found.mask[1].sum() == donor()[1][1].sum()
    assert found.mask[2].sum() == donor()[1][2].sum()
    assert not found.mask[0].any()
    assert np.array_equal(found.pictures < -2, found.mask > 0.5)
    assert max(found.mask.shape[1:]) < 30


def test_of_a_few_pixels_nothing_is_taken() -> None:
    pictures, tumour = donor()
    tumour[:] = 0
    tumour[1, 40:42, 60:62] = 1
    assert not taken(pictures, tumour)


@pytest.mark.parametrize("seed", range(12))
def test_it_lies_in_the_liver_looks_like_the_donors_and_is_wanted(seed: int) -> None:
    pictures, wanted = liver()
    before, disc = pictures.copy(), wanted[0] > 0.5
    assert one().put(pictures, wanted, np.random.default_rng(seed))
    tumour = wanted[1] > 0.5
    assert tumour.any()
    assert not (tumour & ~disc).any()
    assert np.array_equal(wanted[0] > 0.5, disc)
    far = disc & ~tumour
    assert np.median(np.abs(pictures[1] - before[1])[far]) == 0
    if tumour.sum() > 40:
        assert -3.9 < np.median(pictures[1][tumour]) < -1.5


def test_sizes_and_places_vary_and_the_same_seed_puts_it_alike() -> None:
    def put(seed: int) -> tuple[np.ndarray, np.ndarray]:
        pictures, wanted = liver()
        one().put(pictures, wanted, np.random.default_rng(seed))
        return pictures, wanted[1]

    assert all(np.array_equal(a, b) for a, b in zip(put(3), put(3), strict=True))
    shown = [put(seed)[1] > 0.5 for seed in range(30)]
    areas = [mask.sum() for mask in shown]
    assert max(areas) > 4 * min(areas)
    assert np.argwhere(shown[0]).mean() != np.argwhere(shown[1]).mean()


def test_a_tumour_larger_than_most_livers_is_made_smaller() -> None:
    large = Transplant(np.full((3, 160, 160), -3, np.float32), np.ones((3, 160, 160), np.float32))
    pictures, wanted = liver()
    wanted[0], pictures[:] = 1, 0
    assert large.put(pictures, wanted, np.random.default_rng(0))
    assert wanted[1].any(0).sum() <= 72
    assert wanted[1].any(1).sum() <= 72


def test_into_a_sliver_of_liver_nothing_is_put() -> None:
    pictures, wanted = liver()
    wanted[0] = 0
    wanted[0, 4, :50] = 1
    before = pictures.copy()
    assert not one().put(pictures, wanted, np.random.default_rng(0))
    assert np.array_equal(pictures, before)
