"""Results: what the lesions of the open case measure, the labels in space, the report, and files to take away."""

from importlib import import_module

import streamlit as st

from pages.ui.card import plain
from pages.ui.state import app_state, show_in, shown_in
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

VIEWS = {"figures": "measures", "space": "space", "report": "casereport", "files": "parcels"}
"""The module of each view; what it rests on takes seconds to import, so that the head of the page is drawn before."""


def take(key: str) -> None:
    """Keep what was picked: the picker has another key in another language."""
    state.result = shown_in(key)


state = app_state()
case = state.case
drawn = case.annotation.findings if case is not None else ()
if case is None or all(finding.is_proposed for finding in drawn):
    st.title(t("shell.results"), anchor=False)
    st.write(t("outcome.no_case" if case is None else "outcome.only_proposed" if drawn else "outcome.nothing"))
    if case is None:
        st.page_link("open.py", label=t("annotate.none_link"), icon=":material/folder_open:")
        st.page_link("cases.py", label=t("annotate.none_cases"), icon=":material/folder_managed:")
    else:
        st.page_link("annotate.py", label=t("open.annotate"), icon=":material/draw:")
else:
    head = st.container(horizontal=True, vertical_alignment="center", gap="large", key="results_head")
    head.title(t("shell.results"), anchor=False, width="content")
    key = in_words("results_view")
    show_in(key, state.result or "figures")
    view = head.segmented_control(
        t("outcome.view"),
        list(VIEWS),
        format_func={view: t(f"outcome.view.{view}") for view in VIEWS}.__getitem__,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=take,
        args=(key,),
    )
    head.markdown(f"**{plain(known(case.volume.source.name))}**", width="stretch")
    head.caption(t("not_a_device"), width="content")
    with st.spinner(t("outcome.loading")):
        module = import_module(f"pages.ui.{VIEWS[view or 'figures']}")
    module.show(case)
