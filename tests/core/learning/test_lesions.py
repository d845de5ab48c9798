"""Tumours drawn into a made-up liver."""

import numpy as np
import pytest

from core.learning.lesions import draw

SIDE = 96


def liver() -> tuple[np.ndarray, np.ndarray]:
    """Three pictures, darker outside a liver that is a disc."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    disc = (rows - 50) ** 2 + (columns - 40) ** 2 < 30**2
    pictures = np.repeat(np.where(disc, 0.0, -2.0)[None], 3, axis=0).astype(np.float32)
    return pictures, np.stack([disc, np.zeros_like(disc)]).astype(np.float32)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_drawn_lies_in_the_liver_differs_from_it_and_is_wanted(seed: int) -> None:
    pictures, wanted = liver()
    before, disc = pictures.copy(), wanted[0] > 0.5
    assert draw(pictures, wanted, 0.2, np.random.default_rng(seed))
    tumour = wanted[1] > 0.5
    assert not (tumour & ~disc).any()
    assert np.array_equal(pictures[:, ~disc], before[:, ~disc])
    assert np.array_equal(wanted[0] > 0.5, disc)
    if tumour.sum() > 20:
        change = np.abs(pictures[1] - before[1])
        assert np.median(change[tumour]) > 0.2
        assert np.median(change[disc & ~tumour]) < 0.05


def test_sizes_and_greys_vary() -> None:
    areas, greys = [], []
    for seed in range(60):
        pictures, wanted = liver()
        draw(pictures, wanted, 0.2, np.random.default_rng(seed))
        tumour = wanted[1] > 0.5
        areas.append(tumour.sum())
        greys += [np.median(pictures[1][tumour])] if tumour.any() else []
    assert np.percentile(areas, 10) < 60 < 600 < np.percentile(areas, 90)
    assert min(greys) < -1.2
    assert max(greys) > 0.3
    assert np.mean(np.array(greys) < 0) > 0.8


def test_the_neighbours_show_it_too_and_the_same_seed_the_same() -> None:
    one, other = liver(), liver()
    for pictures, wanted in (one, other):
        draw(pictures, wanted, 0.2, np.random.default_rng(5))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    changed = [np.count_nonzero(picture != before) for picture, before in zip(one[0], liver()[0], strict=True)]
    assert min(changed) > 0


def test_into_a_sliver_of_liver_nothing_is_drawn() -> None:
    pictures, wanted = liver()
    wanted[0] = 0
    wanted[0, 4, :50] = 1
    before = pictures.copy()
    assert not draw(pictures, wanted, 0.2, np.random.default_rng(0))
    assert np.array_equal(pictures, before)
    assert not wanted[1].any()
