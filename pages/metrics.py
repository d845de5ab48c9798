"""Metrics: how well a mask agrees with a reference, with every figure defined and every error shown."""

import streamlit as st

from pages.ui.card import plain
from pages.ui.scored import choose, definitions, error_map, lesions, slice_curve, tiles
from pages.ui.state import app_state

state = app_state()
st.title("Metrics", anchor=False)
choose(state)
scored = state.scored
if scored is not None:
    st.subheader(scored.title, anchor=False)
    for note in scored.card.notes:
        st.caption(f":material/info: {plain(note)}")
    if not scored.card.labels:
        st.info("Neither mask holds a label: there is nothing to score.")
    else:
        for tab, label in zip(
            st.tabs([plain(label.name[:1].upper() + label.name[1:]) for label in scored.card.labels]),
            scored.card.labels,
            strict=True,
        ):
            with tab:
                tiles(scored, label)
                picture, curve = st.columns([1, 1.2], gap="large")
                with curve:
                    slice_curve(scored, label)
                    lesions(label)
                with picture:
                    error_map(scored, label)
    definitions()
