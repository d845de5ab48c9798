"""Lobule: open a CT, box a tumour, get SAM's mask. Run with ``make run``."""

import streamlit as st

from pages.ui.answers import keep_answers
from pages.ui.viewer.routes import ROUTES

keep_answers()
app = st.App("pages/shell.py", routes=ROUTES)
