"""The ``score`` command: its arguments, and what it prints and writes."""

import argparse
from collections.abc import Callable
from pathlib import Path

from core.errors import ReadError, WriteError
from core.imaging.label import DEFAULT_LABELS


def add_arguments(command: argparse.ArgumentParser, label: Callable[[str], int]) -> None:
    """Say what the command takes.

    Args:
        command: The parser of the command.
        label: Turns a label's name or number into its value.
    """
    command.add_argument("predicted", metavar="PRED", type=Path, help="a mask file, or a folder of them")
    command.add_argument("reference", metavar="REF", type=Path, help="the same for what is taken for the truth")
    command.add_argument("--ct", type=Path, help="what both were drawn on, if the masks do not say where they lie")
    command.add_argument(
        "--label", type=lambda text: _named(text, label), action="append", metavar="N[=NAME]",
        help="which value to score; may be repeated; all by default",
    )  # fmt: skip
    command.add_argument(
        "--nsd-mm", type=_millimetres, default=2.0, metavar="T", help="tolerance of the surface Dice (default 2)"
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="everything, with definitions and lesions")
    command.add_argument("--csv", type=Path, metavar="FILE", help="one line per case and label")
    command.set_defaults(run=score)


def score(chosen: argparse.Namespace) -> int:
    """Score one pair of masks or two folders of them.

    Returns:
        0; 1 if some of several cases could not be scored, 2 if none could.
    """
    for output in (chosen.json, chosen.csv):
        if output and not output.parent.is_dir():
            raise WriteError(f"The folder {output.parent} does not exist. Create it or choose another one.")
    from core.scoring import batch, sheet, tables  # numba: half a second

    labels = dict(chosen.label) if chosen.label else None
    pairs = batch.pairs(chosen.predicted, chosen.reference)
    if chosen.ct and not chosen.predicted.is_file():
        raise ReadError("--ct goes with a single pair of files. Leave it out to score folders.")
    rows = []
    if chosen.predicted.is_file():
        row = batch.score_pair(pairs[0], ct=chosen.ct, labels=labels, tolerance_mm=chosen.nsd_mm)
        rows.append(row)
        if row.card:
            print(sheet.one(row.card))
    else:
        for row in batch.score_all(pairs, labels=labels, tolerance_mm=chosen.nsd_mm):
            rows.append(row)
            print(sheet.line(row), flush=True)
        print(sheet.cohort(rows))
    if chosen.csv:
        tables.write_csv(rows, chosen.csv)
    if chosen.json:
        tables.write_json(rows, chosen.json)
    failed = sum(row.card is None for row in rows)
    return 0 if not failed else 2 if failed == len(rows) else 1


def _named(text: str, label: Callable[[str], int]) -> tuple[int, str]:
    number, _, name = text.partition("=")
    value = label(number)
    usual = {known.value: known.name for known in DEFAULT_LABELS}
    return value, name.strip() or usual.get(value, f"label {value}")


def _millimetres(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no distance from 0 to 1000 mm")
    return value
