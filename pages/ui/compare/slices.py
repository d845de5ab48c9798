"""One slice of a test patient under every model, side by side: what each found, or where each is wrong."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import LobuleError
from core.imaging.picture import Pixels
from core.imaging.volume import LIVER, TUMOUR
from core.learning.crossval import read_lines
from core.learning.gallery import Exhibits, dice_words, open_case
from core.learning.runs import CONFIG
from core.learning.survey import COLOURS
from core.learning.table import TableRow
from core.scoring.errormap import COLOURS as OUTCOMES
from core.scoring.errormap import WORDS
from pages.ui.card import plain
from pages.ui.compare.state import Studies
from pages.ui.pictures import legend
from pages.ui.state import show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

_ACROSS, _HEIGHT = 4, 230
_SHOW = {"errors-2": (TUMOUR, True), "errors-1": (LIVER, True), "labels": (TUMOUR, False)}


@lru_cache(maxsize=4)
def _opened(folder: Path, case: str, _version: tuple[int, int]) -> Exhibits:
    """Open a case; anew if more was found on it since, or another comparison took the place of this one."""
    return open_case(folder, case)


def side_by_side(studies: Studies, folder: Path, rows: Sequence[TableRow]) -> None:
    """Show one slice before, with its reference, and under every model."""
    lines = read_lines(folder)
    cases = list(dict.fromkeys(line.case for line in lines))
    if studies.case not in cases:
        studies.case = next((line.case for line in lines if line.has_tumour), cases[0])
    bar = st.columns([1.4, 1.6, 3], vertical_alignment="bottom", gap="medium")
    with bar[0]:
        _case(studies, cases)
    with bar[1]:
        label, errors = _show(studies)
    try:
        scored = sum(line.case == studies.case for line in lines)
        here = _opened(folder, studies.case, (scored, (folder / CONFIG).stat().st_mtime_ns))
    except LobuleError as error:
        st.info(plain(t("compare.no_pictures", why=str(error))), icon=":material/image_not_supported:")
        return
    with bar[2]:
        k = _slice(studies, here)
    _pictures(here, [row for row in rows if row.key in here.found], k, label if errors else 0, label)
    if errors:
        st.html(legend({known(WORDS[kind]): OUTCOMES[kind] for kind in WORDS}))
    else:
        st.html(legend({t("learn.liver"): COLOURS[LIVER], t("learn.tumour"): COLOURS[TUMOUR]}))


def _case(studies: Studies, cases: Sequence[str]) -> None:
    show_in("slices_case", studies.case)
    st.selectbox(t("compare.patient"), cases, key="slices_case", on_change=partial(_take_case, studies))


def _take_case(studies: Studies) -> None:
    studies.case = shown_in("slices_case")


def _show(studies: Studies) -> tuple[int, bool]:
    """Let the reader choose between errors of tumours, errors of the liver, and the labels as they are."""
    words = {name: t(f"compare.show.{name}") for name in _SHOW}
    key = in_words("slices_show")
    show_in(key, studies.values.get("slices_show", "errors-2"))
    st.selectbox(
        t("compare.show"),
        list(words),
        format_func=words.__getitem__,
        key=key,
        on_change=partial(_take_show, studies, key),
    )
    return _SHOW[studies.values.get("slices_show", "errors-2")]


def _take_show(studies: Studies, key: str) -> None:
    studies.values["slices_show"] = shown_in(key)


def _slice(studies: Studies, here: Exhibits) -> int:
    """Let the reader scroll through the scored slices; the first shown is the one with most tumour."""
    numbers = [int(z) + 1 for z in here.slices]
    if len(numbers) < 2:
        return 0
    key, k = "slices_z", min(studies.slices.get(studies.case, here.fullest), len(numbers) - 1)
    show_in(key, numbers[k])
    st.select_slider(
        t("compare.slice", last=here.case.slices), numbers, key=key,
        on_change=partial(_take_slice, studies, numbers, key),
    )  # fmt: skip
    return k


def _take_slice(studies: Studies, numbers: Sequence[int], key: str) -> None:
    studies.slices[studies.case] = list(numbers).index(shown_in(key))


def _pictures(here: Exhibits, rows: Sequence[TableRow], k: int, errors: int, label: int) -> None:
    frame = here.frame(_HEIGHT)
    entries = [(t("compare.before"), "", here.picture(k, bare=True, frame=frame)),
               (t("compare.truth"), "", here.picture(k, frame=frame))]  # fmt: skip
    for row in rows:
        dice = dice_words(here.counts(row.key, k, label))
        title = f"{known(row.title)} · Dice {dice}"
        entries.append((title, known(row.protocol), here.picture(k, row.key, errors, frame=frame)))
    with st.container(key="side_by_side", gap="small"):
        for first in range(0, len(entries), _ACROSS):
            for column, (title, protocol, picture) in zip(
                st.columns(_ACROSS, gap="small"), entries[first : first + _ACROSS], strict=False
            ):
                _entry(column, title, protocol, picture)


def _entry(column: DeltaGenerator, title: str, protocol: str, picture: Pixels) -> None:
    column.image(picture, width="stretch")
    column.caption(f"**{plain(title)}**" + (f"  \n{plain(protocol)}" if protocol else ""))
