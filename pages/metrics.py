"""Metrics: how well masks agree with a reference, with every figure defined and every error shown."""

import streamlit as st

from pages.ui.cohort_results import results
from pages.ui.cohorts import choose, cohort_of, run
from pages.ui.pairing import pair
from pages.ui.readers import several_readers
from pages.ui.state import app_state

PAIR, CASES, READERS = "One pair", "Many cases", "Several readers"

state = app_state()
head = st.container(horizontal=True, vertical_alignment="center", gap="large")
head.title("Metrics", anchor=False, width="content")
mode = head.segmented_control(
    "What to compare",
    [PAIR, CASES, READERS],
    default=PAIR,
    key="metrics_mode",
    required=True,
    label_visibility="collapsed",
    persist_state="session",
)
if mode == CASES:
    cohort = cohort_of(state)
    with st.expander("Files", expanded=not (cohort.rows or cohort.work), icon=":material/folder_open:"):
        choose(cohort)
    run(cohort)
    if cohort.rows or cohort.second:
        results(cohort)
elif mode == READERS:
    several_readers(state)
else:
    pair(state)
