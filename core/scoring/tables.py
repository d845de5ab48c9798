"""Scores as files: CSV for a spreadsheet, JSON with everything in it.

Undefined figures are empty in CSV and ``null`` in JSON. A distance that people read as "none" (the object was missed
or made up; see `sheet.NO_DISTANCE`) is ``inf`` in CSV, so that it sorts as the worst; JSON has no such number, so it
is ``null`` there too, and its key stands under ``infinite``. Both list for every scored case every label that any case
holds; of one that neither mask of the case holds, the figures are what `definitions.EMPTY_RULES` say.

CSV begins with a byte order mark, without which Excel reads names with umlauts wrongly (Python: ``utf-8-sig``).
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import WriteError
from core.scoring.batch import LeftOut, Row
from core.scoring.cohort import summaries, three_dice
from core.scoring.definitions import CARDS, card_of, in_order
from core.scoring.lesions import Lesion, LesionTable
from core.scoring.scorecard import LabelScore, Scorecard
from core.version import VERSION, libraries

_SEED = 0
_MARK = "\ufeff"
_NO_LABEL = "Neither mask holds a label: there is nothing to score."
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last as spreadsheets in Asia take them


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write what `csv_text` says.

    Raises:
        WriteError: The file cannot be written.
    """
    save(csv_text(rows), path)


def write_json(rows: Sequence[Row], path: Path, left_out: Sequence[LeftOut] = ()) -> None:
    """Write what `json_text` says.

    Raises:
        WriteError: The file cannot be written.
    """
    save(json_text(rows, left_out), path)


def save(text: str, path: Path) -> None:
    """Write a text as UTF-8, with its line ends as they are.

    Raises:
        WriteError: The file cannot be written.
    """
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise WriteError(f"{path} cannot be written ({error.strerror}). Choose another place.") from error


def csv_text(rows: Sequence[Row]) -> str:
    """Return one line per case and label that any case holds; a case without figures has a line that says why.

    The text begins with a byte order mark, for Excel. Names that a spreadsheet would take for a formula begin with an
    apostrophe.
    """
    keys, names = figure_keys(rows), label_names(rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["case", "label", "name", *keys, "missed_lesions", "false_lesions", "problem"])
    for row in rows:
        if not (row.card and names):
            problem = row.problem or _NO_LABEL
            writer.writerow([harmless(row.case), "", "", *[""] * len(keys), "", "", harmless(problem)])
            continue
        for value, usual in names.items():
            label = row.card.label(value)
            figures = [_cell(row.card.figure(value, key)) for key in keys]
            lesions = [len(label.lesions.missed), len(label.lesions.false)] if label else [0, 0]
            name = label.name if label else usual
            writer.writerow([harmless(row.case), value, harmless(name), *figures, *lesions, ""])
    return _MARK + text.getvalue()


def json_text(rows: Sequence[Row], left_out: Sequence[LeftOut] = ()) -> str:
    """Return figures, counts per slice, lesions, files, definitions, versions and, for several cases, summaries.

    Args:
        rows: From `batch`.
        left_out: Files beside the masks that are none, from `folders.left_out`.
    """
    scored = [(row, row.card) for row in rows if row.card]
    keys, names = figure_keys(rows), label_names(rows)
    content: dict[str, Any] = {
        "lobule": VERSION,
        "libraries": libraries(),
        "definitions": {key: asdict(card_of(key)) for key in in_order({*CARDS, *keys})},
        "cases": [{**_case(card, names, keys), **_sources(row)} for row, card in scored],
        "failed": [
            {"case": row.case, "problem": row.problem, "files": [asdict(used) for used in row.files]}
            for row in rows
            if not row.card
        ],
        "left_out": [asdict(file) for file in left_out],
    }
    if len(rows) > 1:
        cards = [card for _, card in scored]
        content["cohort"] = [_cohort(cards, value, name, keys) for value, name in names.items()]
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)


def figure_keys(rows: Sequence[Row]) -> list[str]:
    """Return the keys of the figures that any case holds, in the order in which they are shown."""
    return in_order({key for label in _labels(rows) for key in label.figures})


def label_names(rows: Sequence[Row]) -> dict[int, str]:
    """Return the labels that any case holds, by value."""
    return dict(sorted({label.value: label.name for label in _labels(rows)}.items()))


def _labels(rows: Sequence[Row]) -> list[LabelScore]:
    return [label for row in rows if row.card for label in row.card.labels]


def _case(card: Scorecard, names: Mapping[int, str], keys: Sequence[str]) -> dict[str, Any]:
    held = {label.value: _label(label) for label in card.labels}
    return {
        "case": card.case,
        "tolerance_mm": card.tolerance_mm,
        "diagonal_mm": _number(card.diagonal_mm),
        "notes": list(card.notes),
        "labels": [held.get(value) or _in_neither(card, value, name, keys) for value, name in names.items()],
    }


def _sources(row: Row) -> dict[str, Any]:
    resampled = None if row.resampled is None else [asdict(label) for label in row.resampled]
    return {"resampled": resampled, "files": [asdict(used) for used in row.files]}


def _label(label: LabelScore) -> dict[str, Any]:
    return {
        "value": label.value,
        "name": label.name,
        **_figures(label.figures),
        "counts": asdict(label.counts),
        "slices": [
            {"slice": z, "dice": _number(counts.dice), "tp": counts.tp, "fp": counts.fp, "fn": counts.fn}
            for z, counts in enumerate(label.slices, start=1)
            if counts.predicted or counts.reference
        ],
        "lesions": _lesions(label.lesions),
    }


def _in_neither(card: Scorecard, value: int, name: str, keys: Sequence[str]) -> dict[str, Any]:
    """Describe a label that other cases hold as one that was drawn nowhere."""
    return {
        "value": value,
        "name": name,
        **_figures({key: card.figure(value, key) for key in keys}),
        "counts": {"tp": 0, "fp": 0, "fn": 0, "tn": card.voxels},
        "slices": [],
        "lesions": _lesions(LesionTable((), (), ())),
    }


def _figures(figures: Mapping[str, float]) -> dict[str, Any]:
    return {
        "figures": {key: _number(value) for key, value in figures.items()},
        "undefined": [key for key, value in figures.items() if math.isnan(value)],
        "infinite": [key for key, value in figures.items() if math.isinf(value)],
    }


def _lesions(table: LesionTable) -> dict[str, Any]:
    return {
        "least_iou": table.least_iou,
        "found": [{**_lesion(m.reference), "dice": m.dice, "iou": m.iou} for m in table.matches],
        "missed": [_lesion(lesion) for lesion in table.missed],
        "false": [_lesion(lesion) for lesion in table.false],
    }


def _lesion(lesion: Lesion) -> dict[str, Any]:
    z, y, x = lesion.centre
    return {
        "slice": round(z) + 1,
        "row": round(y),
        "column": round(x),
        "voxels": lesion.voxels,
        "volume_ml": _number(lesion.volume_ml),
        "diameter_mm": _number(lesion.diameter_mm),
        "band": lesion.band,
    }


def _cohort(cards: Sequence[Scorecard], value: int, name: str, keys: Sequence[str]) -> dict[str, Any]:
    figures = {}
    for key in keys:
        defined, penalised = summaries(cards, value, key, np.random.default_rng(_SEED))
        figures[key] = {
            which: {field: _number(number) for field, number in asdict(summary).items()}
            for which, summary in (("defined", defined), ("penalised", penalised))
        }
    dice = {field: _number(number) for field, number in asdict(three_dice(cards, value)).items()}
    return {"label": value, "name": name, "three_dice": dice, "figures": figures}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cell(value: float) -> str:
    return "" if math.isnan(value) else repr(value)


def harmless(text: str) -> str:
    """Keep a spreadsheet from running a name as a formula, as in ``=cmd|'...'!A1``."""
    return f"'{text}" if text.startswith(_FORMULA) else text
