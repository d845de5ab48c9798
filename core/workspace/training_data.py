"""What the commands that learn have in common: their data, the window of these, and what values in masks mean."""

import argparse
from pathlib import Path

from core.workspace.arguments import hu_number, label_value


def add_data(command: argparse.ArgumentParser) -> None:
    """Let a command take training data."""
    command.add_argument("--data", type=Path, metavar="DIR", help="folder of CTs or pictures with their labels")
    command.add_argument(
        "--window", nargs=2, type=hu_number, default=(60.0, 200.0), metavar=("LEVEL", "WIDTH"),
        help="HU window of the data (default 60 200); of pictures, the one they were made in",
    )  # fmt: skip
    command.add_argument(
        "--value",
        type=_value,
        action="append",
        metavar="N=LABEL",
        help="what a value in the masks means, as 255=tumour",
    )
    command.add_argument("--licence", default="not stated", help="of the weights that come out")


def values_of(chosen: argparse.Namespace) -> dict[int, int]:
    """Return what the values in the masks mean."""
    return dict(chosen.value or ((1, 1), (2, 2)))


def _value(text: str) -> tuple[int, int]:
    number, _, label = text.partition("=")
    if not (number.isdecimal() and 1 <= int(number) <= 255) or not label:
        raise argparse.ArgumentTypeError(f"{text!r} is not a value and a label, such as 255=tumour")
    found = label_value(label)
    if found not in (1, 2):
        raise argparse.ArgumentTypeError(f"{label!r} is neither liver nor tumour, which is what can be learnt")
    return int(number), found
