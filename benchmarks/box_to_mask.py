"""How long a first mask takes: LiteMedSAM through Lobule against SAM ViT-B through its own SamPredictor.

    python -m benchmarks.box_to_mask [--rounds 5]

Both get the same slice and the same box in one run, taking turns, so that a busy machine slows both. ViT-B has
weights drawn at random: time does not depend on their values, and no mask of it is judged here.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import torch

from core.imaging import samples
from core.imaging.window import slice_picture
from core.segmentation import weights
from core.segmentation.prompt import Box, Prompt

Step = tuple[str, str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time from a box to its mask, LiteMedSAM against SAM ViT-B.")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each step (default 5)")
    rounds = parser.parse_args().rounds
    device = "cuda" if torch.cuda.is_available() else "cpu"
    times = measure(steps(device), rounds, device)
    print(
        f"Device {device}, {torch.get_num_threads()} threads, torch {torch.__version__}, {rounds} interleaved rounds.\n"
    )
    print(table(times))


def steps(device: str) -> list[Step]:
    """Return what is timed, as (model, step, call); an embed comes before the predict that uses it."""
    from segment_anything import SamPredictor, sam_model_registry

    volume, _ = samples.phantom()
    lite = weights.load(weights.DEFAULT, device)
    image = slice_picture(volume, volume.slices // 2, lite.card.window)
    height, width = image.shape
    box = Box(height // 3, width // 4, height // 2, width // 2)
    embedding = lite.embed(image)
    torch.manual_seed(0)
    predictor = SamPredictor(sam_model_registry["vit_b"]().to(device))
    rgb, xyxy = np.stack([image] * 3, axis=-1), np.array([box.x0, box.y0, box.x1 - 1, box.y1 - 1])
    return [
        ("LiteMedSAM", "embed", lambda: lite.embed(image)),
        ("LiteMedSAM", "predict", lambda: lite.predict(embedding, Prompt(box))),
        ("SAM ViT-B", "embed", lambda: predictor.set_image(rgb)),
        ("SAM ViT-B", "predict", lambda: predictor.predict(box=xyxy, multimask_output=False)),
    ]


def measure(timed: list[Step], rounds: int, device: str) -> dict[tuple[str, str], float]:
    """Return the median of each step in ms; the first round only warms up."""
    taken: dict[tuple[str, str], list[float]] = {(model, step): [] for model, step, _ in timed}
    for turn in range(rounds + 1):
        for model, step, call in timed:
            started = perf_counter()
            call()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn:
                taken[model, step].append((perf_counter() - started) * 1000)
    return {key: median(values) for key, values in taken.items()}


def table(times: dict[tuple[str, str], float]) -> str:
    """Lay the medians out as markdown."""
    lines = ["| step | LiteMedSAM, ms | SAM ViT-B (SamPredictor), ms | ratio |", "|---|---|---|---|"]
    rows = {step: (times["LiteMedSAM", step], times["SAM ViT-B", step]) for step in ("embed", "predict")}
    rows["first mask (embed + predict)"] = tuple(map(sum, zip(*rows.values(), strict=True)))  # type: ignore[assignment]
    for step, (ours, theirs) in rows.items():
        lines.append(f"| {step} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.1f}× |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
