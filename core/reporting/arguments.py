"""What the ``score`` command takes, and what no option of it can mean."""

import argparse
from collections.abc import Callable
from pathlib import Path


def declare(command: argparse.ArgumentParser, label: Callable[[str], int]) -> None:
    """Declare every argument.

    Args:
        command: The parser of the command.
        label: Turns a label's name or number into its value.
    """
    command.add_argument("predicted", metavar="PRED", type=Path, help="a mask file, or a folder or zip of them")
    command.add_argument("reference", metavar="REF", type=Path, help="the same for what is taken for the truth")
    command.add_argument("--ct", type=Path, help="what both were drawn on, if the masks do not say where they lie")
    command.add_argument(
        "--label", type=lambda text: _named(text, label), action="append", metavar="N[=NAME]",
        help="which value to score; may be repeated; all by default",
    )  # fmt: skip
    command.add_argument(
        "--nsd-mm", type=_millimetres, default=2.0, metavar="T", help="tolerance of the surface Dice (default 2)"
    )
    command.add_argument(
        "--percentile", type=_percentile, action="append", default=[], metavar="P",
        help="the Hausdorff distance at this percentile too, beside HD95 and HD; may be repeated",
    )  # fmt: skip
    command.add_argument(
        "--as", dest="tools", choices=("monai", "surface-distance"), action="append", default=[],
        help="distances as this tool has them too, beside ours; may be repeated",
    )  # fmt: skip
    command.add_argument(
        "--resample", action="store_true",
        help="lay a prediction on another grid onto the reference's voxels (nearest label), and say so",
    )  # fmt: skip
    command.add_argument("--json", type=Path, metavar="FILE", help="everything, with definitions and lesions")
    command.add_argument("--csv", type=Path, metavar="FILE", help="one line per case and label")
    command.add_argument("--html", type=Path, metavar="FILE", help="a report in one file, with pictures and plots")
    command.add_argument("--jobs", type=_count, default=1, metavar="N", help="cases scored at once (default 1)")
    command.add_argument(
        "--backend", choices=("dask", "ray"),
        help="leave a cohort to the workers of a cluster, who see the same files under the same paths",
    )  # fmt: skip
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, as in tcp://host:8786 (default: workers here)"
    )


def _named(text: str, label: Callable[[str], int]) -> tuple[int, str]:
    number, _, name = text.partition("=")
    return label(number), name.strip()  # without a name, `score` takes that of the file, or the usual one


def _millimetres(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no distance from 0 to 1000 mm")
    return value


def _percentile(text: str) -> float:
    try:
        value = round(float(text), 3)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentile from 1 to 100")
    return value


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs from 1 to 1000")
    return int(text)
