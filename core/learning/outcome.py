"""What came of a comparison, ready to be shown: the spread over patients, the worst of them, curves, and a sheet."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.imaging.volume import LIVER, TUMOUR
from core.learning import table
from core.learning.crossval import read_lines
from core.learning.measuring import Line
from core.learning.runs import LOG, read_progress
from core.scoring.tables import harmless

_MARK = "\ufeff"
_NAMES = {LIVER: "liver", TUMOUR: "tumour"}


@dataclass(frozen=True)
class Point:
    """A figure of one model on one patient.

    Attributes:
        row: Key of the model.
        patient: Whose.
        case: A case of that patient, to be looked at.
        fold: In which the patient was tested.
        value: A distance to what was missed counts as the diagonal of the image; never ``nan``.
    """

    row: str
    patient: str
    case: str
    fold: int
    value: float


@dataclass(frozen=True)
class Curve:
    """How one training of a study went.

    Attributes:
        fold: From 0.
        model: Which.
        epochs: As `runs.Progress.epochs_log`.
    """

    fold: int
    model: str
    epochs: tuple[Mapping[str, float], ...]


def points(folder: Path, label: int, key: str) -> list[Point]:
    """Return a figure of every model on every patient; of tumours only where the reference shows some."""
    lines = read_lines(folder)
    cases = {(line.row, line.patient): line.case for line in reversed(lines)}
    found = []
    for line in table.by_patient(lines):
        if label == LIVER or line.has_tumour:
            value = line.card().penalised(label, key)
            if not math.isnan(value):
                found.append(Point(line.row, line.patient, cases[line.row, line.patient], line.fold, value))
    return found


def worst_first(some: Sequence[Point], row: str, key: str) -> list[Point]:
    """Return the points of one model, the worst first: large distances, small shares."""
    sign = -1 if key.endswith("_mm") else 1
    return sorted((point for point in some if point.row == row), key=lambda point: sign * point.value)


def curves(folder: Path) -> list[Curve]:
    """Return how every training of a study went, by fold and model."""
    places = sorted(path.parent for path in folder.glob(f"fold*/*/{LOG}"))
    found = [
        Curve(int(place.parent.name.removeprefix("fold")), place.name, read_progress(place).epochs_log)
        for place in places
    ]
    return [curve for curve in found if curve.epochs]


def unit_of(lines: Sequence[Line]) -> str:
    """Return what distances are counted in, ``mm`` or ``px``."""
    return lines[0].unit if lines else "mm"


def csv_text(folder: Path) -> str:
    """Return the table of a study as CSV: a line for every model, protocol, label and figure, then every patient.

    It begins with a byte order mark, for Excel.

    Raises:
        LearningError: Nothing was scored yet.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["model", "prompts", "parameters", "s per slice", "patient", "label", "figure", "value", "low",
                     "high", "n"])  # fmt: skip
    rows = {row.key: row for row in table.rows_of(folder)}
    for row in rows.values():
        begin = [harmless(row.title), row.protocol, row.parameters, f"{row.seconds:.4g}"]
        for (label, key), found in row.figures.items():
            numbers = [_cell(value) for value in (found.mean, found.low, found.high)]
            writer.writerow([*begin, "mean", _NAMES[label], key, *numbers, found.n])
    for line in table.by_patient(read_lines(folder)):
        row = rows[line.row]
        begin = [harmless(row.title), row.protocol, row.parameters, f"{line.seconds:.4g}", harmless(line.patient)]
        for label, figures in line.figures.items():
            for key, value in figures.items():
                writer.writerow([*begin, _NAMES[label], key, _cell(value), "", "", ""])
    return _MARK + text.getvalue()


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
