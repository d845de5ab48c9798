"""Learn: train a network or SAM on labelled CTs of this computer, watch it, and use what came of it."""

import streamlit as st

from pages.ui.here import is_here
from pages.ui.learn.new import new_training
from pages.ui.learn.runs import trainings
from pages.ui.learn.searching import new_search
from pages.ui.learn.state import NEW, RUNS, SEARCH, learning_of, modes
from pages.ui.state import app_state
from pages.ui.words import t

state = app_state()
learning = learning_of(state)
head = st.container(horizontal=True, vertical_alignment="center", gap="large")
head.title(t("shell.learn"), anchor=False, width="content")
with head:
    mode = modes(learning)
if not is_here():
    st.info(t("learn.only_here"))
elif mode == NEW:
    new_training(learning)
elif mode == SEARCH:
    new_search(learning)
elif mode == RUNS:
    trainings(state, learning)
