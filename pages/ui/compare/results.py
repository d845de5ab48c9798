"""One comparison: how far it is, and what came of it until now."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import streamlit as st

from core.errors import LobuleError
from core.learning import outcome, table
from core.learning.crossval import ENTRANTS, read_lines
from core.learning.listing import Listed, look
from core.learning.published import SHIPPED, about
from core.learning.runs import State, read_progress
from core.reporting.study import study_report
from pages.ui.card import plain
from pages.ui.compare.choose import title_of
from pages.ui.compare.slices import side_by_side
from pages.ui.compare.spread import spread
from pages.ui.compare.state import Studies
from pages.ui.compare.tables import tables
from pages.ui.compare.trainings import trainings
from pages.ui.learn.acts import buttons, how_far
from pages.ui.learn.models import title_of as model_title
from pages.ui.learn.runs import live
from pages.ui.words import t
from pages.ui.words.steps import known


def study(studies: Studies, folder: Path) -> None:
    """Show a comparison."""
    try:
        one = look(folder)
    except LobuleError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    _origin(folder)
    if folder != SHIPPED:
        running = one.progress.state is State.RUNNING
        live(_progress, running)(studies, folder, running, _scored(folder))
    if not (folder / ENTRANTS).is_file() or not read_lines(folder):
        st.caption(t("compare.nothing_scored"))
        trainings(folder)
        return
    rows = table.rows_of(folder)
    titles = [t("compare.tab.table"), t("compare.tab.patients"), t("compare.tab.slices"), t("compare.tab.curves")]
    tabs = st.tabs(titles, key="compare_views", on_change="rerun")
    drawn: tuple[Callable[[], None], ...] = (
        partial(tables, folder, rows, _downloads),
        partial(spread, studies, folder, rows),
        partial(side_by_side, studies, folder, rows),
        partial(trainings, folder),
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw()


def _origin(folder: Path) -> None:
    """Say of a comparison that comes with Lobule what it is of."""
    told = about(folder)
    if told:
        st.caption(f":material/info: {plain(known(told.get('note', '')))} {t('compare.shipped_about', **_facts(told))}")


def _facts(told: object) -> dict[str, str]:
    known_facts = told if isinstance(told, dict) else {}
    return {"version": known_facts.get("version", "?"), "licence": plain(known_facts.get("licence", "?"))}


def _scored(folder: Path) -> int:
    return len(read_lines(folder))


def _progress(studies: Studies, folder: Path, was_running: bool, scored: int) -> None:
    """Show how far it is; draw the whole page anew when more was scored, or when it has ended."""
    one = look(folder)
    running = one.progress.state is State.RUNNING
    if running != was_running or _scored(folder) != scored:
        st.rerun()
    if one.progress.state is State.FINISHED:
        words = t("compare.done", patients=len({line.patient for line in read_lines(folder)}),
                  folds=one.config["study"]["folds"])  # fmt: skip
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        row.markdown(f":material/check_circle: {words}", width="stretch")
    else:
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        with row.container(width="stretch", gap="xsmall"):
            how_far(one, "part")
            if running:
                _within(one)
    with row:
        buttons(one, lambda: setattr(studies, "folder", None))


def _within(one: Listed) -> None:
    """Say how far the training at hand is."""
    places = sorted(one.folder.glob("fold*/*/state.json"))
    busy = [(path.parent, read_progress(path.parent)) for path in places]
    for place, progress in busy:
        if progress.state is State.RUNNING:
            words = known(progress.sentence)
            st.caption(f"{model_title(place.name, 'refiner')}: {plain(words)} {progress.epoch}/{progress.epochs}")


def _downloads(folder: Path) -> None:
    """Offer the table as CSV and markdown, and everything as one HTML file."""
    name = "lobule-comparison" if folder == SHIPPED else folder.name
    with st.popover(t("taking.download"), icon=":material/download:"):
        _download(t("compare.html"), f"{name}.html", lambda: _report(folder))
        _download(t("compare.csv"), f"{name}.csv", lambda: outcome.csv_text(folder))
        _download(t("compare.markdown"), f"{name}.md", lambda: table.markdown(folder))
        st.caption(t("compare.pictures_licence"))


def _report(folder: Path) -> str:
    return study_report(folder, title=title_of(folder), created=datetime.now().astimezone())


def _download(title: str, name: str, make: Callable[[], str]) -> None:
    st.download_button(title, make, name, key=f"take_{name.rsplit('.')[-1]}", on_click="ignore", width="stretch")
