"""What a report says of one label: its figures over all cases, the cases worst first, pictures, plots and lesions."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup

from core.reporting import plots, wording
from core.scoring.batch import Row
from core.scoring.cohort import ThreeDice, summaries, three_dice
from core.scoring.definitions import card_of, with_percentiles
from core.scoring.evidence import worst_slice
from core.scoring.lesions import Band, Lesion
from core.scoring.ranking import figure_of, label_of, worst_first
from core.scoring.scorecard import LabelScore
from core.scoring.tables import figure_keys

_COLUMNS = ("dice", "iou", "precision", "recall", "hd95_mm", "assd_mm", "nsd", "volume_difference_ml")
_TILES = ("dice", "iou", "hd95_mm", "assd_mm", "nsd", "volume_difference_ml", "lesion_recall", "lesion_precision")
_TUMOUR_WORDS = ("tumo", "lesion", "metast", "hcc")
_BEYOND_ALL = 1e12  # where a case without a distance is sorted to
_UNDEFINED = ""  # sorted to the end, whichever way
_SEED = 0


@dataclass(frozen=True)
class Cell:
    """A cell of a table that can be sorted.

    Attributes:
        text: Shown.
        order: Sorted by; ``""`` is last in both directions.
        is_bad: Whether it is shown in red.
    """

    text: str
    order: float | str
    is_bad: bool = False


@dataclass(frozen=True)
class Figure:
    """One figure over all cases, without and with a penalty for what was missed or made up.

    Attributes:
        name: With tolerance and unit.
        n: Cases in the first mean.
        undefined: Cases without the figure.
        infinite: Cases without a distance, left out of the first mean.
        mean: With its interval.
        median: With the quartiles.
        penalised_n: Cases in the penalised mean.
        penalised_mean: With its interval.
        penalised_median: With the quartiles.
        alone: In words, of a single case; ``""`` of several.
    """

    name: str
    n: int
    undefined: int
    infinite: int
    mean: str
    median: str
    penalised_n: int
    penalised_mean: str
    penalised_median: str
    alone: str


@dataclass(frozen=True)
class Part:
    """Everything a report says of one label."""

    value: int
    name: str
    is_tumour: bool
    tiles: list[tuple[str, str, str]]
    three: ThreeDice
    figures: list[Figure]
    is_penalised: bool
    boxes: list[Markup]
    curve: Markup | None
    columns: list[tuple[str, bool]]
    cases: list[list[Cell]]
    pictures: list[tuple[str, str, str, str]]
    bands: list[tuple[str, str, int]]
    lesions: list[list[Cell]]


def part(rows: Sequence[Row], value: int, name: str, tolerances_mm: set[float]) -> Part:
    """Gather what there is to say of a label.

    Args:
        rows: All cases, scored or not.
        value: Of the label.
        name: Of the label.
        tolerances_mm: Of the surface Dice, to be named beside it.
    """
    ranked = [row for row in worst_first(rows, value, "dice") if row.card]
    held = [(row, label) for row in ranked if (label := label_of(row, value))]
    keys = figure_keys(rows)
    is_tumour = any(word in name.casefold() for word in _TUMOUR_WORDS)
    columns = with_percentiles(_COLUMNS, keys)
    figures = [_figure(ranked, value, key, tolerances_mm) for key in keys]
    alone = held[0][1] if len(rows) == 1 and held else None
    return Part(
        value=value,
        name=name[:1].upper() + name[1:],
        is_tumour=is_tumour,
        tiles=_tiles(rows[0], value, keys, tolerances_mm) if alone else [],
        three=three_dice([row.card for row in ranked if row.card], value),
        figures=figures,
        is_penalised=any(figure.infinite for figure in figures),
        boxes=[] if alone else _boxes(ranked, value, keys, is_tumour),
        curve=_drawn(plots.slice_curve(alone, is_tumour)) if alone and worst_slice(alone) is not None else None,
        columns=[(wording.heading(key, tolerances_mm), True) for key in columns],
        cases=[_case(row, value, columns) for row in ranked],
        pictures=_pictures(ranked, value),
        bands=_bands([label for _, label in held]),
        lesions=_lesions(held),
    )


def _tiles(row: Row, value: int, keys: Sequence[str], tolerances_mm: set[float]) -> list[tuple[str, str, str]]:
    """List name, figure and formula; below a distance that is none stands what it counts as."""
    tiles = []
    for key in with_percentiles(_TILES, keys):
        is_none = math.isinf(figure_of(row, value, key))
        counts = f"Counts as {row.card.diagonal_mm:.2f} mm. " if is_none and row.card else ""
        text = wording.figure(row, value, key, with_unit=not is_none)
        tiles.append((wording.title(key, tolerances_mm), text, counts + card_of(key).formula))
    return tiles


def _figure(rows: Sequence[Row], value: int, key: str, tolerances_mm: set[float]) -> Figure:
    cards = [row.card for row in rows if row.card]
    defined, penalised = summaries(cards, value, key, np.random.default_rng(_SEED))
    unit = f", {card_of(key).unit}" if card_of(key).unit else ""
    return Figure(
        wording.title(key, tolerances_mm) + unit,
        defined.n,
        defined.undefined,
        defined.infinite,
        wording.mean(defined, key),
        wording.median(defined, key),
        penalised.n,
        wording.mean(penalised, key),
        wording.median(penalised, key),
        wording.figure(rows[0], value, key) if len(rows) == 1 else "",
    )


def _boxes(rows: Sequence[Row], value: int, keys: Sequence[str], is_tumour: bool) -> list[Markup]:
    groups = [with_percentiles(group, keys) for group in plots.GROUPS]
    return [_drawn(plots.boxes(rows, value, group, is_tumour)) for group in groups if group]


def _drawn(figure: go.Figure) -> Markup:
    options = {"displayModeBar": False, "responsive": True}
    # plotly writes "<" of a name as a code, so nothing a user typed ends the script
    return Markup(figure.to_html(full_html=False, include_plotlyjs=False, config=options))  # noqa: S704


def _case(row: Row, value: int, columns: Sequence[str]) -> list[Cell]:
    label = label_of(row, value)
    cells = [Cell(row.case, row.case.casefold())]
    for key in columns:
        found = figure_of(row, value, key)
        bad = math.isinf(found) or (key == "dice" and found == 0)
        order = _UNDEFINED if math.isnan(found) else min(found, _BEYOND_ALL)
        cells.append(Cell(wording.figure(row, value, key, with_unit=False), order, bad))
    table = label.lesions if label else None
    counts = (len(table.matches), len(table.missed), len(table.false)) if table else (0, 0, 0)
    return cells + [Cell(str(count), count, bool(at and count)) for at, count in enumerate(counts)]


def _pictures(rows: Sequence[Row], value: int) -> list[tuple[str, str, str, str]]:
    """List case, address of the picture, caption and Dice, worst case first."""
    return [
        (
            row.case,
            f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}",
            picture.caption,
            wording.figure(row, value, "dice"),
        )
        for row in rows
        for picture in row.pictures
        if picture.label == value
    ]


def _bands(labels: Sequence[LabelScore]) -> list[tuple[str, str, int]]:
    """List for each size how many lesions were found, and how many were made up."""
    found = []
    for band in Band:
        tables = [label.lesions.band(band) for label in labels]
        hits, missed = sum(len(table.matches) for table in tables), sum(len(table.missed) for table in tables)
        false = sum(len(table.false) for table in tables)
        if hits + missed + false:
            found.append((band.value, f"{hits} of {hits + missed}" if hits + missed else "none to find", false))
    return found


def _lesions(held: Sequence[tuple[Row, LabelScore]]) -> list[list[Cell]]:
    """List all lesions: of each case the missed ones first, then those made up, then the found ones."""
    lines = []
    for row, label in held:
        table = label.lesions
        lines += [_lesion(row, "missed", lesion, math.nan) for lesion in table.missed]
        lines += [_lesion(row, "made up", lesion, math.nan) for lesion in table.false]
        lines += [_lesion(row, "found", match.reference, match.dice) for match in table.matches]
    return lines


def _lesion(row: Row, what: str, lesion: Lesion, dice: float) -> list[Cell]:
    z = round(lesion.centre[0]) + 1
    sized = not math.isnan(lesion.volume_ml)
    return [
        Cell(row.case, row.case.casefold()),
        Cell(what, what, what != "found"),
        Cell(str(z), z),
        Cell(f"{lesion.volume_ml:.3g}" if sized else "unknown", lesion.volume_ml if sized else _UNDEFINED),
        Cell(f"{lesion.diameter_mm:.1f}" if sized else "unknown", lesion.diameter_mm if sized else _UNDEFINED),
        Cell(f"{lesion.voxels:,}", lesion.voxels),
        Cell(*("", _UNDEFINED) if math.isnan(dice) else (f"{dice:.3f}", dice)),
    ]
