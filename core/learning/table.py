"""The table of a comparison: every model and protocol, means over patients with intervals, and paired tests."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import LearningError
from core.imaging.volume import LIVER, TUMOUR
from core.learning.crossval import ENTRANTS, read_lines
from core.learning.measuring import SLICE_DICE, SMALL_DICE, SMALL_PX, Line, mean_of
from core.scoring.cohort import Difference, Summary, compare, summarise

_SEED = 0
COLUMNS = (
    (LIVER, "dice", "Liver Dice"),
    (TUMOUR, "dice", "Tumour Dice (= F1)"),
    (TUMOUR, "iou", "IoU"),
    (TUMOUR, "precision", "Precision"),
    (TUMOUR, "recall", "Recall"),
    (TUMOUR, "specificity", "Specificity"),
    (TUMOUR, "accuracy", "Accuracy"),
    (TUMOUR, "hd95_mm", "HD95"),
    (TUMOUR, "assd_mm", "ASD"),
    (TUMOUR, SLICE_DICE, "Dice on tumour slices"),
    (TUMOUR, SMALL_DICE, f"Dice on slices with < {SMALL_PX} px"),
)
_PAIRS = (  # better, worse, figure
    ("unet", "cnn", TUMOUR, "dice"),
    ("vnet", "unet", TUMOUR, "dice"),
    ("samunet", "unet", TUMOUR, "dice"),
    ("ensemble", "samunet", TUMOUR, "dice"),
    ("sam-tuned-samunet", "samunet", TUMOUR, "dice"),
    ("sam-tuned-auto", "unet", TUMOUR, "dice"),
    ("sam-tuned-auto", "sam-zero-auto", TUMOUR, "dice"),
    ("sam-tuned-jittered", "sam-zero-jittered", TUMOUR, SLICE_DICE),
    ("sam-tuned-tight", "sam-zero-tight", TUMOUR, SLICE_DICE),
    ("sam-tuned-jittered", "sam-zero-jittered", TUMOUR, SMALL_DICE),
    ("sam-tuned-jittered", "growing", TUMOUR, SLICE_DICE),
    ("sam-tuned-jittered", "ellipse", TUMOUR, SLICE_DICE),
)


@dataclass(frozen=True)
class TableRow:
    """One model with one protocol.

    Attributes:
        key: Short name.
        title: Of the model.
        protocol: Where its prompts come from.
        parameters: Numbers that were learnt.
        seconds: A slice, median over patients.
        figures: By label and key, over patients; of tumours over patients that have any.
        made_up: Patients without tumour in whom some was found.
        without: Patients without tumour.
    """

    key: str
    title: str
    protocol: str
    parameters: int
    seconds: float
    figures: dict[tuple[int, str], Summary]
    made_up: int
    without: int


@dataclass(frozen=True)
class Contrast:
    """Two rows on the same patients: the first less the second."""

    first: str
    second: str
    label: int
    key: str
    difference: Difference


def rows_of(folder: Path) -> list[TableRow]:
    """Return the rows of a study as far as it is.

    Raises:
        LearningError: Nothing was scored yet.
    """
    lines = by_patient(read_lines(folder))
    if not lines:
        raise LearningError("This comparison has not scored a case yet. Let it go on.")
    told = json.loads((folder / ENTRANTS).read_text(encoding="utf-8"))
    found = []
    for entrant in told:
        own = [line for line in lines if line.row == entrant["key"]]
        if own:
            found.append(_row(entrant, own))
    return found


def contrasts_of(folder: Path) -> list[Contrast]:
    """Return the paired tests of a study: Wilcoxon's signed ranks over patients."""
    lines = by_patient(read_lines(folder))
    found = []
    for first, second, label, key in _PAIRS:
        one, two = ([line.card() for line in _with(lines, label) if line.row == row] for row in (first, second))
        if one and two:
            difference = compare(one, two, label, key, np.random.default_rng(_SEED))
            found.append(Contrast(first, second, label, key, difference))
    return found


def by_patient(lines: Sequence[Line]) -> list[Line]:
    """Return one line for every row and patient: the mean of the cases of a patient, as they are not independent."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.row, line.patient), []).append(line)
    return [_joined(group) for group in groups.values()]


def markdown(folder: Path) -> str:
    """Return the table as markdown, with its protocol in words and the paired tests.

    Raises:
        LearningError: Nothing was scored yet.
    """
    rows, lines = rows_of(folder), read_lines(folder)
    columns = head(lines[0].unit)
    told = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    told += [f"| {' | '.join(cells(row))} |" for row in rows]
    told += ["", note(lines), "", *_told(contrasts_of(folder), {row.key: row for row in rows})]
    return "\n".join(told) + "\n"


def head(unit: str) -> list[str]:
    """Return what the columns are called, with the unit of distances."""
    names = [f"{name}, {unit}" if name in ("HD95", "ASD") else name for _, _, name in COLUMNS]
    return ["Model", "Prompts", *names, "Tumour made up", "s per slice", "Parameters"]


def name_of(label: int, key: str) -> str:
    """Return what a figure of a label is called."""
    return next(name for one, other, name in COLUMNS if (one, other) == (label, key))


def note(lines: Sequence[Line]) -> str:
    """Return what the figures rest on, in words."""
    patients = {line.patient for line in lines}
    ill = {line.patient for line in lines if line.has_tumour}
    return (
        f"Mean over patients and its 95 % bootstrap interval; {len(patients)} patients, tumour figures over the "
        f"{len(ill)} that have any. Liver means liver with its tumours. A distance to what was missed altogether "
        "counts as the diagonal of the image. \"Tumour made up\": patients without tumour in whom some was found."
        + (" A px is one pixel of the slices given, and a step of scored slices counts as one, too."
           if lines[0].unit == "px" else "")
    )  # fmt: skip


def as_json(folder: Path) -> dict[str, Any]:
    """Return rows, paired tests and every patient's figures; undefined figures are None."""
    rows = [
        {
            **{name: getattr(row, name) for name in ("key", "title", "protocol", "parameters", "made_up", "without")},
            "seconds": _number(row.seconds),
            "figures": [
                {"label": label, "key": key, **{k: _number(v) for k, v in vars(summary).items()}}
                for (label, key), summary in row.figures.items()
            ],
        }
        for row in rows_of(folder)
    ]
    tests = [
        {"first": c.first, "second": c.second, "label": c.label, "key": c.key}
        | {k: _number(v) for k, v in vars(c.difference).items()}
        for c in contrasts_of(folder)
    ]
    return {"rows": rows, "tests": tests, "patients": [line.as_json() for line in by_patient(read_lines(folder))]}


def _row(entrant: dict[str, Any], lines: Sequence[Line]) -> TableRow:
    figures = {}
    for label, key, _ in COLUMNS:
        values = [line.card().penalised(label, key) for line in _with(lines, label)]
        figures[label, key] = summarise(values, np.random.default_rng(_SEED))
    healthy = [line for line in lines if not line.has_tumour]
    return TableRow(
        entrant["key"], entrant["title"], entrant["protocol"], entrant["parameters"],
        float(np.median([line.seconds for line in lines])), figures, sum(line.made_up for line in healthy),
        len(healthy),
    )  # fmt: skip


def _with(lines: Sequence[Line], label: int) -> list[Line]:
    return [line for line in lines if line.has_tumour or label == LIVER]


def _joined(group: Sequence[Line]) -> Line:
    first = group[0]
    labels = {
        label: {key: mean_of([line.card().penalised(label, key) for line in group]) for key in found}
        for label, found in first.figures.items()
    }
    figures = first.figures if len(group) == 1 else labels
    return replace(
        first, case=first.patient, figures=figures, seconds=float(np.mean([line.seconds for line in group])),
        has_tumour=any(line.has_tumour for line in group), made_up=any(line.made_up for line in group),
    )  # fmt: skip


def cells(row: TableRow) -> Iterator[str]:
    """Yield the texts of a row, as `head` names them."""
    yield row.title
    yield row.protocol
    for label, key, _ in COLUMNS:
        yield cell(row.figures[label, key], key)
    yield f"{row.made_up} of {row.without}"
    yield f"{row.seconds:.3g}"
    yield f"{row.parameters:,}"


def cell(summary: Summary, key: str) -> str:
    """Return a mean with its interval, as a table shows it."""
    if not summary.n:
        return "–"
    digits = 1 if key.endswith("_mm") else 3
    interval = "" if math.isnan(summary.low) else f" [{summary.low:.{digits}f}, {summary.high:.{digits}f}]"
    undefined = f", n = {summary.n}" if summary.undefined else ""
    return f"{summary.mean:.{digits}f}{interval}{undefined}"


def contrast_cells(one: Contrast, rows: dict[str, TableRow]) -> tuple[str, str, str, str, str]:
    """Return a paired test in words: who against whom, figure, difference with interval, p, and n."""
    found, first, second = one.difference, rows[one.first], rows[one.second]
    both = f"{first.title} ({first.protocol}) less {second.title} ({second.protocol})"
    size = "–" if not found.n else f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    chance = "–" if math.isnan(found.p) else "< 0.001" if found.p < 0.001 else f"{found.p:.3f}"
    return both, name_of(one.label, one.key), size, chance, str(found.n)


def _told(contrasts: Sequence[Contrast], rows: dict[str, TableRow]) -> Iterator[str]:
    if contrasts:
        yield "| First less second, same patients | Figure | Mean difference | Wilcoxon p | n |"
        yield "|---|---|---|---|---|"
    for one in contrasts:
        yield f"| {' | '.join(contrast_cells(one, rows))} |"


def _number(value: float | int) -> float | int | None:
    return value if math.isfinite(value) else None
