"""Which label of the prediction is which of the reference, what they are called, and which are scored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.imaging.label import clean_name
from core.scoring.counterparts import LEFT_OUT, NOTHING, Content, counterparts, renumbering
from pages.ui.card import plain
from pages.ui.desk import Desk, Table
from pages.ui.state import carrying, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

_MOST_SEEN, _TALLEST = 5, 260
_LIVER = ("liver", "肝脏", "肝")
_TUMOUR = ("tumour", "tumor", "lesion", "metast", "hcc", "瘤", "癌", "病灶", "转移")


@dataclass(frozen=True)
class Matching:
    """What is scored.

    Attributes:
        numbers: New value of each label of the prediction.
        scored: Values to score, and their names.
        liver: Value of the liver if tumours count as liver too, else None.
        tumours: Values that count as liver then.
    """

    numbers: Mapping[int, int]
    scored: Mapping[int, str]
    liver: int | None = None
    tumours: tuple[int, ...] = ()


def matching(desk: Desk, table: Table) -> Matching:
    """Let the reader match the labels of both files, and return what is to be scored."""
    desk.hear_of(table)
    ours, theirs = table.prediction.contents, table.reference.contents
    given = [{content.value: content.given for content in side} for side in (ours, theirs)]
    links = counterparts(given[0], given[1]) | desk.links
    numbers = renumbering(links, given[1])
    names = {numbers[content.value]: content.name for content in ours if numbers[content.value] != LEFT_OUT}
    names |= {content.value: content.name for content in theirs}
    names = {value: desk.names.get(value, names[value]) for value in sorted(names)}
    alike = all(value == other for value, other in links.items()) and len(ours) == len(theirs)
    with st.expander(t("matching.title"), expanded=not alike, key="labels"):
        left, right = st.columns(2, gap="large")
        with left:
            _links(desk, ours, theirs, links)
        with right:
            _scored(desk, names)
            liver, tumours = _liver(desk, names)
    scored = {value: name for value, name in names.items() if value not in desk.unscored}
    found = Matching(numbers, scored, liver, tumours)
    st.caption(_summary(found, {content.value for content in ours}, {content.value for content in theirs}))
    return found


def _links(desk: Desk, ours: Sequence[Content], theirs: Sequence[Content], links: Mapping[int, int]) -> None:
    titles = {content.value: _title(content) for content in theirs}
    titles |= {NOTHING: t("matching.made_up"), LEFT_OUT: t("matching.ignore")}
    st.markdown(t("matching.links"))
    with st.container(height=_TALLEST if len(ours) > _MOST_SEEN else "content", border=False, gap="xsmall"):
        for content in ours:
            words, choice = st.columns([1, 1.3], vertical_alignment="center")
            words.markdown(plain(f"{_title(content)}{_size(content)}"))
            key = in_words(f"link_{content.value}")
            choice.selectbox(
                t("matching.is", label=_title(content)),
                list(titles),
                format_func=titles.__getitem__,
                **carrying(key, links[content.value], list(titles)),
                label_visibility="collapsed",
                on_change=_take_link,
                args=(desk, content.value, key),
            )


def _title(content: Content) -> str:
    return f"{content.value} {known(content.name)}"


def _size(content: Content) -> str:
    if math.isnan(content.volume_ml):
        return f" · {t('matching.voxels', count=content.voxels)}"
    return f" · {content.volume_ml:.2f} ml"


def _take_link(desk: Desk, value: int, key: str) -> None:
    desk.links[value] = shown_in(key)


def _scored(desk: Desk, names: Mapping[int, str]) -> None:
    st.markdown(t("matching.scored"))
    with st.container(height=_TALLEST if len(names) > _MOST_SEEN else "content", border=False, gap="xsmall"):
        for value, name in names.items():
            tick, words = st.columns([0.35, 1], vertical_alignment="center")
            keys = f"score_{value}", in_words(f"name_{value}")
            ticked = carrying(keys[0], value not in desk.unscored)
            tick.checkbox(f"{value}", **ticked, on_change=_take_scored, args=(desk, value, keys[0]))
            words.text_input(
                t("matching.name", value=value),
                **carrying(keys[1], known(name)),
                label_visibility="collapsed",
                on_change=_take_name,
                args=(desk, value, keys[1]),
            )


def _take_scored(desk: Desk, value: int, key: str) -> None:
    (desk.unscored.discard if shown_in(key) else desk.unscored.add)(value)


def _take_name(desk: Desk, value: int, key: str) -> None:
    name = clean_name(shown_in(key))
    desk.names = {**desk.names, value: name} if name else {v: n for v, n in desk.names.items() if v != value}


def _liver(desk: Desk, names: Mapping[int, str]) -> tuple[int | None, tuple[int, ...]]:
    """Offer to count tumours as liver too; return the liver and the tumours if the reader wants that."""
    liver = next((value for value, name in names.items() if name.casefold() in _LIVER), None)
    tumours = tuple(value for value, name in names.items() if is_tumour(name))
    if liver is None or not tumours:
        return None, ()
    st.toggle(
        t("matching.whole_liver"),
        **carrying("whole_liver", desk.whole_liver),
        on_change=_take_whole_liver,
        args=(desk,),
        help=t("matching.whole_liver_help"),
    )
    return (liver, tumours) if desk.whole_liver else (None, ())


def _take_whole_liver(desk: Desk) -> None:
    desk.whole_liver = shown_in("whole_liver")


def is_tumour(name: str) -> bool:
    """Say whether a name stands for tumours."""
    return any(word in name.casefold() for word in _TUMOUR)


def _summary(found: Matching, ours: set[int], theirs: set[int]) -> str:
    """Say what will be scored, and what of it only one of both holds."""
    predicted = {found.numbers[value] for value in ours}
    parts = []
    for value, name in found.scored.items():
        shown = plain(known(name))
        text = t("matching.with_tumours", name=shown) if value == found.liver else shown
        if value not in predicted:
            text = t("matching.only_reference", name=text)
        elif value not in theirs:
            text = t("matching.only_prediction", name=text)
        parts.append(text)
    return t("matching.summary", names=", ".join(parts)) if parts else t("matching.nothing")
