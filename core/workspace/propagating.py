"""The ``propagate`` command: boxes round one object on some slices, and its mask on all slices.

Ctrl+C keeps what was done: it is saved, as on the page.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.editing.annotation import Annotation, Finding
from core.errors import PromptError
from core.imaging.files import counted
from core.imaging.volume import Volume
from core.imaging.writing import write_mask
from core.segmentation.prompt import Prompt
from core.workspace.arguments import (
    add_boxes,
    add_label,
    add_model,
    add_output,
    box_of,
    check_fit,
    check_output,
    labels_with,
    open_ct,
    print_notes,
    window_of,
)  # fmt: skip

if TYPE_CHECKING:
    from core.segmentation.propagation import Step

_STOPPED = 130  # as a shell reports Ctrl+C
_MEMORY_BYTES = 2**28  # for embeddings: each is used once or twice, soon after it was made


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_boxes(command, "may be repeated for key slices of the same object")
    command.add_argument("--first", type=int, metavar="Z", help="lowest slice of the object, from 1, if it is known")
    command.add_argument("--last", type=int, metavar="Z", help="highest slice")
    add_label(command)
    add_model(command)
    add_output(command)
    command.set_defaults(run=propagate)


def propagate(chosen: argparse.Namespace) -> int:
    """Carry one object through the CT and save it; return 0, or 130 if that was ended by Ctrl+C."""
    check_output(chosen.output, chosen.ct)
    window = window_of(chosen.window)
    volume = open_ct(chosen.ct, chosen.series)
    check_fit(chosen.output, volume)
    seeds = _seeds(chosen, volume)
    first, last = (_limit(number, name, volume) for number, name in ((chosen.first, "first"), (chosen.last, "last")))
    from core.editing.carrying import carry
    from core.segmentation import embeddings, propagation, weights  # torch: seconds

    segmenter = weights.load(chosen.model or weights.DEFAULT)
    kept = embeddings.Embeddings(_MEMORY_BYTES)
    start, steps = time.perf_counter(), []
    found = propagation.propagate(volume, seeds, segmenter, kept, first=first, last=last, window=window)
    stopped = False
    try:
        for step in with_progress(found, volume.slices, "slice"):
            steps.append(step)
    except KeyboardInterrupt:
        stopped = True
        print("Stopped. What was found until now is saved.", file=sys.stderr)
    annotation = Annotation(volume.grid, labels_with(chosen.label))
    number = carry(annotation, steps, model=segmenter.card, window=window, label=chosen.label)
    _print_ends(steps)
    seconds = time.perf_counter() - start
    print(f"{told(annotation.finding(number), annotation)}, {seconds:.1f} s on {segmenter.device}")
    path = write_mask(annotation.label_map(), volume, chosen.output, annotation.labels)
    print_notes(volume)
    print(f"saved {path}")
    return _STOPPED if stopped else 0


def told(finding: Finding, annotation: Annotation) -> str:
    """Say where an object lies, how large it is and how sure the model was."""
    low, high = finding.slices[0] + 1, finding.slices[-1] + 1
    where = f"slice {low}" if low == high else f"slices {low}–{high}"
    millilitres = finding.volume_ml(annotation.grid)
    size = "" if math.isnan(millilitres) else f"{millilitres:.2f} ml, "
    name = annotation.label(finding.label).name
    return f"{where}: {name}, {size}{counted(finding.voxels, 'voxel')}, lowest score {finding.score:.2f}"


def with_progress(steps: "Iterator[Step]", total: int, unit: str) -> "Iterator[Step]":
    """Show on a terminal how far it is."""
    from tqdm import tqdm

    shown: Iterator[Step] = iter(tqdm(steps, total=total, unit=unit, leave=False, disable=None))
    return shown


def _seeds(chosen: argparse.Namespace, volume: Volume) -> dict[int, Prompt]:
    seeds: dict[int, Prompt] = {}
    for numbers in chosen.box:
        z, box = box_of(numbers, volume)
        if z in seeds:
            raise PromptError(
                f"There are two boxes on slice {z + 1}, and one object is carried at a time. "
                "Give one box a slice, or use `batch` for several objects."
            )
        seeds[z] = Prompt(box)
    return seeds


def _limit(number: int | None, name: str, volume: Volume) -> int | None:
    if number is not None and not 1 <= number <= volume.slices:
        raise PromptError(f"There is no slice {number}: this CT has slices 1 to {volume.slices}. Change --{name}.")
    return None if number is None else number - 1


def _print_ends(steps: "list[Step]") -> None:
    from core.segmentation.likeness import Stop

    for step in sorted(steps, key=lambda step: step.z):
        if step.stopped and step.stopped is not Stop.LIMIT:
            print(f"ended before slice {step.z + 1}: {step.stopped}")
