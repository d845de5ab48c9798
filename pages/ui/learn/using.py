"""What a training has learnt becomes one of the models: a fine-tuned SAM in Annotate, a network that finds alone."""

import streamlit as st

from core.errors import LobuleError
from core.learning.jobs import install
from core.learning.listing import Listed
from pages.ui.card import plain
from pages.ui.learn.state import Learning, kept
from pages.ui.state import AppState
from pages.ui.words import t


def use(state: AppState, learning: Learning, one: Listed) -> None:
    """Offer to make a model of what was learnt, and, of SAM, to annotate with it at once."""
    is_sam = one.config["model"] == "sam"
    name = learning.named.get(one.name)
    if name:
        if is_sam and st.button(t("learn.annotate"), key="run_annotate", icon=":material/draw:", type="primary"):
            state.model = name
            st.switch_page("annotate.py")
        return
    with st.popover(t("learn.add"), icon=":material/add_circle:"):
        st.caption(t("learn.add_sam_help" if is_sam else "learn.add_network_help"))
        key = f"model_name_{one.name}"
        st.text_input(t("learn.model_name"), **kept(learning.values, key, one.name))
        if st.button(t("learn.add"), key="run_add", type="primary"):
            _add(learning, one, str(learning.values.get(key, one.name)).strip())
            st.rerun()
        if learning.trouble:
            st.error(plain(learning.trouble), icon=":material/error:")


def _add(learning: Learning, one: Listed, name: str) -> None:
    learning.trouble = ""
    try:
        install(one.folder, name)
    except LobuleError as error:
        learning.trouble = str(error)
        return
    learning.named[one.name] = name
