"""A refiner on made-up slices, beside LiteMedSAM itself where that matters."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from core.imaging.volume import TUMOUR
from core.learning.boxed import Choice
from core.learning.boxtask import Tuning
from core.learning.cases import Case
from core.learning.dataset import Dataset
from core.learning.entrants import tuned_segmenter
from core.learning.refining import RefineTask
from core.learning.settings import Settings
from core.learning.training import train
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.networks import REFINER
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter
from tests.core.learning.shapes import WINDOW, patient
from tests.core.segmentation.bright import Bright
from tests.core.segmentation.conftest import lite  # noqa: F401  fixture

SETTINGS = Settings(epochs=2, batch=2, rate=5e-3, loss="each dice+bce", schedule="constant", patience=0)
FEW = Choice(tumour=2, liver=1)
ONE = Choice(tumour=1, liver=0)


def grown(seed: int) -> Case:
    """A patient whose tumour is labelled 3 pixels beyond its edge, which no model can know beforehand."""
    case = patient(seed)
    larger = np.stack([ndimage.binary_dilation(slab == TUMOUR, iterations=3) for slab in case.labels])
    labels = np.where(larger & (case.labels > 0), TUMOUR, case.labels).astype(np.uint8)
    return Case(case.name, case.patient, case.grey, labels, case.numbers, case.grid)


def task(segmenter: Segmenter, settings: Settings = SETTINGS, choice: Choice = FEW) -> RefineTask:
    data = Dataset((grown(3),), WINDOW)
    tuning = Tuning("refiner", choice=choice, checked=choice)
    kept = Embeddings(1 << 28)
    return RefineTask(weights.parts(), segmenter, data, Dataset((), WINDOW), settings, tuning=tuning, kept=kept)


def test_it_learns_one_slice_by_heart_that_no_model_can_know(tmp_path: Path) -> None:
    settings = Settings(epochs=40, batch=4, rate=5e-3, loss="each dice+bce", schedule="constant", patience=0)
    one = task(Bright(), settings, ONE)
    one.network.eval()
    with torch.inference_mode():
        before = one.validate()["dice_tumour"]
    outcome = train(one, settings, tmp_path)
    assert before < 0.9
    assert outcome.best_score > 0.95


def test_sam_stays_as_it_is_and_the_checkpoint_is_a_model_like_any_other(lite: Segmenter, tmp_path: Path) -> None:  # noqa: F811
    settings = replace(SETTINGS, epochs=1)
    train(task(lite, settings, ONE), settings, tmp_path)
    before, after = weights.parts().tensors, weights.parts("best", tmp_path).tensors
    assert set(after) - set(before) == {name for name in after if name.startswith(REFINER)}
    assert all((before[name] - after[name]).abs().max() <= 2e-3 * before[name].abs().max() for name in before)
    card = weights.card("best", tmp_path)
    assert (card.window, card.title) == (WINDOW, "LiteMedSAM, fine-tuned on liver tumours with a refiner")
    tuned = tuned_segmenter(tmp_path, lite, "refiner", "cpu")
    prompt, embedding = Prompt(Box(10, 12, 40, 50)), lite.embed(patient(4).grey[5])
    mended, plain = tuned.predict(embedding, prompt), lite.predict(embedding, prompt)
    assert (mended.mask != plain.mask).any()
    loaded = weights.load("best", "cpu", tmp_path, engine="torch fp32")
    again = loaded.predict(loaded.embed(patient(4).grey[5]), prompt)
    assert (again.mask != mended.mask).mean() < 0.005  # the encoder is rounded to 16 bits in the file


def test_the_same_epoch_shows_the_same_and_another_shows_other_boxes() -> None:
    one = task(Bright())
    first, second, other = (torch.cat([seen for seen, _ in one.batches(epoch)]) for epoch in (1, 1, 2))
    assert torch.equal(first, second)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_a_run_that_goes_on_ends_as_one_that_did_not_stop(tmp_path: Path) -> None:
    train(task(Bright()), SETTINGS, tmp_path / "whole")
    one = task(Bright())
    stop = tmp_path / "parts" / "stop"
    batches = one.batches

    def stopping(epoch: int):  # type: ignore[no-untyped-def]
        for batch in batches(epoch):
            if epoch == 1:
                stop.touch()
            yield batch

    one.batches = stopping  # type: ignore[method-assign]
    assert train(one, SETTINGS, tmp_path / "parts").epochs == 1
    stop.unlink()
    train(task(Bright()), SETTINGS, tmp_path / "parts")
    ends = [weights.parts("best", tmp_path / name).tensors for name in ("whole", "parts")]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_what_is_wanted_lies_where_it_is_seen() -> None:
    """Mirrored and turned alike: the mask stays within the box, which is told in channels of its own."""
    for seen, wanted in task(Bright(), choice=Choice(tumour=2, liver=0)).batches(0):
        loosely = (seen[:, 1] < 1.5) & (seen[:, 2] < 1.5)
        share = [(there & near).sum() / there.sum() for there, near in zip(wanted[:, 0] > 0.5, loosely, strict=True)]
        assert np.min(share) > 0.98
