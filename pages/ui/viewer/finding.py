"""What the viewer asks of a search for liver and tumours: to begin, how far it is, and to end it."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import WeightsError
from pages.ui import finders, models
from pages.ui.state import AppState, Case
from pages.ui.viewer.background import PRIVATE
from pages.ui.viewer.carried import unkept
from pages.ui.viewer.searching import Search
from pages.ui.words import said

FIND = "find"


def begin(state: AppState, case: Case) -> None:
    """Begin to search the CT, unless that is going on.

    Raises:
        WeightsError: There is no network that could.
    """
    if case.search is not None and case.search.is_running:
        return
    names = tuple(card.name for card in finders.wanted(state))
    if not names:
        raise WeightsError(said(state.language, "finder.none_help"))
    load = partial(finders.detector, names, state.model if state.refine else "")
    acting = case.kept.acting if case.kept else unkept  # and not the case: the search must not hold it
    case.search = Search(case.volume, case.annotation, case.turn, acting, load, models.embeddings())


def progress(_: AppState, case: Case, __: Request, ___: bytes) -> Response:
    """Tell how far the search is, and what it came to."""
    search = case.search
    if search is None:
        return JSONResponse({"search": 0, "running": False}, headers=PRIVATE)
    running = search.is_running  # first: nothing comes after the end
    title, done, most = search.progress
    told = search.told
    found = {} if told is None else {
        "objects": list(told.proposed.objects), "there": told.proposed.there, "leftOut": told.left_out,
    }  # fmt: skip
    answer = {"search": search.number, "running": running, "title": title, "done": done, "most": most}
    rest = {"trouble": search.trouble, "found": found or None, "version": case.annotation.version}
    return JSONResponse(answer | rest, headers=PRIVATE)


def stop(_: AppState, case: Case, __: Request, ___: bytes) -> Response:
    """End the search; nothing is proposed."""
    if case.search is not None:
        case.search.stop()
    return Response(status_code=204)
