"""The ``predict`` command: liver and tumours of a CT, found without a prompt."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.imaging.files import counted
from core.imaging.volume import LIVER, TUMOUR, Mask
from core.imaging.writing import write_mask
from core.workspace.arguments import add_output, check_fit, check_output, open_ct, print_notes

if TYPE_CHECKING:
    from core.learning.trained import TrainedNetwork

_MEMORY_BYTES = 2**28  # for embeddings
EXAMPLES = """examples:
  python -m core predict ct.nii.gz --model liver-unet -o mask.nii.gz
  python -m core predict ct.nii.gz --model liver-unet --model liver-vnet -o mask.nii.gz
  python -m core predict ct.nii.gz --model liver-unet --refine litemedsam -o mask.nii.gz
  python -m core predict ct.nii.gz --model runs/unet-1/best.safetensors -o mask.nii.gz

Each model is fed the window it was trained in. Several models vote by the mean of their probabilities; --refine lets
a model that answers boxes draw what the first found.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    command.add_argument(
        "--model", action="append", required=True, metavar="NAME",
        help="a trained network, by its name in weights/networks or its file; may be repeated",
    )  # fmt: skip
    command.add_argument("--refine", metavar="NAME", help="a model that answers boxes, as `models` lists it")
    add_output(command)
    command.set_defaults(run=predict)


def predict(chosen: argparse.Namespace) -> int:
    """Find liver and tumours, print how much of each and save them as one label map."""
    check_output(chosen.output, chosen.ct)
    volume = open_ct(chosen.ct, chosen.series)
    check_fit(chosen.output, volume)
    from core.learning import detecting
    from core.segmentation import sam, weights
    from core.segmentation.embeddings import Embeddings

    networks = tuple(_network(name) for name in chosen.model)
    detector = detecting.Detector(networks, weights.load(chosen.refine) if chosen.refine else None)
    device = "cuda" if sam.choose_device() == "cuda" else "cpu"
    start = time.perf_counter()
    labels, _ = detecting.answers(detector, volume, Embeddings(_MEMORY_BYTES), device)
    seconds = time.perf_counter() - start
    for value, name in ((LIVER, "liver"), (TUMOUR, "tumour")):
        voxels = int(np.count_nonzero(labels == value))
        size = f"{voxels * volume.grid.voxel_ml:.1f} ml, " if volume.grid.has_spacing else ""
        print(f"{name}: {size}{counted(voxels, 'voxel')} on {counted(_slices(labels, value), 'slice')}")
    print(f"{seconds / volume.slices:.2f} s per slice")
    path = write_mask(Mask(labels, volume.grid), volume, chosen.output)
    print_notes(volume)
    print(f"saved {path}")
    return 0


def _network(name: str) -> "TrainedNetwork":
    from core.learning.trained import load_network

    return load_network(Path(name) if name.endswith(".safetensors") else name)


def _slices(labels: npt.NDArray[np.uint8], value: int) -> int:
    return int((labels == value).any(axis=(1, 2)).sum())
