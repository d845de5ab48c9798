"""Where a refiner looks, that what it adds lands there, and a checkpoint that holds one."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from core.errors import WeightsError
from core.segmentation import networks, weights
from core.segmentation.prompt import Box, Prompt
from core.segmentation.refiner import CHANNELS, SIDE, Refiner, Sight, corrected, looked_at, refined
from core.segmentation.segmenter import Segmenter
from tests.core.segmentation.conftest import ellipse, picture

SHAPE = (120, 200)
BOX = Box(30, 50, 60, 110)


class Adding(nn.Module):
    """Corrects by the same number everywhere."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def forward(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((len(seen), 1, SIDE, SIDE), self.number), torch.full((len(seen),), 0.25)


def test_it_looks_round_the_middle_of_the_box_and_puts_back_where_that_was() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    sight = Sight.of([BOX], SHAPE)
    assert float(sight.side) == pytest.approx(1.7 * 60)
    for values, middle in ((rows, 44.5), (columns, 79.5)):  # of voxels, whose own middles lie half a step inside
        cut = sight.cut(torch.from_numpy(values)[None, None])
        assert cut.shape == (1, 1, SIDE, SIDE)
        assert float(cut.mean()) == pytest.approx(middle, abs=3)  # the square reaches beyond the slice
        assert float(cut[0, 0, SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1].mean()) == pytest.approx(
            middle, abs=0.01
        )
        back, inside = sight.put_back(cut)
        rim = torch.from_numpy(np.pad(np.zeros((116, 196), bool), 2, constant_values=True))
        near = inside[0, 0] & ~rim
        assert near.sum() > 8000
        assert np.abs(back[0, 0][near].numpy() - values[near.numpy()]).max() < 1.5


def test_a_small_box_is_looked_at_with_what_lies_round_it() -> None:
    assert float(Sight.of([Box(5, 5, 7, 8)], (512, 400)).side) == 32


def test_it_is_told_where_the_box_lies_and_how_large_it_is() -> None:
    down, across, inside, size = Sight.of([BOX], SHAPE).around()[0]
    middle = SIDE // 2
    assert float(down[middle, 0]) < 0.1
    assert float(across[0, middle]) < 0.1
    share = 60 / 102
    assert float(inside.mean()) == pytest.approx(share * share / 2, abs=0.02)  # twice as wide as tall
    assert float(size.max()) == float(size.min()) == pytest.approx(np.log(102 / 32), abs=1e-4)
    assert float(down.max()) == 2


def test_corrections_are_added_to_half_of_what_sam_says_and_nothing_is_drawn_far_away() -> None:
    logits = torch.full((1, *SHAPE), 4.0)
    grey = torch.zeros(SHAPE)
    for number, wanted in ((1.0, 3.0), (-3.0, -1.0)):
        found, scores = refined(Adding(number), grey, logits, [BOX])
        assert float(found[0, 45, 80]) == pytest.approx(wanted)
        assert float(found[0, 10, 190]) == -10
        assert scores.tolist() == [0.25]
    sight = Sight.of([BOX], SHAPE)
    seen = looked_at(sight, grey, logits[:, None])
    assert seen.shape == (1, CHANNELS, SIDE, SIDE)
    assert float(corrected(seen, torch.ones(1, 1, SIDE, SIDE)).mean()) == pytest.approx(3.0)


def saved(folder: Path, change: float = 0.0, dropped: str = "") -> None:
    """Write LiteMedSAM with a refiner whose last number is moved by ``change``."""
    torch.manual_seed(3)
    refiner = Refiner().eval()
    with torch.no_grad():
        refiner.last.weight.zero_()
        refiner.last.bias.fill_(change)
    own = {f"{networks.REFINER}{name}": tensor for name, tensor in refiner.state_dict().items() if name != dropped}
    safetensors.torch.save_file({**weights.parts().tensors, **own}, folder / "mended.safetensors")


def test_a_checkpoint_may_hold_a_refiner_and_every_answer_to_a_box_goes_through_it(
    lite: Segmenter, tmp_path: Path
) -> None:
    saved(tmp_path, change=2.5)
    mended = weights.load("mended", "cpu", tmp_path, engine="torch fp32")
    image = picture(ellipse((120, 160), (60, 80), (25, 35)))
    prompts = [Prompt(Box(30, 40, 90, 120)), Prompt(Box(40, 40, 80, 100))]
    plain, own = lite.embed(image), mended.embed(image)
    assert np.array_equal(own.picture, image)
    for before, after in zip(lite.predict_many(plain, prompts), mended.predict_many(own, prompts), strict=True):
        inside = after.logits > -9.9
        expected = np.clip(before.logits, -15, 15) / 2 + 2.5
        np.testing.assert_allclose(after.logits[inside], expected[inside], atol=0.02)
        assert inside.mean() < 1
        assert np.array_equal(after.mask, after.logits > 0)
        assert after.seen_box == before.seen_box
        assert 0 < after.score < 1
    one = mended.predict(own, prompts[0])
    assert np.array_equal(one.mask, mended.predict_many(own, prompts)[0].mask)


def test_a_refiner_that_is_not_whole_is_no_model(tmp_path: Path) -> None:
    saved(tmp_path, dropped="last.bias")
    with pytest.raises(WeightsError, match="There is no model named mended"):
        weights.card("mended", tmp_path)


def test_a_training_sees_what_an_answer_sees() -> None:
    """Training corrects within the square, an answer on the slice: both must mean the same."""
    torch.manual_seed(0)
    refiner = Refiner().eval()
    grey, logits = torch.rand(SHAPE), torch.randn(1, *SHAPE) * 5
    smooth = torch.nn.functional.avg_pool2d(logits[:, None], 9, 1, 4)
    sight = Sight.of([BOX], SHAPE)
    with torch.inference_mode():
        seen = looked_at(sight, grey, smooth)
        within = corrected(seen, refiner(seen)[0])
        whole, _ = refined(refiner, grey, smooth[:, 0], [BOX])
        again = sight.cut(whole[:, None])
    middle = slice(10, SIDE - 10)
    difference = (again - within)[0, 0, middle, middle].abs()
    assert float(difference[8:].mean()) < 0.1
