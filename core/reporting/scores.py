"""The report of a comparison as one HTML file: figures, pictures, plots, definitions; opens without a server.

Everything is in the file, plotly's script too (4.7 MB), and a policy in its head forbids it to load anything else.
Without JavaScript all but the plots is there. It is meant to be printed and to be projected as well as read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from core.reporting import wording
from core.reporting.parts import part
from core.scoring.batch import FileUsed, LeftOut, Row, left_out_words
from core.scoring.contrast import Contrast
from core.scoring.definitions import (
    EMPTY_RULES,
    EMPTY_WORDS,
    HUMAN_DICE,
    HUMAN_SOURCES,
    HUMAN_WORDS,
    EmptyRule,
    base_key,
    card_of,
)
from core.scoring.errormap import COLOURS, WORDS
from core.scoring.tables import figure_keys, label_names
from core.version import VERSION, libraries

_HERE = Path(__file__).parent
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Another prediction of the same cases, beside the one that the report is about.

    Attributes:
        first: What to call prediction A.
        second: What to call prediction B.
        contrasts: A label's name and what a figure of it says; B less A.
        second_rows: All cases of prediction B, scored or not, to list their files, notes and failures.
    """

    first: str
    second: str
    contrasts: tuple[tuple[str, Contrast], ...]
    second_rows: tuple[Row, ...] = ()


def report(
    rows: Sequence[Row],
    *,
    title: str,
    created: datetime,
    comparison: Comparison | None = None,
    left_out: Sequence[LeftOut] = (),
) -> str:
    """Write the report of one case or of a cohort.

    Args:
        rows: From `batch`: scored and failed cases; with pictures, if it shall show them.
        title: What was compared with what, in the user's words; it is escaped like every other name.
        created: When; with its time zone.
        comparison: Of two predictions.
        left_out: Files beside the masks that are none, from `folders.left_out`.

    Returns:
        A whole HTML document.
    """
    cards = [row.card for row in rows if row.card]
    second = comparison.second_rows if comparison else ()
    tolerances = {card.tolerance_mm for card in cards}
    keys = figure_keys(rows)
    return _TEMPLATES.get_template("scores.html").render(
        title=title,
        created=f"{created.day} {created:%B %Y, %H:%M %Z}".rstrip(),
        version=VERSION,
        libraries={**libraries(), "plotly": version("plotly")},
        total=len(rows),
        failed=[row for row in rows if not row.card],
        parts=[part(rows, value, name, tolerances) for value, name in label_names(rows).items()],
        notes=[*_notes(rows), *_notes(second, ", B")],
        resampled=[*_resampled(rows), *_resampled(second, ", B")],
        settings=_settings(rows, keys),
        definitions=[card_of(key) for key in keys],
        rules=[told for rule in EMPTY_RULES if (told := _rule(rule, keys))],
        empty_words=EMPTY_WORDS,
        human_words=HUMAN_WORDS,
        human_sources=HUMAN_SOURCES,
        human_dice=HUMAN_DICE,
        files=_files(rows, second),
        second_failed=[row for row in second if not row.card],
        left_out=left_out_words(left_out),
        comparison=comparison,
        share=lambda value: wording.number(value, "dice"),
        legend=[(word, "#{:02x}{:02x}{:02x}".format(*COLOURS[outcome])) for outcome, word in WORDS.items()],
        **_inlined(),
    )


def _notes(rows: Sequence[Row], of: str = "") -> list[tuple[str, str]]:
    return [(row.case + of, note) for row in rows if row.card for note in row.card.notes]


def _files(rows: Sequence[Row], second: Sequence[Row]) -> list[tuple[str, FileUsed]]:
    """List the files of A, then those that only B used."""
    first = [(row.case, used) for row in rows for used in row.files]
    others = [(row.case, used) for row in second for used in row.files]
    known = {(case, used.role, used.sha256) for case, used in first if used.role != "prediction"}
    return first + [
        (case, replace(used, role="prediction B" if used.role == "prediction" else f"{used.role} of B"))
        for case, used in others
        if (case, used.role, used.sha256) not in known
    ]


def _resampled(rows: Sequence[Row], of: str = "") -> list[tuple[str, list[tuple[str, str, str]]]]:
    """List for each case that was resampled its labels with their ml before and after."""
    names = label_names(rows)
    return [
        (
            row.case + of,
            [
                (names.get(label.label, f"label {label.label}"), f"{label.before_ml:.4g}", f"{label.after_ml:.4g}")
                for label in row.resampled
            ],
        )
        for row in rows
        if row.resampled is not None
    ]


def _settings(rows: Sequence[Row], keys: Sequence[str]) -> list[tuple[str, str]]:
    cards = [row.card for row in rows if row.card]
    tolerances = sorted({card.tolerance_mm for card in cards})
    least = sorted({label.lesions.least_iou for card in cards for label in card.labels})
    surfaces = {"": "mesh", "monai_": "as MONAI", "surfel_": "as surface-distance"}
    measured = [name for prefix, name in surfaces.items() if f"{prefix}hd_mm" in keys]
    measured += ["as CHAOS"] if "chaos_assd_mm" in keys else []
    return [
        ("Labels", ", ".join(f"{value} {name}" for value, name in label_names(rows).items()) or "none"),
        ("Tolerance of the surface Dice", " or ".join(f"{mm:g} mm" for mm in tolerances) or "none"),
        ("Surfaces measured", ", ".join(measured) or "none"),
        ("Two lesions match from", " or ".join(f"an IoU of {iou:g}" for iou in least) or "none"),
        ("A lesion is", "voxels that touch by a side, an edge or a corner"),
        ("Intervals", "95 %, percentile bootstrap of the mean over cases, 2,000 resamples, seed 0"),
    ]


def _rule(rule: EmptyRule, keys: Sequence[str]) -> tuple[str, ...] | None:
    names = [card_of(key).name for key in keys if base_key(key) in rule.keys]
    if not names:
        return None
    return "; ".join(names), *(wording.empty(value) for value in (rule.both, rule.predicted, rule.reference))


def _inlined() -> dict[str, Markup]:
    """Return what the page needs, from Lobule's own files and plotly's, none of it written by a user."""
    texts = {"style": (_HERE / "scores.css").read_text("utf-8"), "script": (_HERE / "scores.js").read_text("utf-8")}
    return {name: Markup(text) for name, text in (*texts.items(), ("plotly", get_plotlyjs()))}  # noqa: S704
