"""Models and embeddings, loaded once for all sessions. They hold nothing of a single session."""

import streamlit as st

from core.imaging.window import Window, whole_range
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.prefetch import Prefetch
from core.segmentation.segmenter import Segmenter
from pages.ui.state import Case

EMBEDDING_BYTES = 1 << 30


@st.cache_resource(show_spinner="Loading the model…", max_entries=2)
def segmenter(name: str) -> Segmenter:
    """Return the model called ``name``, loading it the first time."""
    return weights.load(name)


@st.cache_resource
def embeddings() -> Embeddings:
    """Return the cache of embeddings."""
    return Embeddings(EMBEDDING_BYTES)


@st.cache_resource
def prefetch() -> Prefetch:
    """Return the worker that encodes the slice on the screen before a box is drawn."""
    return Prefetch(embeddings())


def fed_window(case: Case, segmenter: Segmenter) -> Window:
    """Return the window that the model is fed: its own, or the one on the screen if the reader wants that."""
    if not case.volume.has_hu:
        return whole_range(case.volume)
    return case.window if case.feed_screen else segmenter.card.window
