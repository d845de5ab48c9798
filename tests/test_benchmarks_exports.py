"""What the benchmark of the exports prints rests on a few small functions."""

import numpy as np

from benchmarks import exports


def test_the_exported_case_is_the_phantom_on_more_voxels() -> None:
    small = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    large = exports.enlarged(small, (4, 3, 8))
    assert large.shape == (4, 3, 8)
    assert np.array_equal(large[::2, :, ::2], small)
    assert np.array_equal(large[1::2, :, 1::2], small)


def test_an_export_that_misses_its_goal_says_so() -> None:
    told = exports.table({"dicomseg": (5.2, 2.0, 10_700_000), "csv": (9.0, 8.0, 900)}).splitlines()
    assert told[2:] == ["| dicomseg | 5.20 | 2.00 | 10.7 | ≤ 5 s: MISSED |", "| csv | 9.00 | 8.00 | 0.0 |  |"]
