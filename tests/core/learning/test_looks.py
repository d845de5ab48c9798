"""What the network behind SAM's encoder is shown of a case."""

import numpy as np
import pytest
import torch

from core.imaging.grid import Grid
from core.learning.cases import Case
from core.learning.looks import SPREAD, Eye, Look, near
from core.learning.view import View
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter
from tests.core.segmentation.conftest import lite  # noqa: F401  fixture


def bright() -> Case:
    """Two slices with a liver of 200 that is a rectangle, within 50."""
    grey = np.full((2, 60, 80), 50, np.uint8)
    grey[:, 10:40, 20:60] = 200
    labels = (grey == 200).astype(np.uint8)
    return Case("one", "one", grey, labels, (0, 1), Grid.from_geometry(grey.shape, has_spacing=False))


def test_a_close_look_is_at_the_liver_and_knows_how_bright_it_is() -> None:
    case = bright()
    look = Look.close(case, [1], case.labels[1:] > 0)
    assert look.grey == pytest.approx(200 / 255)
    assert look.view == View.round(case.labels > 0)
    assert look.view.side < 60


def test_without_a_liver_everything_is_looked_at() -> None:
    case = bright()
    look = Look.close(case, [0, 1], np.zeros((2, 60, 80), bool))
    assert look == Look.whole(case)
    assert look.view == View(0, 0, 80)


def test_greys_are_told_relative_to_the_livers(lite: Segmenter) -> None:  # noqa: F811
    case, eye = bright(), Eye(lite, Embeddings(1 << 24), 32)
    look = Look.close(case, [0, 1], case.labels > 0)
    features, pictures = eye.of([(case, 0), (case, 1)], look)
    assert (features.shape, pictures.shape) == ((2, 256, 8, 8), (2, 3, 32, 32))
    assert torch.allclose(pictures[:, :, 16, 16], torch.zeros(2, 3), atol=1e-5)
    assert pictures.min() == pytest.approx((50 - 200) / 255 / SPREAD, abs=1e-3)
    assert eye.targets(case, 0, look)[0, 16, 16] == 1


@pytest.mark.parametrize(
    ("spacing_mm", "z", "slices"),
    [
        (5.0, 4, [3, 4, 5]),
        (2.0, 4, [3, 4, 5]),
        (None, 4, [3, 4, 5]),
        (1.0, 4, [2, 4, 6]),
        (1.0, 0, [0, 0, 2]),
        (0.7, 7, [4, 7, 7]),
    ],
)
def test_the_neighbours_are_two_millimetres_away(spacing_mm: float | None, z: int, slices: list[int]) -> None:
    grid = Grid.from_geometry((8, 4, 4), spacing=(spacing_mm or 1.0, 1, 1), has_spacing=spacing_mm is not None)
    grey = np.zeros(grid.shape, np.uint8)
    assert near(Case("one", "one", grey, grey, tuple(range(8)), grid), z) == slices
