"""The report of a comparison of models as one HTML file: table, paired tests, every patient, worst slices, curves."""

import base64
import contextlib
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from core.errors import LobuleError
from core.imaging.picture import jpeg
from core.imaging.volume import LIVER, TUMOUR
from core.learning import gallery, outcome, table
from core.learning.crossval import read_lines
from core.learning.measuring import SLICE_DICE, Line
from core.learning.runs import State, read_config, read_progress
from core.learning.study import Study
from core.reporting.study_plots import progress_curves, strips
from core.scoring.errormap import COLOURS, WORDS
from core.version import VERSION, libraries

SHOWN = ((TUMOUR, "dice"), (TUMOUR, SLICE_DICE), (LIVER, "dice"))
_HERE = Path(__file__).parent
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_HEIGHT = 300
Cell = tuple[str, object]


def study_report(folder: Path, *, title: str, created: datetime, with_pictures: bool = True) -> str:
    """Write the report of a comparison, as far as it is.

    Args:
        folder: Of the study.
        title: In the user's words; it is escaped like every other name.
        created: When; with its time zone.
        with_pictures: Whether slices of the data may be shown; they are left out where the data are not at hand.

    Raises:
        LearningError: Nothing was scored yet.
    """
    rows, lines = table.rows_of(folder), read_lines(folder)
    study, progress = Study.from_json(read_config(folder)), read_progress(folder)
    done = progress.state is State.FINISHED
    names = {row.key: f"{row.title}<br><span style='font-size:12px'>{row.protocol}</span>" for row in rows}
    return _TEMPLATES.get_template("study.html").render(
        title=title,
        created=f"{created.day} {created:%B %Y, %H:%M %Z}".rstrip(),
        version=VERSION,
        summary=f"{len({line.patient for line in lines})} patients, {study.folds} folds",
        unfinished="" if done else f"{progress.epoch} of {progress.epochs} parts are done. The figures will change.",
        head=table.head(lines[0].unit),
        rows=[_ordered(row) for row in rows],
        note=table.note(lines),
        tests=[table.contrast_cells(one, {row.key: row for row in rows}) for one in table.contrasts_of(folder)],
        strips=[_strip(folder, rows, names, label, key) for label, key in SHOWN],
        patient_head=["Patient", *(f"{row.title} ({row.protocol})" for row in rows)],
        patients=list(_patients(folder, rows)),
        pictures=list(_pictures(folder, rows)) if with_pictures else [],
        legend=[(word, "#{:02x}{:02x}{:02x}".format(*COLOURS[kind])) for kind, word in WORDS.items()],
        curves=list(_curves(folder)),
        settings=_settings(study),
        style=Markup((_HERE / "scores.css").read_text("utf-8")),  # noqa: S704
        script=Markup((_HERE / "scores.js").read_text("utf-8")),  # noqa: S704
        plotly=Markup(get_plotlyjs()),  # noqa: S704
    )


def _ordered(row: table.TableRow) -> list[Cell]:
    """Return the cells of a row, each with what it is sorted by."""
    figures = [row.figures[label, key].mean for label, key, _ in table.COLUMNS]
    orders: list[object] = [row.title, row.protocol, *figures, row.made_up, row.seconds, row.parameters]
    return [(text, _order(by)) for text, by in zip(table.cells(row), orders, strict=True)]


def _order(by: object) -> object:
    return "" if isinstance(by, float) and math.isnan(by) else by


def _strip(
    folder: Path, rows: Sequence[table.TableRow], names: dict[str, str], label: int, key: str
) -> tuple[str, Markup]:
    title = table.name_of(label, key)
    means = {row.key: row.figures[label, key] for row in rows}
    found = outcome.points(folder, label, key)
    return title, _drawn(strips(found, names, means, title=title, share=True))


def _patients(folder: Path, rows: Sequence[table.TableRow]) -> Iterator[list[Cell]]:
    """Yield tumour Dice by patient; of a healthy one what was made up."""
    found: dict[str, dict[str, Line]] = {}
    for line in table.by_patient(read_lines(folder)):
        found.setdefault(line.patient, {})[line.row] = line
    for patient, of_rows in sorted(found.items()):
        cells: list[Cell] = [(patient, patient)]
        for row in rows:
            own = of_rows.get(row.key)
            value = own.figures[TUMOUR]["dice"] if own and own.has_tumour else math.nan
            healthy = "made up" if own and own.made_up else "none" if own else "–"
            cells.append((healthy if math.isnan(value) else f"{value:.3f}", _order(value)))
        yield cells


def _pictures(folder: Path, rows: Sequence[table.TableRow]) -> Iterator[tuple[str, str, str]]:
    """Yield the worst slice of the worst patient of every model, if the data are still there."""
    opened: dict[str, gallery.Exhibits] = {}
    points = outcome.points(folder, TUMOUR, "dice")
    for row in rows:
        worst = outcome.worst_first(points, row.key, "dice")
        with contextlib.suppress(LobuleError, OSError):
            case = worst[0].case if worst else ""
            if not case:
                continue
            opened[case] = opened.get(case) or gallery.open_case(folder, case)
            here = opened[case]
            k = here.worst(row.key, TUMOUR)
            counts = here.counts(row.key, k, TUMOUR)
            caption = (f"{case}, slice {here.slices[k] + 1}: {counts.tp:,} voxels of tumour found, {counts.fp:,} made "
                       f"up, {counts.fn:,} missed. Dice of this patient {worst[0].value:.3f}.")  # fmt: skip
            picture = jpeg(here.picture(k, row.key, TUMOUR, frame=here.frame(_HEIGHT)), 85)
            yield f"{row.title} ({row.protocol})", caption, base64.b64encode(picture).decode()


def _curves(folder: Path) -> Iterator[tuple[str, Markup]]:
    found = outcome.curves(folder)
    names = {curve.model: f"{curve.model}, fold {{fold}}" for curve in found}
    if found:
        for title, key in (("Loss while learning", "loss"), ("Score on validation", "score")):
            figure = progress_curves(
                found, {key: title}, names, axes=("epoch", title.split()[0]), height=380, share=key == "score"
            )
            yield title, _drawn(figure)


def _settings(study: Study) -> list[tuple[str, str]]:
    told = {
        "Data": Path(study.data).name, "Folds": study.folds, "Models": ", ".join(study.models),
        "Size": "as in the papers" if study.full else "small, for a processor",
        "Scored slices": "all" if study.every == 1 else f"one in {study.every}",
        "Window": f"W{study.width_hu:g} L{study.level_hu:g}", "Seed": study.seed,
        "SAM starts from": f"{study.base}, {study.part} trained",
        "Changed settings": "; ".join(f"{model}: {', '.join(f'{k} {v}' for k, v in own.items())}"
                                      for model, own in (study.changes or {}).items()) or "none",
        "Licence": study.licence,
        "Versions": ", ".join([f"Lobule {VERSION}", *(f"{name} {number}" for name, number in libraries().items())]),
    }  # fmt: skip
    return [(name, str(value)) for name, value in told.items()]


def _drawn(figure: go.Figure) -> Markup:
    figure.update_layout(template="plotly_white", font={"family": "system-ui, sans-serif", "color": "#1f2933"})
    options: dict[str, Any] = {"displayModeBar": False, "responsive": True}
    return Markup(figure.to_html(full_html=False, include_plotlyjs=False, config=options))  # noqa: S704
