"""Many cases on the Metrics page: which files, what matches, and the run that scores them."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError, ReadError
from core.scoring.batch import Row, score_all
from core.scoring.folders import Pair, pairs
from pages.ui.card import plain
from pages.ui.state import AppState, value_of
from pages.ui.stored import Stored, store, uploader
from pages.ui.words import many, t
from pages.ui.working import Working, watch

A, REFERENCE, B = "prediction", "reference", "second prediction"
TITLES = {A: "cohort.a", REFERENCE: "cohort.reference", B: "cohort.b"}
_TABLE_ROWS = 6


@dataclass
class Cohort:
    """Many cases on the screen.

    Attributes:
        changed: What the reader has uploaded or taken away since it was last stored.
        stored: Copies of the uploads, by what they are. They stay when the upload widgets are off the screen.
        refused: Why uploads could not be stored, by what they are.
        pairs: Cases of the prediction, and of the second one.
        trouble: Why nothing could be matched or scored, or None.
        work: The run under way; makes 0 for the prediction or 1 for the second one, and the row.
        planned: How many cases of each prediction the run was to score.
        rows: What was scored of the prediction.
        second: What was scored of the second one.
        case: Name of the case picked, or None.
        label: Value of the label looked at.
        figure: Key of the figure looked at.
        looks_at_b: Whether table, boxes and averages are those of the second prediction.
    """

    changed: set[str] = field(default_factory=set)
    stored: dict[str, Stored] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    pairs: tuple[list[Pair], list[Pair]] = ([], [])
    trouble: str | None = None
    work: Working[tuple[int, Row]] | None = None
    planned: tuple[int, int] = (0, 0)
    rows: tuple[Row, ...] = ()
    second: tuple[Row, ...] = ()
    case: str | None = None
    label: int = 0
    figure: str = "dice"
    looks_at_b: bool = False

    @property
    def looked_at(self) -> tuple[Row, ...]:
        """The rows of the prediction that is looked at."""
        return self.second if self.second and (self.looks_at_b or not self.rows) else self.rows

    @property
    def is_ready(self) -> bool:
        """Whether any case has both files."""
        return any(pair.predicted and pair.reference for pair in self.pairs[0])


def cohort_of(state: AppState) -> Cohort:
    """Return the cohort of the session."""
    if state.cohort is None:
        state.cohort = Cohort()
    return state.cohort


def choose(cohort: Cohort) -> None:
    """Take the files, show what matches, and offer to score it."""
    _forget(cohort)
    files = {}
    for column, (key, title) in zip(st.columns(3, gap="medium"), TITLES.items(), strict=True):
        with column:
            files[key] = uploader(t(title), f"cohort_{key.replace(' ', '_')}", partial(cohort.changed.add, key))
            if key in cohort.stored and not files[key]:
                st.caption(f":material/inventory_2: {t('cohort.kept', count=cohort.stored[key].count)}")
    if cohort.changed:
        _match(cohort, files)
    troubles = [*cohort.refused.values(), *([cohort.trouble] if cohort.trouble else [])]
    for trouble in troubles:
        st.error(plain(trouble), icon=":material/error:")
    if any(cohort.pairs):
        _matching(cohort)
    elif not troubles:
        st.caption(t("cohort.hint"))
    labels, tolerance, button = st.columns([2, 1, 1], vertical_alignment="bottom", gap="medium")
    labels.text_input(
        t("cohort.labels"),
        key="cohort_labels",
        placeholder=t("cohort.labels_example"),
        help=t("cohort.labels_help"),
    )
    tolerance.number_input(t("cohort.tolerance"), 0.1, 20.0, 2.0, 0.5, key="cohort_tolerance")
    count = sum(bool(pair.predicted and pair.reference) for pair in cohort.pairs[0])
    button.button(
        many("cohort.score", count),
        type="primary",
        key="score_cohort",
        disabled=not cohort.is_ready or cohort.work is not None,
        on_click=_start,
        args=(cohort,),
        width="stretch",
    )


def _forget(cohort: Cohort) -> None:
    """Drop what was deleted while the browser was away."""
    gone = [key for key, kept in cohort.stored.items() if not kept.folder.is_there]
    if gone:
        cohort.stored, cohort.pairs = {}, ([], [])
        cohort.trouble = t("cohort.deleted")


def _match(cohort: Cohort, files: Mapping[str, Sequence[UploadedFile]]) -> None:
    """Store what was uploaded since, and match it.

    The next upload may end this run of the page at the spinner, so nothing is ticked off before all is done.
    """
    with st.spinner(t("cohort.matching")):
        for key in cohort.changed:
            cohort.stored.pop(key, None)
            cohort.refused.pop(key, None)
            try:
                if files[key]:
                    cohort.stored[key] = store(files[key], key)
            except LobuleError as error:
                cohort.refused[key] = str(error)
        cohort.pairs, cohort.trouble = ([], []), None
        try:
            cohort.pairs = (_pairs(cohort, A), _pairs(cohort, B))
        except LobuleError as error:
            cohort.trouble = str(error)
        cohort.changed.clear()


def _pairs(cohort: Cohort, key: str) -> list[Pair]:
    there = key in cohort.stored and REFERENCE in cohort.stored
    return pairs(cohort.stored[key].source, cohort.stored[REFERENCE].source) if there else []


def _matching(cohort: Cohort) -> None:
    """Say how many cases match, and list who lacks a partner."""
    first, second = ({pair.case: pair for pair in some} for some in cohort.pairs)
    rows, missing = [], t("cohort.missing")
    for case in dict.fromkeys([*first, *second]):
        ours, theirs = first.get(case), second.get(case)
        found = {A: ours and ours.predicted, REFERENCE: _any(ours, theirs), B: theirs and theirs.predicted}
        files = {t(f"stored.what.{key.replace(' ', '_')}"): found[key] for key in cohort.stored}
        rows.append(
            {t("cohort.column.case"): case} | {what: file.name if file else missing for what, file in files.items()}
        )
    lacking = [row for row in rows if missing in row.values()]
    whole = len(rows) - len(lacking)
    st.markdown(
        f"**{many('cohort.match', whole)}**"
        + (f" · :red[{many('cohort.lack', len(lacking))}]" if lacking else "")
        + _left_out(cohort)
    )
    table = [*lacking, *(row for row in rows if row not in lacking)]
    st.dataframe(table, hide_index=True, height=38 + 35 * min(len(table), _TABLE_ROWS), key="cohort_matching")


def _any(first: Pair | None, second: Pair | None) -> Any:
    return (first and first.reference) or (second and second.reference)


def _left_out(cohort: Cohort) -> str:
    """Say how many files are no labels by their names."""
    used = {path for some in cohort.pairs for pair in some for path in (pair.predicted, pair.reference)}
    count = sum(kept.unused(used) for kept in cohort.stored.values())
    return f" · {many('cohort.left_out', count)}" if count else ""


def _start(cohort: Cohort) -> None:
    """Score in a thread of its own; what was scored before gives way."""
    try:
        labels = named_labels(value_of("cohort_labels") or "")
    except LobuleError as error:
        cohort.trouble = str(error)
        return
    first, second = cohort.pairs
    names = (*(pair.case for pair in first), *(t("cohort.second", name=pair.case) for pair in second))
    cohort.trouble, cohort.rows, cohort.second, cohort.case = None, (), (), None
    cohort.planned = (len(first), len(second))
    held = tuple(cohort.stored.values())
    how = {"labels": labels, "tolerance_mm": value_of("cohort_tolerance") or 2.0}
    cohort.work = Working(partial(_score, first, second, held, how), names)


def _score(
    first: list[Pair], second: list[Pair], held: tuple[Stored, ...], how: dict[str, Any]
) -> Generator[tuple[int, Row], None, None]:
    """Score both predictions, case by case; ``held`` keeps the files on the disk for as long as this runs."""
    with closing(score_all([*first, *second], pictures=True, **how)) as rows:
        for number, row in enumerate(rows):
            yield int(number >= len(first)), row
    del held


def named_labels(text: str) -> dict[int, str] | None:
    """Read labels such as ``1=liver, 2``; None for an empty text.

    Raises:
        ReadError: It is no list of labels.
    """
    labels = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        number, _, name = part.partition("=")
        if not number.strip().isdecimal() or not 1 <= int(number) <= 255:
            raise ReadError(t("cohort.no_label", text=part))
        labels[int(number)] = name.strip()
    return labels or None


def run(cohort: Cohort) -> None:
    """Show how far the run is, and take what it made once it has ended."""
    if cohort.work is None:
        return
    if not cohort.work.has_ended:
        watch(cohort.work, "case")
        return
    made = cohort.work.made
    cohort.rows, cohort.second = (tuple(row for which, row in made if which == wanted) for wanted in (0, 1))
    cohort.trouble = cohort.work.trouble or None
    cohort.work = None
