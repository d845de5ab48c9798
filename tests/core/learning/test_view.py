"""Parts of slices that are looked at closely."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.learning.view import View

SHAPE = (60, 80)


def slice_with(*middle: int) -> torch.Tensor:
    """A smooth hill ``(1, 1, 60, 80)``, as no edge is lost when it is looked at in another size."""
    rows, columns = torch.meshgrid(*(torch.arange(n) + 0.5 for n in SHAPE), indexing="ij")
    return torch.exp(-((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2) / 60)[None, None]


def test_a_view_lies_round_all_that_is_shown_with_a_margin() -> None:
    mask = np.zeros((3, *SHAPE), bool)
    mask[0, 10:20, 30:40] = mask[2, 15:30, 50:70] = True  # rows 10 to 29, columns 30 to 69
    assert View.round(mask) == View(10 - 12, 30 - 2, 45)


def test_where_nothing_is_shown_everything_is_looked_at() -> None:
    assert View.round(np.zeros((2, *SHAPE), bool)) == View.whole(SHAPE) == View(0, 0, 80)


@pytest.mark.parametrize("view", [View(0, 0, 80), View(-7, 20, 50), View(30, -10, 41), View(40, 60, 64)])
@pytest.mark.parametrize("size", [32, 96])
def test_what_was_cut_comes_back_to_its_place(view: View, size: int) -> None:
    given = slice_with(48, 62) + slice_with(25, 30)
    seen = view.cut(given, size)
    assert seen.shape == (1, 1, size, size)
    back = view.put_back(seen, SHAPE)
    rows, columns = slice(max(view.top, 0), view.top + view.side), slice(max(view.left, 0), view.left + view.side)
    inside = torch.zeros_like(given)
    inside[..., rows, columns] = 1
    assert back.shape == given.shape
    assert torch.all(back[inside == 0] == 0)
    assert (back - given * inside).abs().max() < 0.1


def test_a_part_beyond_the_slice_shows_its_edge() -> None:
    given = torch.arange(60.0)[None, None, :, None].expand(1, 1, *SHAPE)
    seen = View(-30, 0, 60).cut(given, 60)[0, 0, :, 0]
    assert torch.allclose(seen[:30], torch.zeros(30))
    assert torch.allclose(seen[30:], torch.arange(30.0))


@pytest.mark.parametrize("view", [View(0, 0, 80), View(10, 14, 48), View(-6, 30, 60)])
def test_embeddings_are_cut_at_the_same_place(view: View) -> None:
    given = slice_with(30, 50)
    framed = functional.pad(given, (0, 0, 0, 20))  # the square of the whole slice
    seen = view.cut(given, 48)
    features = view.cut_features(functional.avg_pool2d(framed, 2), SHAPE, 48)
    assert features.shape == seen.shape
    assert (features - seen).abs().max() < 0.1


def test_all_slices_of_a_batch_are_cut_alike() -> None:
    given = torch.cat([slice_with(20, 20), slice_with(40, 60)])
    view = View(5, 5, 50)
    assert torch.equal(view.cut(given, 40)[1:], view.cut(given[1:], 40))
    assert torch.equal(view.put_back(given[:, :, :50, :50], SHAPE)[1:], view.put_back(given[1:, :, :50, :50], SHAPE))
