"""How long every figure of a pair takes: Lobule against MONAI, MeshMetrics, surface-distance and SimpleITK.

    python -m benchmarks.scoring [--rounds 3] [--small] [--into README.md]

All get the same two pairs in one run, taking turns, so that a busy machine slows all alike: a liver in
512 × 512 × 200 voxels whose prediction has a wavy outline, a hole deep inside and a false island far off; and
tumours of which some are missed and some made up. A tool that is not installed is left out. Memory is the most that
a process of its own grows by while a tool works (Linux); the first round only warms up. What it prints is the part of
the README on scoring, word for word; ``--into`` puts it there.
"""

import argparse
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.overlap import confusion
from core.scoring.scorecard import score
from core.scoring.surfaces import Definition, average_symmetric_distance, hausdorff, surface_dice, surface_distances

Bools = npt.NDArray[np.bool_]
Figures = tuple[float, float, float, float]  # HD, HD95, ASSD in mm, surface Dice
Tool = Callable[[Bools, Bools], Figures]

SPACING = (2.5, 0.75, 0.75)
TOLERANCE_MM = 2.0
EVERYTHING, GRID = "Lobule, everything (mesh)", "Lobule, as MONAI"
_NONE = float("nan")
_START, _END = "**Scoring**", "## "


@dataclass
class Result:
    """What a tool said and took."""

    figures: Figures = (_NONE,) * 4
    seconds: list[float] = field(default_factory=list)
    extra_mb: float = _NONE


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of every figure of a pair, Lobule against other tools.")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each tool (default 3)")
    parser.add_argument("--small", action="store_true", help="an eighth of the voxels, to try it out")
    parser.add_argument("--into", type=Path, metavar="FILE", help="a README whose part on scoring is replaced")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    shape = (100, 256, 256) if chosen.small else (200, 512, 512)
    parts = [heading(shape, chosen.rounds)]
    print(parts[0], flush=True)
    for name, (words, draw) in PAIRS.items():
        results = measure(tools(), draw(shape), chosen.rounds)
        for tool, result in results.items():
            result.extra_mb = memory_apart(tool, name, shape)
        parts.append(f"{name}: {words}\n\n{table(results)}")
        print(f"\n{parts[-1]}", flush=True)
    if chosen.into:
        chosen.into.write_text(placed("\n\n".join(parts), chosen.into.read_text("utf-8")), "utf-8")


def heading(shape: tuple[int, int, int], rounds: int) -> str:
    """Say what was measured, as in the README."""
    z, y, x = shape
    return (
        f"{_START}, `python -m benchmarks.scoring` (two made-up pairs of {y} × {x} × {z} voxels, {rounds} interleaved "
        f"rounds on {os.cpu_count()} cores). *Everything* is overlap, mesh surfaces and lesions, MeshMetrics' share of "
        "it is the surfaces. Each tool measures by its own definition; a dash: it has no such figure. SimpleITK "
        "measures between whole objects and sees no hole. A ratio says how many times as long a tool takes as Lobule: "
        "for everything, and for the surfaces on the voxel grid that MONAI measures."
    )


def placed(part: str, readme: str) -> str:
    """Return a README with its part on scoring replaced.

    Raises:
        ValueError: It has no such part.
    """
    start = readme.index(f"{_START}, ")
    return f"{readme[:start]}{part}\n\n{readme[readme.index(_END, start) :]}"


def liver(shape: tuple[int, int, int]) -> tuple[Bools, Bools]:
    """Draw a liver, and a prediction of it with every kind of error."""
    mm = [(np.arange(n, dtype=np.float32) - n / 2) * s * 200 / shape[0] for n, s in zip(shape, SPACING, strict=True)]
    z, y, x = np.ix_(*mm)

    def body(phase: float, ripple: float) -> Bools:
        waves = 0.08 * np.sin(x / 17 + phase) * np.cos(y / 13) + 0.06 * np.sin(z / 11 + phase)
        fine = ripple * np.sin(x / 5 + 3 * phase) * np.sin(y / 6) * np.sin(z / 7)
        return np.asarray((x / 95) ** 2 + (y / 78) ** 2 + (z / 78) ** 2 + waves + fine < 1)

    predicted, reference = body(0.18, 0.05), body(0, 0.02)
    predicted &= ~((np.abs(z) < 12) & (np.abs(y) < 9) & (np.abs(x + 12) < 12))
    predicted |= (np.abs(z - 40) < 6) & (np.abs(y - 110) < 7) & (np.abs(x - 40) < 8)
    return predicted, reference


def tumours(shape: tuple[int, int, int]) -> tuple[Bools, Bools]:
    """Draw fifteen tumours of 4 to 20 mm radius: most found with a shift, some missed, some made up."""
    rng = np.random.default_rng(11)
    predicted, reference = np.zeros((2, *shape), np.bool_)
    for k in range(15):
        centre, radius = rng.uniform(0.25, 0.75, 3) * np.asarray(shape) * SPACING, rng.uniform(4, 20)
        if k % 5 != 3:
            _ball(reference, centre, radius)
        if k % 5 != 1:
            _ball(predicted, centre + rng.normal(0, 0.8, 3), radius * rng.uniform(0.9, 1.1))
    return predicted, reference


PAIRS: dict[str, tuple[str, Callable[[tuple[int, int, int]], tuple[Bools, Bools]]]] = {
    "Liver": ("a wavy outline, a hole deep inside, a false island", liver),
    "Tumours": ("fifteen, of which some are missed and some made up", tumours),
}


def _ball(mask: Bools, centre: npt.NDArray[np.float64], radius: float) -> None:
    low = np.maximum((centre - radius) // SPACING, 0).astype(int)
    high = ((centre + radius) // SPACING).astype(int) + 2
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    axes = np.ix_(*(np.arange(side.start, min(side.stop, n)) for side, n in zip(box, mask.shape, strict=True)))
    mask[box] |= sum((axis * s - c) ** 2 for axis, s, c in zip(axes, SPACING, centre, strict=True)) <= radius**2


def tools() -> dict[str, Tool]:
    """Return what is installed, by name."""
    found: dict[str, Tool] = {EVERYTHING: _everything, GRID: _as(Definition.MONAI)}
    found["Lobule, as surface-distance"] = _as(Definition.SURFEL)
    for name, build in (
        ("MONAI", _monai), ("MeshMetrics", _meshmetrics), ("surface-distance", _surface_distance),
        ("SimpleITK", _simpleitk),
    ):  # fmt: skip
        with suppress(ImportError):
            found[name] = build()
    return found


def _everything(predicted: Bools, reference: Bools) -> Figures:
    grid = Grid.from_geometry(reference.shape, SPACING)
    card = score(Mask(predicted, grid), Mask(reference, grid), definitions=(Definition.MESH,))
    figures = card.labels[0].figures
    return figures["hd_mm"], figures["hd95_mm"], figures["assd_mm"], figures["nsd"]


def _as(definition: Definition) -> Tool:
    def run(predicted: Bools, reference: Bools) -> Figures:
        confusion(predicted, reference)
        found = surface_distances(predicted, reference, SPACING, definition)
        nsd = surface_dice(found, TOLERANCE_MM)
        return hausdorff(found), hausdorff(found, 95), average_symmetric_distance(found), nsd

    return run


def _monai() -> Tool:
    import torch
    from monai import metrics

    def run(predicted: Bools, reference: Bools) -> Figures:
        pair = [torch.from_numpy(mask)[None, None] for mask in (predicted, reference)]
        asked = {"include_background": True, "spacing": SPACING}
        metrics.get_confusion_matrix(*(mask.float() for mask in pair))
        hd = metrics.compute_hausdorff_distance(*pair, **asked)
        hd95 = metrics.compute_hausdorff_distance(*pair, percentile=95, **asked)
        assd = metrics.compute_average_surface_distance(*pair, symmetric=True, **asked)
        nsd = metrics.compute_surface_dice(*pair, class_thresholds=[TOLERANCE_MM], **asked)
        return hd.item(), hd95.item(), assd.item(), nsd.item()

    return run


def _meshmetrics() -> Tool:
    from meshmetrics import DistanceMetrics

    def run(predicted: Bools, reference: Bools) -> Figures:
        found = DistanceMetrics(verbose=False)
        found.set_input(ref=reference.T, pred=predicted.T, spacing=SPACING[::-1])
        found.dsc()
        return found.hd(), found.hd(95), found.assd(), found.nsd(TOLERANCE_MM)

    return run


def _surface_distance() -> Tool:
    import surface_distance

    def run(predicted: Bools, reference: Bools) -> Figures:
        surface_distance.compute_dice_coefficient(reference, predicted)
        found = surface_distance.compute_surface_distances(reference, predicted, SPACING)
        hd, hd95 = (surface_distance.compute_robust_hausdorff(found, percent) for percent in (100, 95))
        return hd, hd95, _NONE, surface_distance.compute_surface_dice_at_tolerance(found, TOLERANCE_MM)

    return run


def _simpleitk() -> Tool:
    import SimpleITK  # its Hausdorff filter measures whole sets of voxels and sees no hole

    def run(predicted: Bools, reference: Bools) -> Figures:
        images = [SimpleITK.GetImageFromArray(mask.view(np.uint8)) for mask in (predicted, reference)]
        for image in images:
            image.SetSpacing(SPACING[::-1])
        SimpleITK.LabelOverlapMeasuresImageFilter().Execute(*images)
        found = SimpleITK.HausdorffDistanceImageFilter()
        found.Execute(*images)
        return found.GetHausdorffDistance(), _NONE, _NONE, _NONE

    return run


def measure(timed: dict[str, Tool], pair: tuple[Bools, Bools], rounds: int) -> dict[str, Result]:
    """Run every tool once per round, and once more before to warm up."""
    results = {name: Result() for name in timed}
    for turn in range(rounds + 1):
        for name, tool in timed.items():
            started = perf_counter()
            results[name].figures = tool(*pair)
            if turn:
                results[name].seconds.append(perf_counter() - started)
    return results


def memory(name: str, pair: tuple[Bools, Bools]) -> float:
    """Return by how many MB this process grows at most while a tool works; ``nan`` where that cannot be read."""
    tool = tools()[name]
    tool(pair[0][::8, ::8, ::8].copy(), pair[1][::8, ::8, ::8].copy())  # imports and compiles
    try:
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest mark so far
        before = _status("VmRSS")
        tool(*pair)
        return (_status("VmHWM") - before) / 1000
    except OSError:
        return _NONE


def _status(field_name: str) -> int:
    """Read a figure of this process in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field_name))


def memory_apart(name: str, pair_name: str, shape: tuple[int, int, int]) -> float:
    """Measure `memory` in a process of its own, where nothing lies about that could be used again."""
    code = (
        "import warnings; warnings.simplefilter('ignore'); from benchmarks import scoring as s; "
        f"print(s.memory({name!r}, s.PAIRS[{pair_name!r}][1]({shape!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def table(results: dict[str, Result]) -> str:
    """Lay the medians out as markdown; a ratio says how much longer a tool takes than Lobule."""
    lines = [
        "| tool | HD, mm | HD95, mm | ASSD, mm | surface Dice at 2 mm | s | extra MB | ratio | ratio, grid |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    whole, grid = (median(results[name].seconds) for name in (EVERYTHING, GRID))
    for name, result in results.items():
        figures = " | ".join("–" if np.isnan(value) else f"{value:.3f}" for value in result.figures)
        seconds = median(result.seconds)
        lines.append(
            f"| {name} | {figures} | {seconds:.2f} | {result.extra_mb:.0f} "
            f"| {seconds / whole:.1f} | {seconds / grid:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
