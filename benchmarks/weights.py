"""Whether trained weights earn their place: LiTS-117, which none of them has seen, in every window they may meet.

    python -m benchmarks.weights [--every 5]

Models that answer boxes are asked as in `benchmarks.accuracy` (jittered boxes from the labels, one island at a time)
in the window they were trained in and in LiteMedSAM's, W400 L40; beside each stands the model that comes with Lobule
in the same window. Networks find liver and tumours of the whole volume by themselves, in their own window; Dice is
that of all voxels. The sample is cut to the liver, which the networks have never seen so large.

The exit code is 1 if a fine-tuned model is worse than LiteMedSAM in the window it was trained in.
"""

import argparse
import sys
from collections.abc import Iterator
from statistics import mean

import numpy as np

from benchmarks.accuracy import JITTER, evaluate
from core.imaging import samples
from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning import finders
from core.learning.networkfinders import network_finder
from core.learning.trained import available_networks, load_network
from core.scoring.overlap import dice
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

_SEED = 117
_KIND = f"jittered {JITTER:.0%}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Trained weights on LiTS-117.")
    parser.add_argument("--every", type=int, default=5, metavar="N", help="use every N-th slice (default 5)")
    every = parser.parse_args().every
    print("| model | window | prompts | tumour Dice | liver Dice |\n|---|---|---|---|---|")
    base = weights.load(weights.DEFAULT)
    passed = True
    for card in weights.available().cards:
        if card.name != weights.DEFAULT and not card.takes_points:
            tuned = weights.load(card.name)
            for window in dict.fromkeys((card.window, base.card.window)):
                better = [_boxed(model, window, every) for model in (tuned, base)]
                passed &= window != card.window or better[0] >= better[1]
    kept = Embeddings(1 << 29)
    for title, window, found in _found(kept, every):
        told = [f"{value:.3f}" for value in found]
        print(f"| {title} | {window} | none | {' | '.join(told)} |", flush=True)
    return 0 if passed else 1


def _boxed(model: Segmenter, window: Window, every: int) -> float:
    """Print a line, and return the mean Dice of tumours."""
    values = evaluate(model, window, every, np.random.default_rng(_SEED)).values
    tumour, liver = (mean(values[label, _KIND]) for label in ("tumour", "liver"))
    print(f"| {model.card.title} | {window} | box, {_KIND} | {tumour:.3f} | {liver:.3f} |", flush=True)
    return tumour


def _found(kept: Embeddings, every: int) -> Iterator[tuple[str, Window, tuple[float, float]]]:
    volume, labels = samples.lits_117()
    slices = np.arange(every // 2, volume.slices, every)
    truth = labels.voxels[slices]
    for card in available_networks()[0]:
        finder = finders.Tidied(network_finder(load_network(card.name), kept=kept))
        found = finders.find(finder, finders.unlabelled(volume, card.window), slices.tolist())
        yield card.title, card.window, (dice(found == TUMOUR, truth == TUMOUR), dice(found >= LIVER, truth >= LIVER))


if __name__ == "__main__":
    sys.exit(main())
