"""How fast the engine is: encoders, decoders, first masks, many boxes, whole lesions and CTs, memory; as ratios.

    python -m benchmarks.engine [--rounds 7] [--slices 100] [--memory-slices 300] [--no-sam]

Everything that is compared takes turns in one process, so that a busy machine slows all of it; the shortest and the
median of the rounds are given, and each ratio is of those. Still, do not report figures of a busy machine: the load is
printed. SAM ViT-B has weights drawn at random, in the real architecture: time does not depend on their values. The CT
is the phantom, its slices enlarged to 512 × 512.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from benchmarks.phantom import enlarged
from core.imaging.window import slice_picture
from core.segmentation import checkpoints, folders, networks, selftest, weights
from core.segmentation.embedding_files import EmbeddingFiles
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.engines import PLAIN, Conversion, possible, torch_engine
from core.segmentation.frame import RECIPES
from core.segmentation.prompt import Box, Prompt
from core.segmentation.propagation import propagate
from core.segmentation.segmenter import Segmenter

EAGER = "torch fp32 eager, BatchNorm not folded"
SAM = "SAM ViT-B, SamPredictor"
BOX = Box(240, 70, 330, 150)
LESION_SLICES, LESION_SLICE, LESION_BOX = range(50, 80), 65, Box(242, 72, 323, 145)  # of 120 slices
Steps = Mapping[str, Callable[[], object]]
Times = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the engine, as ratios.")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each step (default 7)")
    parser.add_argument("--slices", type=int, default=100, help="slices of the CT that is encoded (default 100)")
    parser.add_argument("--memory-slices", type=int, default=300, help="slices of the CT for memory; 0 leaves it out")
    parser.add_argument("--no-sam", action="store_true", help="leave SAM ViT-B out; it needs 4 GB and 10 s a round")
    parser.add_argument("--measure-memory", type=int, metavar="N", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure_memory:
        print(resident_after(options.measure_memory))
        return
    model = weights.load(weights.DEFAULT)
    print(machine(), f"Lobule chose {model.engine.name}. {model.engine.reason}\n", sep="\n")
    encoders, decoders = of_engines() if model.device == "cpu" else ({}, {})
    for title, steps, base in (("encoder, one slice", encoders, EAGER), ("decoder, one box", decoders, PLAIN)):
        if steps:
            print(table(title, measure(steps, options.rounds), base))
    if not options.no_sam:
        print(first_masks(measure(against_sam(model), options.rounds)))
    print(prompts(measure(of_prompts(model), options.rounds)))
    print(walks(model, options.rounds))
    print(whole_ct(model, options.slices))
    if options.memory_slices:
        print(memory(options.memory_slices))


def of_engines() -> tuple[Steps, Steps]:
    """Return every engine of LiteMedSAM on the processor, encoding and decoding, beside torch as it comes."""
    tensors = checkpoints.read_tensors(next(folders.packaged()))
    network = networks.build(networks.Architecture.LITE, tensors)
    conversion = Conversion(network, 256) if any(name.startswith("OpenVINO") for name in possible()) else None
    engines = {
        name: conversion.engine(name) if conversion and name.startswith("OpenVINO") else torch_engine(network, name)
        for name in possible()
    }
    shown = selftest.scene(RECIPES["litemedsam"], engines[PLAIN])
    eager, pictures = unfolded(tensors), shown.pictures.contiguous()
    encoders: dict[str, Callable[[], object]] = {EAGER: lambda: eager(pictures)}
    for name, engine in engines.items():
        encoders[name] = partial(engine.encode, shown.pictures)
    engines.pop("torch bf16", None)  # decodes as plain torch does
    one = shown.boxes[:1]
    return encoders, {name: partial(engine.decode, shown.features, one) for name, engine in engines.items()}


def unfolded(tensors: Mapping[str, torch.Tensor]) -> Callable[[torch.Tensor], object]:
    """Return LiteMedSAM's encoder as its own package builds it."""
    network = networks._empty(networks.Architecture.LITE)
    network.load_state_dict(tensors, strict=True)
    network.eval()

    def encode(pictures: torch.Tensor) -> object:
        with torch.inference_mode():
            return network.image_encoder(pictures)

    return encode


def against_sam(model: Segmenter) -> Steps:
    """Return the first mask on a slice, from the picture to the mask, by Lobule and by SamPredictor."""
    from segment_anything import SamPredictor, sam_model_registry

    image, xyxy = picture(model), np.array([BOX.x0, BOX.y0, BOX.x1 - 1, BOX.y1 - 1])
    torch.manual_seed(0)
    predictor, rgb = SamPredictor(sam_model_registry["vit_b"]().to(model.device)), np.stack([image] * 3, axis=-1)

    def theirs() -> None:
        predictor.set_image(rgb)
        predictor.predict(box=xyxy, multimask_output=False)

    return {"Lobule": lambda: model.predict(model.embed(image), Prompt(BOX)), SAM: theirs}


def of_prompts(model: Segmenter) -> Steps:
    """Return what comes after the first mask: a warm box through the cache, and sixteen boxes."""
    volume, kept = enlarged(3), Embeddings(1 << 28)
    embedding = kept.of(volume, 1, model)
    sixteen = [Prompt(Box(BOX.y0 - k, BOX.x0 + k, BOX.y1 + k, BOX.x1 - k)) for k in range(16)]
    return {
        "warm box to mask": lambda: segment_slice(volume, 1, Prompt(BOX), model, kept),
        "16 boxes, one call": lambda: model.predict_many(embedding, sixteen),
        "16 boxes, one by one": lambda: [model.predict(embedding, prompt) for prompt in sixteen],
    }


def walks(model: Segmenter, rounds: int) -> str:
    """Carry one box through a lesion of 30 slices, with nothing encoded before and with everything."""
    volume, done = enlarged(120), 0
    taken: Times = {"cold": [], "cached": []}
    for _ in range(max(1, rounds // 3)):
        kept = Embeddings(1 << 28)
        for times in taken.values():
            started, seeds = perf_counter(), {LESION_SLICE: Prompt(LESION_BOX)}
            steps = list(propagate(volume, seeds, model, kept, first=LESION_SLICES[0], last=LESION_SLICES[-1]))
            times.append((perf_counter() - started) * 1000)
            done = len(steps)
    return told_walks(done, taken)


def told_walks(slices: int, taken: Times) -> str:
    lines = [f"| one box to a lesion of {slices} slices | shortest, s | slices a second |", "|---|---|---|"]
    for name, times in taken.items():
        lines.append(f"| {name} | {min(times) / 1000:.2f} | {1000 * slices / min(times):.1f} |")
    return "\n".join([*lines, ""])


def picture(model: Segmenter) -> np.ndarray:
    return slice_picture(enlarged(3), 1, model.card.window)


def measure(steps: Steps, rounds: int) -> Times:
    """Return milliseconds of each step in each round; the steps take turns, and a first round only warms up."""
    taken: Times = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, call in steps.items():
            started = perf_counter()
            call()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                taken[name].append((perf_counter() - started) * 1000)
    return taken


def table(title: str, times: Times, base: str) -> str:
    """Lay times out as markdown, with how many times as fast as ``base`` each is."""
    lines = [f"| {title} | shortest, ms | median, ms | × {base}, shortest | median |", "|---|---|---|---|---|"]
    for name, taken in times.items():
        by = [of(times[base]) / of(taken) for of in (min, median)]
        lines.append(f"| {name} | {min(taken):.1f} | {median(taken):.1f} | {by[0]:.2f} | {by[1]:.2f} |")
    return "\n".join([*lines, ""])


def first_masks(times: Times) -> str:
    return table("first mask: encode and one box", times, SAM)


def prompts(times: Times) -> str:
    return table("after the first mask", times, "16 boxes, one by one")


def whole_ct(model: Segmenter, slices: int) -> str:
    """Encode a CT as the background does, and open it again."""
    volume, limit = enlarged(slices), 1 << 40
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        first = Embeddings(limit, EmbeddingFiles(Path(folder), limit))
        for z in range(0, slices, model.batch):
            first.of_many(volume, list(range(z, min(slices, z + model.batch))), model)
        encoded_s = perf_counter() - started
        size = first.files.nbytes if first.files else 0
        started = perf_counter()
        again = Embeddings(limit, EmbeddingFiles(Path(folder), limit))
        again.of_many(volume, list(range(slices)), model)
        opened_s = perf_counter() - started
    return (
        f"{slices} slices of 512 × 512 encoded and written: {encoded_s:.1f} s, {slices / encoded_s:.1f} a second, "
        f"{size / 1e6:.0f} MB on disk. Opened again: {opened_s:.2f} s.\n"
    )


def memory(slices: int) -> str:
    """Measure in a process of its own what a CT and all its embeddings take beside the program."""
    command = [sys.executable, "-m", "benchmarks.engine", "--measure-memory", str(slices)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def resident_after(slices: int) -> str:
    """Encode a whole CT as the app does, with 256 MiB of embeddings in memory and the rest on disk."""
    model = weights.load(weights.DEFAULT)
    model.embed(picture(model))
    before = resident_mb()
    volume = enlarged(slices)
    with tempfile.TemporaryDirectory() as folder:
        kept = Embeddings(1 << 28, EmbeddingFiles(Path(folder), 4 << 30))
        for z in range(slices):
            kept.of(volume, z, model)
        for z in range(slices):
            segment_slice(volume, z, Prompt(BOX), model, kept)
        ready, after = len(kept.ready(volume, model)), resident_mb()
    return f"Resident: {before:.0f} MB with the model, {after:.0f} MB with a CT of {slices} slices, {ready} embedded."


def resident_mb() -> float:
    """Return what this process holds in memory now; of files mapped into it too."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def machine() -> str:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    return f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}, load {load} at the start."


if __name__ == "__main__":
    main()
