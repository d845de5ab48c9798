"""Doubtful slices come first, for reasons that can be worked out by hand."""

import math

import numpy as np
import pytest

from core.segmentation.doubt import area_jump, doubtful, stabilities
from core.segmentation.embeddings import Embeddings
from tests.core.segmentation.bright import Bright, block, bright_volume

BODY = block(10, 12, 18, 24)  # 96 voxels


def test_an_area_is_measured_against_the_mean_of_its_neighbours() -> None:
    areas = {4: 100, 5: 50, 6: 300, 8: 70}
    assert area_jump(areas, 5) == pytest.approx(4)  # 200 were expected
    assert area_jump(areas, 4) == pytest.approx(4)  # at an end, half of 50
    assert area_jump(areas, 8) == 1  # alone


def test_the_doubt_is_instability_times_jump_times_distance() -> None:
    masks = {z: BODY for z in range(3, 10)} | {5: block(10, 12, 14, 24)}  # 48 voxels on slice 5
    ranked = {doubt.z: doubt for doubt in doubtful(masks, [8], {5: 0.9, 6: 0.8})}
    assert ranked[5].doubt == pytest.approx(0.1 * 2 * 1.3)
    assert ranked[6].doubt == pytest.approx(0.2 * (96 / 72) * 1.2)
    assert ranked[7].doubt == pytest.approx(0.15 * 1 * 1.1)  # its stability is not known: the mean of the others
    assert math.isnan(ranked[7].stability)
    assert (ranked[5].area_jump, ranked[5].distance) == (pytest.approx(2), 3)


def test_the_most_doubtful_comes_first_and_what_was_marked_not_at_all() -> None:
    masks = {z: BODY for z in range(3, 10)} | {2: np.zeros_like(BODY)}
    stable = dict.fromkeys(range(3, 10), 0.95) | {4: 0.5}
    listed = [doubt.z for doubt in doubtful(masks, [6, 8], stable)]
    assert listed[0] == 4
    assert sorted(listed) == [3, 4, 5, 7, 9]


def test_an_unknown_stability_leaves_jump_and_distance() -> None:
    masks = {z: BODY for z in range(3, 10)}
    listed = [doubt.z for doubt in doubtful(masks, [6])]
    assert listed == [3, 9, 4, 8, 5, 7]  # both ends stop short: 96 where 48 were expected


def test_a_perfectly_stable_slice_is_still_ranked_by_its_area() -> None:
    masks = {z: BODY for z in range(2, 11)} | {5: block(10, 12, 14, 24)}
    listed = [doubt.z for doubt in doubtful(masks, [6], dict.fromkeys(range(2, 11), 1.0))]
    assert listed[:3] == [2, 10, 5]  # 2 · 1.4, 2 · 1.4 and 2 · 1.1


def test_stabilities_come_slice_by_slice_until_they_are_cancelled() -> None:
    volume = bright_volume({z: BODY for z in range(3, 7)}, 9)
    said = iter([False, False])
    found = dict(
        stabilities(
            volume,
            {6: BODY, 4: BODY, 2: np.zeros_like(BODY), 5: BODY},
            Bright(),
            Embeddings(10**6),
            np.random.default_rng(1),
            cancelled=lambda: next(said, True),
        )
    )
    assert list(found) == [4, 5]
    assert all(0.8 < figure <= 1 for figure in found.values())
