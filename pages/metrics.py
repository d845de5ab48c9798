"""Metrics: how well masks agree with a reference, with every figure defined and every error shown."""

import streamlit as st

from pages.ui.cohort_results import results
from pages.ui.cohorts import choose, cohort_of, run
from pages.ui.pairing import pair
from pages.ui.readers import several_readers
from pages.ui.state import app_state, show_in, shown_in
from pages.ui.words import in_words, t

PAIR, CASES, READERS = "One pair", "Many cases", "Several readers"
WORDS = {PAIR: "metrics.mode.pair", CASES: "metrics.mode.cases", READERS: "metrics.mode.readers"}


def take(key: str) -> None:
    """Keep what was picked: the picker has another key in another language."""
    state.comparing = shown_in(key)


state = app_state()
head = st.container(horizontal=True, vertical_alignment="center", gap="large")
head.title(t("shell.metrics"), anchor=False, width="content")
key = in_words("metrics_mode")
show_in(key, state.comparing or PAIR)
mode = head.segmented_control(
    t("metrics.mode"),
    [PAIR, CASES, READERS],
    format_func={mode: t(words) for mode, words in WORDS.items()}.__getitem__,
    key=key,
    required=True,
    label_visibility="collapsed",
    on_change=take,
    args=(key,),
)
if mode == CASES:
    cohort = cohort_of(state)
    with st.expander(t("metrics.files"), expanded=not (cohort.rows or cohort.work), icon=":material/folder_open:"):
        choose(cohort)
    run(cohort)
    if cohort.rows or cohort.second:
        results(cohort)
elif mode == READERS:
    several_readers(state)
else:
    pair(state)
