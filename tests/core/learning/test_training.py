import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import LearningError
from core.learning import runs
from core.learning.augmentation import USUAL
from core.learning.blocks import BlockTask
from core.learning.dataset import Dataset
from core.learning.flat import FlatTask
from core.learning.networks import NetworkConfig
from core.learning.networktask import Sampling
from core.learning.runs import State, read_progress
from core.learning.settings import Settings
from core.learning.training import Task, train
from tests.core.learning.shapes import WINDOW, dataset, lines

UNET = NetworkConfig("unet", (4, 4, 4, 4, 4), side=32)
VNET = NetworkConfig("vnet", (2, 4, 8), side=32, depth=4)
SETTINGS = Settings(epochs=3, batch=4, rate=3e-3, seed=5, patience=0)


def save(network: Any, config: Any, path: Path, facts: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(facts))


def task(config: NetworkConfig = UNET, settings: Settings = SETTINGS) -> Task:
    kind = FlatTask if config.is_flat else BlockTask
    sampling = Sampling(examples=8)
    return kind(config, dataset(1, 2), dataset(3), settings, save=save, augmentation=USUAL, sampling=sampling)


class StopsAfter:
    """A task during whose second epoch somebody asks to stop."""

    def __init__(self, inner: Task, folder: Path) -> None:
        self._inner, self._folder = inner, folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def batches(self, epoch: int) -> Iterator[Any]:
        for batch in self._inner.batches(epoch):
            yield batch
            if epoch == 1:
                runs.ask_to_stop(self._folder)


@pytest.mark.parametrize("config", [UNET, VNET], ids=["unet", "vnet"])
def test_going_on_after_a_stop_ends_as_if_there_had_been_none(config: NetworkConfig, tmp_path: Path) -> None:
    whole = task(config)
    train(whole, SETTINGS, tmp_path / "whole")
    stopped = train(StopsAfter(task(config), tmp_path / "parts"), SETTINGS, tmp_path / "parts")
    assert (stopped.state, stopped.epochs) == (State.STOPPED, 1)
    assert read_progress(tmp_path / "parts").state is State.STOPPED
    (tmp_path / "parts" / runs.STOP).unlink()
    torch.manual_seed(99)  # what happens between must not matter
    torch.rand(7)
    resumed = task(config)
    assert train(resumed, SETTINGS, tmp_path / "parts").state is State.FINISHED
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    first, second = (lines(tmp_path / name / runs.LOG) for name in ("whole", "parts"))
    for one, two in zip(first, second, strict=True):
        assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_a_run_writes_a_line_an_epoch_and_says_how_it_ended(tmp_path: Path) -> None:
    outcome = train(task(), SETTINGS, tmp_path)
    progress = read_progress(tmp_path)
    assert (progress.state, progress.epoch, progress.epochs) == (State.FINISHED, 3, 3)
    assert progress.sentence == "All 3 epochs are done."
    assert [line["epoch"] for line in progress.epochs_log] == [1, 2, 3]
    assert {"loss", "rate", "seconds", "validation_loss", "dice_liver", "dice_tumour", "score"} <= set(
        lines(tmp_path / runs.LOG)[0]
    )
    assert outcome.best_score == max(line["score"] for line in progress.epochs_log)
    assert json.loads((tmp_path / runs.BEST).read_text())["epoch"] == outcome.best_epoch


class Spoilt:
    """A task whose loss is no number in the second step."""

    def __init__(self, inner: Task) -> None:
        self._inner, self._asked = inner, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def loss(self, batch: Any) -> torch.Tensor:
        self._asked += 1
        return self._inner.loss(batch) * (float("nan") if self._asked == 2 else 1.0)


def test_a_loss_that_is_no_number_ends_the_training_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match=r"became nan in epoch 1, step 2.* lower rate than 0\.003"):
        train(Spoilt(task()), SETTINGS, tmp_path)
    progress = read_progress(tmp_path)
    assert progress.state is State.FAILED
    assert "became nan" in progress.sentence


class Worse:
    """A task whose validation gets worse from the second epoch on."""

    def __init__(self, inner: Task) -> None:
        self._inner, self._epoch = inner, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def validate(self) -> Mapping[str, float]:
        self._epoch += 1
        return {"score": 1.0 / self._epoch}


def test_training_ends_when_validation_has_not_improved_for_long_enough(tmp_path: Path) -> None:
    settings = Settings(epochs=9, batch=8, patience=2)
    outcome = train(Worse(task(settings=settings)), settings, tmp_path)
    assert (outcome.state, outcome.epochs, outcome.best_epoch) == (State.FINISHED, 3, 1)


def test_a_run_does_not_go_on_with_other_settings(tmp_path: Path) -> None:
    train(task(), Settings(epochs=1, batch=4, seed=5), tmp_path)
    other = Settings(epochs=1, batch=4, rate=0.5, seed=5)
    with pytest.raises(LearningError, match="trained with another rate"):
        train(task(settings=other), other, tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / runs.LAST).write_bytes(b"nothing")
    with pytest.raises(LearningError, match=r"last\.pt is damaged"):
        train(task(), SETTINGS, tmp_path)


def test_the_rate_rises_and_falls_as_planned() -> None:
    settings = Settings(epochs=5, rate=0.8, warmup=1, schedule="cosine")
    # After one epoch of warming up, half a cosine over the four that are left.
    expected = [0.4, 0.8, 0.4 * (1 + np.cos(np.pi / 4)), 0.4, 0.4 * (1 - np.cos(np.pi / 4))]
    assert [settings.rate_at(epoch) for epoch in range(5)] == pytest.approx(expected)
    assert Settings(rate=0.8, schedule="constant").rate_at(30) == 0.8
    assert Settings(epochs=10, rate=0.8, schedule="polynomial").rate_at(5) == pytest.approx(0.8 * 0.5**0.9)


@pytest.mark.parametrize("change", [{"epochs": 0}, {"rate": -1.0}, {"optimiser": "best"}, {"schedule": "up"}])
def test_settings_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(LearningError):
        Settings(**change)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_every_optimiser_learns(optimiser: Any, tmp_path: Path) -> None:
    rate = 0.1 if optimiser == "sgd" else 1e-2
    settings = Settings(epochs=4, batch=4, optimiser=optimiser, rate=rate, schedule="constant", patience=0)
    train(task(settings=settings), settings, tmp_path)
    losses = [line["loss"] for line in lines(tmp_path / runs.LOG)]
    assert losses[-1] < losses[0]


def test_half_of_the_drawn_slices_show_tumour() -> None:
    healthy = Dataset((*dataset(1).cases, *dataset(2, 3, 4, healthy=(2, 3, 4)).cases), WINDOW)  # 5 of 40 slices
    one = FlatTask(UNET, healthy, healthy, Settings(batch=50), save=save, sampling=Sampling(examples=200))
    shown = sum(int((wanted[:, 1].sum((1, 2)) > 0).sum()) for _, wanted in one.batches(0))
    assert 90 <= shown <= 130  # 100, and an eighth of the other 100


def test_without_a_case_to_learn_from_a_sentence_says_so(tmp_path: Path) -> None:
    class Nothing(Worse):
        def batches(self, epoch: int) -> Iterator[Any]:
            return iter(())

    with pytest.raises(LearningError, match="nothing to learn from"):
        train(Nothing(task()), SETTINGS, tmp_path)
