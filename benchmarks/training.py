"""What keeping embeddings saves: an epoch of decoder fine-tuning with kept embeddings, and encoding every time.

    python -m benchmarks.training [--slices 24] [--rounds 3]

The slices are those of the phantom that show liver, with its own labels; both ways see the same slices, boxes and
steps, and take turns in one process, so that a busy machine slows both. The embeddings of the first way are made
beforehand, as they are in a training from its second epoch on; making them costs what the second way pays in every
epoch. Report no figures of a busy machine: the load is printed.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch

from core.imaging import samples
from core.learning.boxed import Choice
from core.learning.boxtask import Tuning
from core.learning.cases import Case
from core.learning.dataset import SOFT_TISSUE, Dataset
from core.learning.finders import unlabelled
from core.learning.settings import Settings
from core.learning.tuning import TuneTask
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings

KEPT, ANEW = "embeddings kept", "encoded every time"
_BYTES = 1 << 30


@dataclass(frozen=True)
class Times:
    """Seconds of every epoch by way, and how many slices an epoch has."""

    seconds: dict[str, list[float]]
    slices: int


def main() -> None:
    parser = argparse.ArgumentParser(description="Time an epoch of fine-tuning with and without kept embeddings.")
    parser.add_argument("--slices", type=int, default=24, help="an epoch (default 24)")
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each way (default 3)")
    options = parser.parse_args()
    segmenter = weights.load(weights.DEFAULT)
    print(f"{segmenter.card.title}, encoder on {segmenter.engine.name}, {torch.get_num_threads()} threads, "
          f"load {os.getloadavg()[0]:.1f}.\n")  # fmt: skip
    print(table(measure(options.slices, options.rounds)))


def measure(slices: int, rounds: int) -> Times:
    """Time epochs of both ways in turns.

    Args:
        slices: An epoch.
        rounds: Epochs of each way.
    """
    ways = {KEPT: task(slices, _BYTES), ANEW: task(slices, 0)}
    epoch(ways[KEPT], 0)  # makes the embeddings
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, one in ways.items():
            seconds[name].append(epoch(one, number))
    return Times(seconds, slices)


def task(slices: int, limit_bytes: int) -> TuneTask:
    """Return fine-tuning of the decoder on slices of the phantom."""
    data = Dataset((phantom(),), SOFT_TISSUE)
    settings = Settings(epochs=1, batch=4, rate=1e-4, loss="each dice+bce")
    tuning = Tuning("decoder", choice=Choice(slices // 2, slices - slices // 2), checked=Choice(1, 0))
    segmenter, parts = weights.load(weights.DEFAULT), weights.parts()
    return TuneTask(parts, segmenter, data, data, settings, tuning=tuning, kept=Embeddings(limit_bytes))


def phantom() -> Case:
    """Return the phantom with its labels."""
    volume, labels = samples.phantom()
    bare = unlabelled(volume, SOFT_TISSUE)
    return Case("phantom", "phantom", bare.grey, labels.voxels.astype("uint8"), bare.numbers, bare.grid)


def epoch(one: TuneTask, number: int) -> float:
    """Take every step of an epoch, and return its seconds."""
    learnt = [tensor for tensor in one.network.parameters() if tensor.requires_grad]
    optimiser = torch.optim.AdamW(learnt, 1e-4)
    started = perf_counter()
    for batch in one.batches(number):
        optimiser.zero_grad(set_to_none=True)
        one.loss(batch).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return perf_counter() - started


def table(times: Times) -> str:
    """Lay the times out as markdown: median epoch, a slice, and how many times faster."""
    lines = [f"| an epoch of {times.slices} slices | median, s | s per slice | ratio |", "|---|---|---|---|"]
    slowest = median(times.seconds[ANEW])
    for name, seconds in times.seconds.items():
        lines.append(_row(name, seconds, times.slices, slowest))
    return "\n".join(lines)


def _row(name: str, seconds: Sequence[float], slices: int, slowest: float) -> str:
    middle = median(seconds)
    return f"| {name} | {middle:.1f} | {middle / slices:.2f} | {slowest / middle:.1f}× |"


if __name__ == "__main__":
    main()
