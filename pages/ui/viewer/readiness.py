"""Which slices answer a prompt at once: the model has encoded them ahead, from the one on the screen outwards."""

import json
from itertools import pairwise

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.segmentation.choosing import is_trying
from pages.ui import models
from pages.ui.state import AppState, Case
from pages.ui.viewer.background import PRIVATE
from pages.ui.words.steps import known


def ready(state: AppState, case: Case, _: Request, __: bytes) -> Response:
    """Tell which slices are ready, whether more are coming, and what computes them; quick, also while a model loads."""
    segmenter = models.loaded(state.model)
    if segmenter is None:
        loading = models.is_loading(state.model)
        told = {"loading": loading, "busy": loading, "paused": state.paused, "runs": []}
        return JSONResponse(told, headers=PRIVATE)
    window, worker = models.fed_window(case, segmenter), models.prefetch()
    busy = worker.is_busy(state.reader)  # before what is ready, so that the last slice is not missed
    told = {
        "loading": False,
        "trying": is_trying(segmenter.card),
        "busy": busy,
        "paused": state.paused,
        "runs": runs(worker.ready(case.volume, segmenter, window)),
        "model": segmenter.card.sha256,
        "engine": segmenter.engine.name,
        "reason": known(segmenter.engine.reason, state.language),
    }
    return JSONResponse(told, headers=PRIVATE)


def pause(state: AppState, case: Case, _: Request, sent: bytes) -> Response:
    """Stop encoding ahead, or go on with it; a prompt is answered either way."""
    from pages.ui.viewer.prompts import look

    state.paused = bool(json.loads(sent)["paused"])
    if state.paused:
        models.prefetch().cancel(state.reader)
    else:
        look(state, case, case.z)
    return Response(status_code=204)


def runs(slices: frozenset[int]) -> list[list[int]]:
    """Join slices that follow one another: 3, 4, 5 and 9 make ``[[3, 5], [9, 9]]``."""
    if not slices:
        return []
    listed = sorted(slices)
    breaks = [k + 1 for k, (one, other) in enumerate(pairwise(listed)) if other > one + 1]
    return [[listed[a], listed[b - 1]] for a, b in pairwise([0, *breaks, len(listed)])]
