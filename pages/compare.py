"""Compare: every model on patients that it did not learn from, in one table, with plots, pictures and curves."""

import streamlit as st

from pages.ui.compare.choose import choose
from pages.ui.compare.new import new_study
from pages.ui.compare.results import study
from pages.ui.compare.state import studies_of
from pages.ui.here import is_here
from pages.ui.state import app_state
from pages.ui.words import t

state = app_state()
studies = studies_of(state)
head = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
head.title(t("shell.compare"), anchor=False, width="content")
with head:
    picked = choose(studies)
if studies.is_new:
    if is_here():
        new_study(studies)
    else:
        st.info(t("learn.only_here"))
elif picked is None:
    st.caption(t("compare.none"))
else:
    study(studies, picked)
