"""How good one box is: on its slice, carried to the whole lesion, and whether the doubt knows.

    python -m benchmarks.accuracy [--every 5] [--model litemedsam] [--window 60 200] [--part slices|lesions]

Slices. On each axial slice of LiTS-117 every island (8-connected in the slice) of at least 50 voxels of the reference
is one object: of the tumour, and of the liver with its tumours. It gets one box and is scored alone by Dice in the
slice. No person drew a box: the exact one is the tightest box round the reference, the jittered ones (3 draws) have
every edge moved by a uniform random distance of up to 15 % of the box's shorter side. So the boxes know where the
object is, the figures are per island and not per patient, and LiteMedSAM may have seen LiTS in training. The first
jittered box is moved 16 times more (see `core.segmentation.stability`): Spearman's rank correlation says whether that
figure, or the model's own score, predicts the Dice of the box.

Lesions. Every tumour (26-connected in 3-D) of at least 1,000 voxels of LiTS-117 and the phantom gets one jittered box
on its largest slice, is carried to the others and scored by 3-D Dice against its own voxels. The largest of LiTS-117
is several metastases that have grown together, up to seven islands on a slice, which no single box can mean: its
figure is in the table and in the means. The rules that end a walk were checked on these very lesions.

Every 5th slice takes a few minutes on two cores; neighbouring slices say nearly the same.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from time import perf_counter

import cc3d
import numpy as np
import numpy.typing as npt
import SimpleITK
from scipy.stats import spearmanr

from core.imaging import samples
from core.imaging.volume import TUMOUR, Volume
from core.imaging.window import Window, slice_picture
from core.scoring.overlap import dice
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box, Prompt
from core.segmentation.propagation import propagate
from core.segmentation.segmenter import Embedding, Segmenter
from core.segmentation.stability import stability

Island = npt.NDArray[np.bool_]
MIN_VOXELS, JITTER, DRAWS = 50, 0.15, 3
MIN_LESION = 1000


@dataclass
class Scores:
    """Dice of every box, by object and kind of box, and the slices they lie on, counted from 1.

    Attributes:
        trust: Label, Dice of a jittered box, its stability and its score.
    """

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    slices: list[int] = field(default_factory=list)
    trust: list[tuple[str, float, float, float]] = field(default_factory=list)

    def add(self, label: str, boxes: str, value: float) -> None:
        """Note the Dice of one box."""
        self.values.setdefault((label, boxes), []).append(value)

    def told_slices(self) -> str:
        """Say which slices were used."""
        return f"{len(self.slices)} slices: {', '.join(map(str, self.slices))}."

    def told_trust(self) -> str:
        """Say how well stability and score rank the boxes by their Dice."""
        lines = ["| object | boxes | Spearman of stability and Dice | of score and Dice |", "|---|---|---|---|"]
        for label in sorted({label for label, *_ in self.trust}, reverse=True):
            values, figures, scores = np.array([row[1:] for row in self.trust if row[0] == label]).T
            ranks = (float(spearmanr(values, guess).statistic) for guess in (figures, scores))
            lines.append(f"| {label} | {len(values)} | {' | '.join(f'{rank:.2f}' for rank in ranks)} |")
        return "\n".join(lines)

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
    parser.add_argument("--part", choices=("slices", "lesions"), help="default: both")
    options = parser.parse_args()
    segmenter = weights.load(options.model)
    window = Window(*options.window) if options.window else segmenter.card.window
    print(f"{segmenter.card.title}, {segmenter.engine.name}, {window}, seed {options.seed}.")
    started = perf_counter()
    if options.part != "lesions":
        scores = evaluate(segmenter, window, options.every, np.random.default_rng(options.seed))
        print(f"\n{scores.told_slices()}\n\n{scores.table()}\n\n{scores.told_trust()}")
    if options.part != "slices":
        print(f"\n{lesion_table(carried_lesions(segmenter, window, np.random.default_rng(options.seed)))}")
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
            found = segmenter.predict(embedding, Prompt(box))
            value = dice(found.mask, island)
            scores.add(label, kind, value)
            if box is jittered[0]:
                scores.trust.append(
                    (label, value, stability(segmenter, embedding, Prompt(box), rng.spawn(1)[0]).figure, found.score)
                )


@dataclass(frozen=True)
class Carried:
    """One lesion: how large it is, the slice of its box, counted from 1, and the 3-D Dice from that box."""

    case: str
    voxels: int
    slices: int
    box_slice: int
    dice: float


def carried_lesions(
    segmenter: Segmenter, window: Window, rng: np.random.Generator, cases: Sequence[str] = ("lits-117", "phantom")
) -> list[Carried]:
    """Carry every lesion of the samples from one jittered box."""
    rows = []
    for case in cases:
        volume, labels = samples.open_sample(case)
        embeddings = Embeddings(2**29)
        for lesion in lesions(labels.voxels == TUMOUR):
            areas = lesion.sum(axis=(1, 2))
            z = int(areas.argmax())
            found = carry(volume, z, jitter(tight_box(lesion[z]), rng), segmenter, embeddings, window)
            rows.append(Carried(case, int(areas.sum()), int((areas > 0).sum()), z + 1, dice(found, lesion)))
    return rows


def carry(volume: Volume, z: int, box: Box, segmenter: Segmenter, embeddings: Embeddings, window: Window) -> Island:
    """Return what one box becomes in 3-D."""
    found = np.zeros(volume.grid.shape, np.bool_)
    for step in propagate(volume, {z: Prompt(box)}, segmenter, embeddings, window=window):
        found[step.z] = step.mask
    return found


def lesions(tumour: Island) -> list[Island]:
    """Return the 26-connected parts of a mask ``(D, H, W)`` of at least `MIN_LESION` voxels, the largest first."""
    parts = cc3d.connected_components(tumour.astype(np.uint8), connectivity=26)
    sizes = np.bincount(parts.ravel())
    return [parts == k for k in np.argsort(-sizes[1:]) + 1 if sizes[k] >= MIN_LESION]


def lesion_table(rows: Sequence[Carried]) -> str:
    """Lay the lesions out as markdown, with the mean and median of each case."""
    lines = ["| case | voxels | on slices | box on slice | 3-D Dice |", "|---|---|---|---|---|"]
    lines += [f"| {r.case} | {r.voxels:,} | {r.slices} | {r.box_slice} | {r.dice:.3f} |" for r in rows]
    for case in dict.fromkeys(row.case for row in rows):
        values = [row.dice for row in rows if row.case == case]
        lines.append(f"| {case}, mean (median) of {len(values)} | | | | {mean(values):.3f} ({median(values):.3f}) |")
    return "\n".join(lines)


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
