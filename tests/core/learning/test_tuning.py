"""Fine-tuning on LiteMedSAM itself, on made-up slices."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.boxed import Choice, slices_of
from core.learning.boxtask import Tuning
from core.learning.cases import Case
from core.learning.dataset import Dataset
from core.learning.entrants import tuned_segmenter
from core.learning.lora import adapt, merged
from core.learning.prompts import Manner
from core.learning.runs import BEST
from core.learning.settings import Settings
from core.learning.training import train
from core.learning.tuning import TuneTask
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter
from tests.core.learning.shapes import WINDOW, dataset, patient
from tests.core.segmentation.conftest import lite  # noqa: F401  fixture

SETTINGS = Settings(epochs=1, batch=1, rate=3e-4, loss="each dice+bce", schedule="constant", patience=0)
FEW = Choice(tumour=1, liver=0)


def hollow(seed: int) -> Case:
    """A patient whose tumour is labelled only in its upper half, which no model can know beforehand."""
    case = patient(seed)
    wanted = case.labels.copy()
    middle = np.flatnonzero((wanted[4] == 2).any(axis=1)).mean()
    wanted[:, int(middle) :][wanted[:, int(middle) :] == 2] = 1
    return Case(case.name, case.patient, case.grey, wanted, case.numbers, case.grid)


def task(lite: Segmenter, part: str = "decoder", settings: Settings = SETTINGS) -> TuneTask:  # noqa: F811
    data = Dataset((hollow(3),), WINDOW)
    tuning = Tuning(part, choice=FEW, checked=FEW)  # type: ignore[arg-type]
    return TuneTask(weights.parts(), lite, data, Dataset((), WINDOW), settings, tuning=tuning, kept=Embeddings(1 << 28))


def test_a_decoder_learns_one_slice_by_heart(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    settings = Settings(epochs=15, batch=1, rate=5e-4, loss="each dice+bce", schedule="constant", patience=0)
    one = task(lite, settings=settings)
    with torch.inference_mode():
        before = one.validate()["dice_tumour"]
    outcome = train(one, settings, tmp_path)
    assert before < 0.9
    assert outcome.best_score > 0.95


def test_a_tuned_decoder_is_a_model_like_any_other_with_its_own_window(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    one = task(lite)
    one.save(tmp_path / BEST, {"licence": "research use only"})
    found = weights.available(tmp_path)
    (card,) = (card for card in found.cards if card.name == "best")
    assert (card.window, card.title, card.licence) == (
        WINDOW,
        "LiteMedSAM, fine-tuned on liver tumours",
        "research use only",
    )
    image = patient(4).grey[5]
    first = lite.predict(lite.embed(image), Prompt(Box(10, 12, 40, 50)))
    loaded = weights.load("best", "cpu", tmp_path, engine="torch fp32")
    second = loaded.predict(loaded.embed(image), Prompt(Box(10, 12, 40, 50)))
    assert (first.mask != second.mask).mean() < 0.005  # nothing was learnt yet; rounded to 16 bits


def test_only_the_decoder_changes_and_its_embeddings_are_those_of_the_model_it_came_from(
    lite: Segmenter,  # noqa: F811
    tmp_path: Path,
) -> None:
    train(task(lite), SETTINGS, tmp_path)
    before, after = weights.parts().tensors, weights.parts("best", tmp_path).tensors
    changed = {name for name in before if (before[name] - after[name]).abs().max() > 2e-3 * before[name].abs().max()}
    assert changed
    assert all(name.startswith("mask_decoder.") for name in changed)
    tuned = tuned_segmenter(tmp_path, lite, "decoder", "cpu")
    embedding = lite.embed(patient(4).grey[5])
    assert tuned.predict(embedding, Prompt(Box(10, 12, 40, 50))).mask.shape == (48, 64)


def test_lora_changes_nothing_at_first_and_then_the_attention_of_the_encoder(
    lite: Segmenter,  # noqa: F811
    tmp_path: Path,
) -> None:
    one = task(lite, "lora")
    picture = torch.rand(1, 3, 256, 256)
    encoder = one.network.encoder
    with torch.inference_mode():
        plain = lite._place.network.image_encoder(picture)
        assert (encoder(picture) - plain).abs().max() < 1e-4
    learnt = {name for name, tensor in one.network.named_parameters() if tensor.requires_grad and "encoder" in name}
    assert all(name.endswith((".first", ".second")) for name in learnt)
    train(one, Settings(epochs=1, batch=1, rate=1e-2, loss="each dice+bce", patience=0), tmp_path)
    before, after = weights.parts().tensors, weights.parts("best", tmp_path).tensors
    moved = {name for name in before if name.startswith("image_encoder") and not torch.allclose(
        before[name].float(), after[name].float(), rtol=2e-3, atol=1e-4)}  # fmt: skip
    assert moved
    assert all(name.endswith("qkv.weight") for name in moved)


def test_low_rank_is_a_product_of_two_thin_matrices() -> None:
    class Attention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = torch.nn.Linear(5, 9)

    one = Attention()
    before = one.qkv.weight.detach().clone()
    (name,) = adapt(one, rank=2, alpha=6.0)
    low = one.qkv.parametrizations.weight[0]
    with torch.no_grad():
        low.second.fill_(0.5)
        low.first.fill_(2.0)
    # alpha / rank = 3, and two terms of 0.5 * 2 in every place.
    assert torch.allclose(merged(one, [name])[name], before + 6.0)


def test_the_same_epoch_asks_the_same_boxes(lite: Segmenter) -> None:  # noqa: F811
    one = task(lite)
    first, second, other = (
        torch.cat([boxes for batch in one.batches(epoch) for *_, boxes in batch]) for epoch in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_slices_with_tumour_are_spread_evenly_over_a_case() -> None:
    found = slices_of(dataset(3), Choice(tumour=2, liver=1))
    assert [one.z for one in found] == [4, 6, 8]  # tumour on 3 to 7, liver alone on 1, 2, 8 and 9
    assert {manner.value[:3] for manner in Manner} == {"box"}


def test_what_lies_beside_a_checkpoint_says_how_to_feed_it(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    task(lite).save(tmp_path / BEST, {})
    told = json.loads((tmp_path / f"{BEST}.json").read_text())
    assert (told["recipe"], told["level_hu"], told["width_hu"]) == ("litemedsam", 60, 200)


@pytest.mark.parametrize("part", ["decoder", "whole"])
def test_a_step_reaches_what_is_to_be_learnt(part: str, lite: Segmenter) -> None:  # noqa: F811
    one = task(lite, part)
    one.network.train()
    one.loss(next(one.batches(0))).backward()
    with_gradient = {name.split(".")[0] for name, t in one.network.named_parameters() if t.grad is not None}
    assert with_gradient == ({"decoder"} if part == "decoder" else {"encoder", "decoder"})
