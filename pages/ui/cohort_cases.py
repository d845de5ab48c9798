"""The cases of a cohort: the table of all, worst first, and a look at one of them."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # comes with Streamlit, whose tables it colours
import streamlit as st

from core.reporting import wording
from core.scoring.batch import Row
from core.scoring.definitions import CARDS
from core.scoring.errormap import COLOURS, WORDS
from core.scoring.ranking import figure_of, label_of, matching, worst_first
from pages.ui.card import plain
from pages.ui.cohorts import Cohort
from pages.ui.pictures import legend
from pages.ui.state import shown_in
from pages.ui.words import t
from pages.ui.words.steps import known

HEIGHT = 320
_IN_TABLE = ("dice", "nsd", "hd95_mm", "volume_difference_ml")
_FAILED = "background-color: #5a2229; color: #ffd9dc"
_PICKED = "background-color: #17403b"
_LESION_ROWS = 4


def table(cohort: Cohort, label: int, key: str) -> None:
    """List the cases, worst first; a click on one shows it."""
    text, limit = _filters(key)
    rows = matching(worst_first(cohort.looked_at, label, key), label, key, text, limit)
    keys = list(dict.fromkeys([key, *_IN_TABLE]))
    st.dataframe(
        _coloured(rows, label, keys, cohort.case),
        hide_index=True,
        height=HEIGHT,
        placeholder="–",
        key="cohort_table",
        on_select=partial(_take_row, cohort, [row.case for row in rows]),
        selection_mode="single-cell",
        column_config={t("cohort.column.case"): st.column_config.TextColumn(pinned=True)}
        | {each: st.column_config.NumberColumn(known(wording.heading(each, _tolerances(rows)))) for each in keys},
    )
    counts = {"count": len(rows), "all": len(cohort.looked_at)}
    st.caption(t("cohort.worst_first", figure=known(CARDS[key].name), **counts))


def _filters(key: str) -> tuple[str, float | None]:
    """Let the reader look for a name, and for figures beyond a limit."""
    card = CARDS[key]
    left, right = st.columns(2)
    text = left.text_input(
        t("cohort.name"), key="cohort_name", placeholder=t("cohort.name_part"), label_visibility="collapsed"
    )
    if not card.better:
        return text or "", None
    limit = right.number_input(
        t("cohort.limit"),
        value=None,
        step=1.0 if card.unit else 0.05,
        key=f"cohort_limit_{key}",
        placeholder=t("cohort.below" if card.better > 0 else "cohort.above", figure=known(card.name)),
        label_visibility="collapsed",
    )
    return text or "", limit


def _coloured(rows: Sequence[Row], label: int, keys: Sequence[str], picked: str | None) -> Any:
    """Return the table with figures in words, failed cases in red and the picked one in green."""
    case, lesions, problem = (t(f"cohort.column.{column}") for column in ("case", "lesions", "problem"))
    lines = []
    for row in rows:
        score = label_of(row, label)
        line: dict[str, Any] = {case: row.case, problem: row.problem, lesions: ""}
        line |= {key: figure_of(row, label, key) for key in keys}
        if score:
            found, missed, false = (
                len(some) for some in (score.lesions.matches, score.lesions.missed, score.lesions.false)
            )
            line[lesions] = _lesions_found(found, found + missed, false)
        lines.append(line)
    frame = pd.DataFrame(lines, columns=[case, *keys, lesions, problem])
    colours = [_FAILED if row.card is None else _PICKED if row.case == picked else "" for row in rows]
    return frame.style.format({key: partial(_number, key=key) for key in keys}).apply(lambda _: colours)


def _number(value: float, key: str) -> str:
    return known(wording.number(value, key))


def _lesions_found(found: int, of: int, false: int) -> str:
    if false:
        return t("cohort.found_false", found=found, all=of, count=false)
    return t("cohort.found", found=found, all=of)


def _tolerances(rows: Sequence[Row]) -> set[float]:
    return {row.card.tolerance_mm for row in rows if row.card}


def _take_row(cohort: Cohort, cases: Sequence[str]) -> None:
    cells = shown_in("cohort_table")["selection"]["cells"]
    if cells and cells[0][0] < len(cases):
        cohort.case = cases[cells[0][0]]


def one_case(cohort: Cohort, label: int, key: str) -> None:
    """Show the case that was picked, or the worst: where it is wrong, or why it failed."""
    names = [row.case for row in worst_first(cohort.looked_at, label, key)]
    case = cohort.case if cohort.case in names else names[0]
    found = [next((row for row in rows if row.case == case), None) for rows in (cohort.rows, cohort.second)]
    with st.container(border=True, key="cohort_case"):
        st.markdown(f"**{plain(case)}**" + ("" if cohort.case == case else f" · {t('cohort.first')}"))
        for name, row in zip("AB", found, strict=True):
            if row is not None:
                _one_row(row, label, key, f"**{name}** · " if cohort.second else "")


def _one_row(row: Row, label: int, key: str, prefix: str) -> None:
    if row.card is None:
        st.error(prefix + plain(row.problem), icon=":material/error:")
        return
    keys = list(dict.fromkeys([key, "dice", "hd95_mm"]))[:3]
    st.markdown(
        prefix + " · ".join(f"{known(CARDS[each].name)} {known(wording.figure(row, label, each))}" for each in keys)
    )
    for picture in row.pictures:
        if picture.label == label:
            st.image(picture.jpeg, caption=known(picture.caption), width="stretch")
            st.html(legend({known(WORDS[outcome]): COLOURS[outcome] for outcome in WORDS}))
    _lesions(row, label)
    for note in row.card.notes:
        st.caption(f":material/info: {plain(known(note))}")


def _lesions(row: Row, label: int) -> None:
    score = label_of(row, label)
    if score is None:
        st.caption(t("cohort.no_such_label"))
        return
    lesions = score.lesions
    found = [("found", match.reference, match.dice) for match in lesions.matches]
    found += [("missed", lesion, math.nan) for lesion in lesions.missed]
    found += [("made up", lesion, math.nan) for lesion in lesions.false]
    if not found:
        return
    lines = [
        {
            t("cohort.column.lesion"): known(what),
            t("cohort.column.slice"): round(lesion.centre[0]) + 1,
            "ml": _known(lesion.volume_ml),
            "Dice": _known(dice),
        }
        for what, lesion, dice in found
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        lines,
        hide_index=True,
        height=38 + 35 * min(len(lines), _LESION_ROWS),
        placeholder="–",
        column_config={"ml": number(format="%.2f"), "Dice": number(format="%.3f")},
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
