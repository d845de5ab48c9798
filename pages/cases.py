"""Cases: all that was opened on this computer, to find, to go on with and to delete; and folders of work."""

import streamlit as st

from pages.ui.casebin import bin_of, undo_delete
from pages.ui.caselist import case_list, initials, room, search
from pages.ui.state import app_state
from pages.ui.words import t
from pages.ui.worklist import work_list

state = app_state()
head = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
head.title(t("shell.cases"), anchor=False, width="stretch")
with head:
    initials(state)
undo_delete(state)
mine, folder = st.tabs([t("cases.tab_all"), t("cases.tab_folder")])
with mine:
    case_list(state, search())
    bin_of(state)
    room(state)
with folder:
    work_list(state)
