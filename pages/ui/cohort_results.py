"""What came of many cases: averages that say what they are of, every case worst first, and a look at each."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.reporting import wording
from core.scoring.cohort import Summary, summaries, three_dice
from core.scoring.contrast import contrast
from core.scoring.definitions import CARDS, HUMAN_WORDS
from core.scoring.tables import label_names
from pages.ui.card import plain
from pages.ui.cohort_cases import HEIGHT, one_case, table
from pages.ui.cohort_files import downloads
from pages.ui.cohort_plots import boxes, differences
from pages.ui.cohorts import Cohort
from pages.ui.figures import definitions
from pages.ui.matching_values import is_tumour
from pages.ui.state import show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known, title

FIGURES = (
    "dice", "iou", "precision", "recall", "nsd", "hd95_mm", "assd_mm", "hd_mm", "volume_difference_ml",
    "volume_difference_percent", "lesion_recall", "lesion_precision", "lesion_f1", "lesion_dice",
)  # fmt: skip
_SEED = 0


@dataclass(frozen=True)
class Choice:
    """What is looked at.

    Attributes:
        label: Value of the label.
        name: What it is called.
        key: Of the figure.
    """

    label: int
    name: str
    key: str


@st.fragment
def results(cohort: Cohort) -> None:
    """Show what a run made; what is picked here draws nothing else anew."""
    names = label_names((*cohort.rows, *cohort.second))
    chosen = _head(cohort, names)
    if names:
        _tiles(cohort, chosen)
    else:
        st.info(t("cohort.none"))
    left, right = st.columns([1.55, 1], gap="medium")
    with left:
        _views(cohort, chosen)
    with right:
        one_case(cohort, chosen.label, chosen.key)
    definitions()


def _head(cohort: Cohort, names: dict[int, str]) -> Choice:
    """Say how many cases were scored; let the reader choose label and figure, and take files away."""
    row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
    row.markdown(_scored(cohort), width="stretch")
    hidden: dict[str, Any] = {"label_visibility": "collapsed", "on_change": _take_choice}
    if cohort.rows and cohort.second:
        show_in("cohort_which", "B" if cohort.looks_at_b else "A")
        row.segmented_control(
            t("cohort.prediction"),
            ["A", "B"],
            key="cohort_which",
            required=True,
            args=(cohort, "cohort_which"),
            **hidden,
        )
    if names:
        cohort.label = cohort.label if cohort.label in names else max(names)
        titles = {value: plain(title(name)) for value, name in names.items()}
        key = in_words("cohort_label")
        show_in(key, cohort.label)
        how = hidden | {"key": key, "format_func": titles.__getitem__, "args": (cohort, key)}
        row.segmented_control(t("cohort.label"), list(names), required=True, **how)
    key = in_words("cohort_figure")
    show_in(key, cohort.figure)
    figures = {each: known(CARDS[each].name) for each in FIGURES}
    how = hidden | {"key": key, "format_func": figures.__getitem__, "args": (cohort, key)}
    row.selectbox(t("cohort.figure"), FIGURES, width=230, **how)
    with row.popover(t("taking.download"), icon=":material/download:", width="content"):
        downloads(cohort)
    return Choice(cohort.label, names.get(cohort.label, ""), cohort.figure)


def _take_choice(cohort: Cohort, key: str) -> None:
    chosen = shown_in(key)
    if key.startswith("cohort_which"):
        cohort.looks_at_b = chosen == "B"
    elif key.startswith("cohort_label"):
        cohort.label = chosen
    else:
        cohort.figure = chosen


def _scored(cohort: Cohort) -> str:
    """Say in a line how many cases there are, for each prediction."""
    parts = []
    for name, rows, planned in zip("AB", (cohort.rows, cohort.second), cohort.planned, strict=True):
        if not planned:
            continue
        failed = sum(row.card is None for row in rows)
        said = f"{name}: " if all(cohort.planned) else ""
        said += f"**{t('cohort.scored', done=len(rows) - failed, planned=planned)}**"
        said += f", :red[{t('cohort.failed', count=failed)}]" if failed else ""
        said += f", {t('cohort.stopped', count=len(rows))}" if len(rows) < planned else ""
        parts.append(said)
    return " · ".join(parts)


def _tiles(cohort: Cohort, chosen: Choice) -> None:
    """Show the three numbers that are all called Dice."""
    found = three_dice([row.card for row in cohort.looked_at if row.card], chosen.label)
    tiles = (
        (t("cohort.pooled"), found.pooled, t("cohort.pooled_help")),
        (t("cohort.per_case"), found.per_case, t("cohort.per_case_help")),
        (t("cohort.per_lesion"), found.per_lesion, t("cohort.per_lesion_help")),
    )
    with st.container(key="tiles"):
        for column, (words, value, text) in zip(st.columns(3), tiles, strict=True):
            column.metric(words, known(wording.number(value, "dice")), help=text)
    if is_tumour(chosen.name):
        st.caption(known(HUMAN_WORDS))


def _views(cohort: Cohort, chosen: Choice) -> None:
    titles = [t("cohort.view.cases"), t("cohort.view.boxes"), t("cohort.view.averages")]
    titles += [t("cohort.view.against")] if cohort.second else []
    tabs = st.tabs(titles, key="cohort_views")
    with tabs[0]:
        table(cohort, chosen.label, chosen.key)
    with tabs[1]:
        _boxes(cohort, chosen)
    with tabs[2]:
        _averages(cohort, chosen)
    if cohort.second:
        with tabs[3]:
            _against(cohort, chosen)


def _boxes(cohort: Cohort, chosen: Choice) -> None:
    st.plotly_chart(
        boxes(cohort.looked_at, chosen.label, chosen.key, cohort.case, is_tumour(chosen.name)),
        key="cohort_boxes",
        on_select=partial(_take_point, cohort, "cohort_boxes"),
        selection_mode="points",
        config={"displayModeBar": False},
    )
    st.caption(t("cohort.boxes") + (f" {t('cohort.band')}" if is_tumour(chosen.name) else ""))


def _take_point(cohort: Cohort, key: str) -> None:
    points = shown_in(key)["selection"]["points"]
    if points and points[0].get("customdata"):
        picked = points[0]["customdata"]
        cohort.case = picked if isinstance(picked, str) else picked[0]


def _averages(cohort: Cohort, chosen: Choice) -> None:
    """Show every figure over the cases, defined only and penalised, with what was left out."""
    cards = [row.card for row in cohort.looked_at if row.card]
    lines = []
    for key in FIGURES:
        defined, harsh = summaries(cards, chosen.label, key, np.random.default_rng(_SEED))
        lines.append(_average(key, t("cohort.defined"), defined))
        if defined.infinite:
            lines.append(_average(key, t("cohort.penalised"), harsh))
    st.dataframe(lines, hide_index=True, height=HEIGHT, key="cohort_averages")
    st.caption(t("cohort.averages"))


def _average(key: str, counted: str, found: Summary) -> dict[str, Any]:
    unit = f", {CARDS[key].unit}" if CARDS[key].unit else ""
    return {
        t("cohort.column.figure"): known(CARDS[key].name) + unit,
        t("cohort.column.counted"): counted,
        "n": found.n,
        t("cohort.column.mean"): known(wording.mean(found, key)),
        t("cohort.column.median"): known(wording.median(found, key)),
        t("cohort.column.undefined"): found.undefined,
        t("cohort.column.none"): found.infinite,
    }


def _against(cohort: Cohort, chosen: Choice) -> None:
    """Say and show what the second prediction is better or worse by."""
    first, second = ([row.card for row in rows if row.card] for rows in (cohort.rows, cohort.second))
    found = contrast(first, second, chosen.label, chosen.key, np.random.default_rng(_SEED))
    (st.success if found.is_clear else st.info)(found.sentence)
    if found.cases:
        st.plotly_chart(
            differences(found, cohort.case),
            key="cohort_differences",
            on_select=partial(_take_point, cohort, "cohort_differences"),
            selection_mode="points",
            config={"displayModeBar": False},
        )
    st.caption(t("cohort.against"))
