"""How good one box is: LiteMedSAM on LiTS-117, with exact boxes and with boxes as a hand draws them.

    python -m benchmarks.accuracy [--every 5] [--model litemedsam] [--window 60 200]

Protocol. On each axial slice every island (8-connected in the slice) of at least 50 voxels of the reference is one
object: of the tumour, and of the liver with its tumours. It gets one box and is scored alone by Dice in the slice.
No person drew a box: the exact one is the tightest box round the reference, the jittered ones (3 draws) have every
edge moved by a uniform random distance of up to 15 % of the box's shorter side. So the boxes know where the object
is, the figures are per island and not per patient, and LiteMedSAM may have seen LiTS in training.
Every 5th slice takes a few minutes on two cores; neighbouring slices say nearly the same.
"""

import argparse
from dataclasses import dataclass, field
from statistics import mean, median
from time import perf_counter

import numpy as np
import numpy.typing as npt
import SimpleITK

from core.imaging import samples
from core.imaging.volume import TUMOUR
from core.imaging.window import Window, slice_picture
from core.scoring.overlap import dice
from core.segmentation import weights
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Segmenter

Island = npt.NDArray[np.bool_]
MIN_VOXELS, JITTER, DRAWS = 50, 0.15, 3


@dataclass
class Scores:
    """Dice of every box, by object and kind of box, and the slices they lie on, counted from 1."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    slices: list[int] = field(default_factory=list)

    def add(self, label: str, boxes: str, value: float) -> None:
        """Note the Dice of one box."""
        self.values.setdefault((label, boxes), []).append(value)

    def told_slices(self) -> str:
        """Say which slices were used."""
        return f"{len(self.slices)} slices: {', '.join(map(str, self.slices))}."

    def table(self) -> str:
        """Lay the figures out as markdown."""
        lines = ["| object | box | mean Dice | median | boxes |", "|---|---|---|---|---|"]
        for (label, boxes), values in sorted(self.values.items(), reverse=True):
            lines.append(f"| {label} | {boxes} | {mean(values):.3f} | {median(values):.3f} | {len(values)} |")
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Dice of one box on LiTS-117.")
    parser.add_argument("--every", type=int, default=5, metavar="N", help="use every N-th slice (default 5)")
    parser.add_argument("--model", default=weights.DEFAULT, help="a model from weights/ (default litemedsam)")
    parser.add_argument("--window", type=float, nargs=2, metavar=("LEVEL", "WIDTH"), help="default: the model's own")
    parser.add_argument("--seed", type=int, default=117)
    options = parser.parse_args()
    segmenter = weights.load(options.model)
    window = Window(*options.window) if options.window else segmenter.card.window
    started = perf_counter()
    scores = evaluate(segmenter, window, options.every, np.random.default_rng(options.seed))
    print(f"{segmenter.card.title}, {window}, seed {options.seed}. {scores.told_slices()}\n\n{scores.table()}")
    print(f"\n{perf_counter() - started:.0f} s on {segmenter.device}")


def evaluate(segmenter: Segmenter, window: Window, every: int, rng: np.random.Generator) -> Scores:
    """Score every island of every ``every``-th slice."""
    volume, labels = samples.lits_117()
    scores = Scores()
    for z in range(every // 2, volume.slices, every):
        objects = {"tumour": islands(labels.voxels[z] == TUMOUR), "liver": islands(labels.voxels[z] > 0)}
        if any(objects.values()):
            scores.slices.append(z + 1)
            embedding = segmenter.embed(slice_picture(volume, z, window))
            for label, found in objects.items():
                for island in found:
                    score_island(segmenter, embedding, label, island, scores, rng)
    return scores


def score_island(
    segmenter: Segmenter, embedding: Embedding, label: str, island: Island, scores: Scores, rng: np.random.Generator
) -> None:
    exact = tight_box(island)
    jittered = [jitter(exact, rng) for _ in range(DRAWS)]
    for kind, boxes in (("exact", [exact]), (f"jittered {JITTER:.0%}", jittered)):
        for box in boxes:
            scores.add(label, kind, dice(segmenter.predict(embedding, Prompt(box)).mask, island))


def islands(mask: Island) -> list[Island]:
    """Return the 8-connected parts of a mask ``(H, W)`` that have at least `MIN_VOXELS`."""
    parts = SimpleITK.GetArrayFromImage(
        SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(mask.astype(np.uint8)), True)
    )
    found = (parts == k for k in range(1, int(parts.max()) + 1))
    return [part for part in found if part.sum() >= MIN_VOXELS]


def tight_box(island: Island) -> Box:
    """Return the smallest box that holds the island."""
    rows, columns = np.flatnonzero(island.any(axis=1)), np.flatnonzero(island.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def jitter(box: Box, rng: np.random.Generator) -> Box:
    """Move every edge on its own, by up to `JITTER` of the shorter side, to the nearest voxel."""
    reach = JITTER * min(box.height, box.width)
    y0, x0, y1, x1 = (
        int(v) for v in np.rint(np.array([box.y0, box.x0, box.y1, box.x1]) + rng.uniform(-reach, reach, 4))
    )
    return Box(y0, x0, max(y1, y0 + 1), max(x1, x0 + 1))


if __name__ == "__main__":
    main()
