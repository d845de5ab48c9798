"""Lobule: open a CT, box a tumour, get SAM's mask. Run with ``make run``."""

import streamlit as st

from pages.ui.viewer.routes import ROUTES

app = st.App("pages/shell.py", routes=ROUTES)
