"""What the commands that make masks have in common: their arguments, and how these are read and checked."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from core.errors import PromptError, WriteError
from core.imaging.label import DEFAULT_LABELS, Label
from core.imaging.reading import read_volume
from core.imaging.samples import open_sample
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.imaging.writing import SUFFIXES, suffix_of
from core.segmentation.prompt import Box


def add_boxes(command: argparse.ArgumentParser, help_text: str) -> None:
    """Let a command take ``--box``, at least one."""
    command.add_argument(
        "--box", nargs=5, type=int, action="append", required=True, metavar=("Z", "Y0", "X0", "Y1", "X1"),
        help=f"slice from 1, then half-open rows and columns; {help_text}",
    )  # fmt: skip


def add_label(command: argparse.ArgumentParser) -> None:
    """Let a command take ``--label``."""
    command.add_argument("--label", type=label_value, default=2, help="tumour (default), liver, or a number 1–255")


def add_model(command: argparse.ArgumentParser) -> None:
    """Let a command take ``--model`` and ``--window``."""
    command.add_argument("--model", metavar="NAME", help="as `models` lists it")
    command.add_argument(
        "--window", nargs=2, type=hu_number, metavar=("LEVEL", "WIDTH"),
        help="HU window fed to the model, instead of the one it was trained on",
    )  # fmt: skip


def add_output(command: argparse.ArgumentParser) -> None:
    """Let a command take ``-o``."""
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help=f"ends in {' '.join(SUFFIXES)} (a single slice); an existing file is replaced",
    )  # fmt: skip


def hu_number(text: str) -> float:
    """Read a number of HU, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text} is not a number of HU; a window is two of them, such as 40 400")
    return number


def label_value(text: str) -> int:
    """Read a label by its name or number, for argparse."""
    named = {label.name: label.value for label in DEFAULT_LABELS}
    if text.isdecimal() and 1 <= int(text) <= 255:
        return int(text)
    if text.lower() not in named:
        raise argparse.ArgumentTypeError(f"{text!r} is neither {' nor '.join(named)} nor a number from 1 to 255")
    return named[text.lower()]


def labels_with(value: int) -> tuple[Label, ...]:
    """Return the usual labels, and one called after its number if ``value`` is not among them."""
    known = value in {label.value for label in DEFAULT_LABELS}
    return DEFAULT_LABELS if known else (*DEFAULT_LABELS, Label(value, f"label {value}", (96, 160, 255)))


def window_of(numbers: Sequence[float] | None) -> Window | None:
    """Return the window of the two numbers of ``--window``, or None without them."""
    if numbers is None:
        return None
    level, width = numbers
    try:
        return Window(level, width)
    except ValueError as error:
        raise PromptError(f"A window needs a width of at least 1 HU, not {width:g}. Change --window.") from error


def box_of(numbers: Sequence[int], volume: Volume) -> tuple[int, Box]:
    """Return slice from 0 and box of the five numbers of ``--box``."""
    slice_number, *edges = numbers
    if not 1 <= slice_number <= volume.slices:
        raise PromptError(f"There is no slice {slice_number}: this CT has slices 1 to {volume.slices}. Change --box.")
    return slice_number - 1, Box(*edges).clip((volume.grid.shape[1], volume.grid.shape[2]))


def check_output(path: Path, ct: str) -> None:
    """Find out before the slow part whether a result can be saved under this name."""
    suffix_of(path.name)
    if not path.parent.is_dir():
        raise WriteError(f"The folder {path.parent} does not exist. Create it or choose another one.")
    if path.is_dir():
        raise WriteError(f"{path} is a folder. Give the mask the name of a file.")
    if path.exists() and Path(ct).exists() and path.samefile(ct):
        raise WriteError(f"{path} is the CT itself. Give the mask another name.")


def check_fit(path: Path, volume: Volume) -> None:
    """Find out before the slow part whether a file of this name can hold the mask."""
    slices = volume.source.grid.shape[0]
    if suffix_of(path.name) == ".png" and slices != 1:
        raise WriteError(f"A PNG holds one slice, this CT has {slices}. Save the mask as .nii.gz or .nrrd.")


def open_ct(text: str, series: str | None) -> Volume:
    """Open a file, a folder or ``sample:NAME``."""
    if text.startswith("sample:"):
        return open_sample(text.removeprefix("sample:"))[0]
    return read_volume(Path(text), series=series)


def print_notes(volume: Volume) -> None:
    """Print what a reader of this CT must know."""
    for note in volume.source.notes:
        print(f"note: {note}")
