"""Two real processes that train together, as torchrun starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.errors import LearningError
from core.learning import runs
from core.learning.augmentation import NONE
from core.learning.flat import FlatTask
from core.learning.networks import NetworkConfig
from core.learning.networktask import Sampling
from core.learning.ranks import Ranks
from core.learning.runs import State, read_progress
from core.learning.settings import Settings
from core.learning.training import train
from tests.core.learning.shapes import dataset
from tests.core.learning.test_training import save

CNN = NetworkConfig("cnn", (4, 4), side=32)


def settings(batch: int) -> Settings:
    return Settings(epochs=2, batch=batch, rate=3e-3, loss="bce", optimiser="sgd", patience=0, mixed=False)


def task(batch: int) -> FlatTask:
    sampling = Sampling(examples=8)
    return FlatTask(CNN, dataset(1, 2), dataset(3), settings(batch), save=save, augmentation=NONE, sampling=sampling)


def test_two_processes_learn_what_one_learns_from_batches_twice_as_large(tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "tests.core.learning.test_ranks", str(tmp_path / "two")]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    one = task(4)
    train(one, settings(4), tmp_path / "one")
    progress = read_progress(tmp_path / "two")
    assert (progress.state, progress.epoch) == (State.FINISHED, 2)
    kept = torch.load(tmp_path / "two" / runs.LAST, weights_only=True)["network"]
    untaught = task(4).network.state_dict()
    for name, tensor in one.network.state_dict().items():
        assert not torch.equal(tensor, untaught[name])
        assert torch.allclose(tensor, kept[name], atol=1e-6), name


def test_fewer_batches_than_processes_are_refused_in_all_of_them() -> None:
    for rank in range(4):
        with pytest.raises(LearningError, match=r"fewer batches \(3\) than there are processes \(4\)"):
            Ranks(rank, 4).share("abc", 3)
    assert [list(Ranks(rank, 3).share("abcd", 4)) for rank in range(3)] == [["a"], ["b"], ["c"]]


if __name__ == "__main__":
    train(task(2), settings(2), Path(sys.argv[1]))
