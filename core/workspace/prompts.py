"""Files of prompts: boxes for many cases, as a table (CSV) or as the record that Lobule saves beside a mask (JSON)."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.editing.record import FORMAT
from core.errors import LobuleError, PromptError
from core.imaging.label import DEFAULT_LABELS, Label
from core.segmentation.prompt import Box, Point, Prompt

COLUMNS = ("case", "slice", "y0", "x0", "y1", "x1")
_LARGEST_BYTES = 64 * 2**20
_COLOUR = (96, 160, 255)


@dataclass(frozen=True)
class Asked:
    """One object of one case.

    Attributes:
        case: Name of the CT's file or folder, with or without its ending; ``""`` where ``fingerprint`` is known.
        fingerprint: `Volume.key` of the CT, or ``""``.
        label: What it is.
        prompts: Slice, from 0, to what was marked there; at least one.
    """

    case: str
    fingerprint: str
    label: Label
    prompts: Mapping[int, Prompt]


def read_prompts(path: Path) -> list[Asked]:
    """Read a file of prompts.

    A table has the columns case, slice, y0, x0, y1, x1 and, if wanted, label (a name or number, by default tumour)
    and object; slices count from 1, and rows with one case and object are key slices of one object. A record is
    what Lobule exports as prompts, or a list of such; what was drawn by hand in it has no prompt and is left out.

    Raises:
        PromptError: The file cannot be read, or a line of it says nothing that can be asked.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise PromptError(f"{path.name} is larger than 64 MB, and so no file of prompts.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path} cannot be read as text. Give a .csv or .json file of prompts.") from error
    found = list(_of_records(text, path.name) if text.lstrip()[:1] in ("{", "[") else _of_table(text, path.name))
    if not found:
        raise PromptError(f"{path.name} holds no box. Give a file with at least one.")
    return found


def _of_table(text: str, name: str) -> Iterator[Asked]:
    lines = text.splitlines()
    mark = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.DictReader(lines, delimiter=mark)
    columns = {(column or "").strip().lower(): column for column in rows.fieldnames or ()}
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise PromptError(f"{name} has no column {', '.join(missing)}. Its first line must be: {','.join(COLUMNS)}.")
    objects: dict[tuple[str, str], Asked] = {}
    for row in rows:
        cells = {known: (row[column] or "").strip() for known, column in columns.items()}
        if any(cells.values()):
            asked = _row(cells, f"Line {rows.line_num} of {name}")
            key = (asked.case, cells.get("object") or f"line {rows.line_num}")
            objects[key] = _joined(objects[key], asked, f"Line {rows.line_num} of {name}") if key in objects else asked
    yield from objects.values()


def _row(cells: Mapping[str, str], where: str) -> Asked:
    try:
        z, *edges = (int(cells[column]) for column in COLUMNS[1:])
    except ValueError as error:
        raise PromptError(f"{where}: slice and edges must be whole numbers. Correct the line.") from error
    if z < 1 or not cells["case"]:
        raise PromptError(f"{where}: it must name a case and a slice from 1. Correct the line.")
    try:
        return Asked(cells["case"], "", _label(cells.get("label", "")), {z - 1: Prompt(Box(*edges))})
    except LobuleError as error:
        raise PromptError(f"{where}: {error}") from error


def _joined(one: Asked, other: Asked, where: str) -> Asked:
    if one.label != other.label or one.prompts.keys() & other.prompts.keys():
        raise PromptError(f"{where}: an object has one label, and one box a slice. Correct the line.")
    return Asked(one.case, "", one.label, {**one.prompts, **other.prompts})


def _label(text: str) -> Label:
    known = {label.name: label for label in DEFAULT_LABELS} | {str(label.value): label for label in DEFAULT_LABELS}
    if not text:
        return known["tumour"]
    if text.lower() in known:
        return known[text.lower()]
    if text.isdecimal() and 1 <= int(text) <= 255:
        return Label(int(text), f"label {text}", _COLOUR)
    raise PromptError(f"{text!r} is neither tumour nor liver nor a number from 1 to 255.")


def _of_records(text: str, name: str) -> Iterator[Asked]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{name} is no valid JSON. Export the prompts again.") from error
    for record in found if isinstance(found, list) else [found]:
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise PromptError(f"{name} is no record of prompts ({FORMAT}). Export them again with this version.")
        try:
            yield from _of_record(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PromptError(f"{name} is a record of prompts with parts missing. Export it again.") from error


def _of_record(record: Mapping[str, Any]) -> Iterator[Asked]:
    colours = {int(label["value"]): _rgb(label["colour"]) for label in record["labels"]}
    for item in record["objects"]:
        value = int(item["label"]["value"])
        prompts = {int(part["slice"]) - 1: _prompt(part) for part in item["slices"] if part["box"] or part["points"]}
        if prompts:
            label = Label(value, str(item["label"]["name"]), colours.get(value, _COLOUR))
            yield Asked("", str(record["image"]["fingerprint"]), label, prompts)


def _prompt(part: Mapping[str, Any]) -> Prompt:
    box = None
    if part["box"]:
        (y0, y1), (x0, x1) = part["box"]["rows"], part["box"]["columns"]
        box = Box(int(y0), int(x0), int(y1), int(x1))
    return Prompt(box, tuple(Point(int(p["row"]), int(p["column"]), bool(p["on_object"])) for p in part["points"]))


def _rgb(css: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(css.removeprefix("#"))
    return red, green, blue
