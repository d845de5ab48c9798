"""Metrics: how well masks agree with a reference, with every figure defined and every error shown."""

import streamlit as st

from pages.ui.pairing import pair
from pages.ui.state import app_state

st.title("Metrics", anchor=False)
pair(app_state())
