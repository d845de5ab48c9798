"""Open a CT: take a sample or upload one; then a card says what it is."""

import streamlit as st

from pages.ui import models
from pages.ui.card import case_card
from pages.ui.holding import notices
from pages.ui.opening import close_button, labels_upload, open_cases, prepare_copy, samples, upload
from pages.ui.prompting import collect
from pages.ui.state import app_state
from pages.ui.words import t

state = app_state()
if state.case is not None:
    collect(state, state.case)

if state.case is None:
    st.title(t("open.title"), anchor=False)
    st.write(t("open.intro"))
else:
    notices(state, state.case)
    with st.container(border=True):
        case_card(state.case)
        annotate, labels, copy, close = st.columns([1.4, 1, 1, 0.8])
        if annotate.button(t("open.annotate"), type="primary", icon=":material/draw:", width="stretch", key="annotate"):
            st.switch_page("annotate.py")
        with labels.popover(t("open.add_labels"), icon=":material/layers:", width="stretch"):
            labels_upload(state, state.case)
        with copy.popover(t("open.prepare"), icon=":material/tune:", width="stretch"):
            prepare_copy(state, state.case)
        with close:
            close_button(state, state.case)
    open_cases(state)
    st.subheader(t("open.another"), anchor=False)

own, ready = st.columns([1.5, 1], gap="large")
with own:
    upload(state)
with ready:
    samples(state)

models.warm_up()
