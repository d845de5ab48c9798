"""The ways between the viewer in the browser and an open case: voxels and labels there, prompts and edits back.

A request that names no live token finds nothing. Voxels go uncompressed, for packing them takes longer than sending
them to a browser nearby; nothing of a case may be kept on the browser's disk.
"""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import LobuleError
from pages.ui.state import AppState, Case
from pages.ui.viewer import tokens
from pages.ui.viewer.exhibit import Exhibit, Exhibited

HERE = Path(__file__).parent
TYPES = {".js": "text/javascript", ".css": "text/css"}
SLICES_AT_ONCE = 64
_NOTHING = Response(status_code=404)
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_Job = Callable[[AppState, Exhibited, Request, bytes], Response]


@lru_cache
def code() -> str:
    """Fingerprint of the viewer's own files; a new version has new addresses."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(HERE.iterdir()):
        if path.suffix in TYPES:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


async def _module(request: Request) -> Response:
    path = HERE / request.path_params["file"]
    if request.path_params["code"] != code() or path.parent != HERE or path.suffix not in TYPES or not path.is_file():
        return _NOTHING
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=kept)


def _of_token(job: _Job) -> Callable[[Request], object]:
    """Make an endpoint of a job on what is open; the job runs beside the server, so that it holds up nobody."""

    async def endpoint(request: Request) -> Response:
        opened = tokens.opened(request.path_params["token"])
        if opened is None:
            return _NOTHING
        sent = await request.body()
        try:
            return await run_in_threadpool(job, *opened, request, sent)
        except LobuleError as error:
            return JSONResponse({"trouble": str(error)}, status_code=422, headers=_PRIVATE)

    return endpoint


def _of_case(job: Callable[[AppState, Case, Request, bytes], Response]) -> Callable[[Request], object]:
    """Make an endpoint of a job on a case: a comparison has nothing to prompt or edit."""
    return _of_token(lambda state, what, *rest: job(state, what, *rest) if isinstance(what, Case) else _NOTHING)


def _volume(_: AppState, what: Exhibited, request: Request, __: bytes) -> Response:
    exhibit = what.exhibit()
    return _voxels(exhibit.voxels(*_span(request, exhibit)), {"Content-Encoding": "identity"})


def _layer(_: AppState, what: Exhibited, request: Request, __: bytes) -> Response:
    exhibit = what.exhibit()
    layer = exhibit.layers.get(request.path_params["name"])
    return _voxels(layer(*_span(request, exhibit)), {}) if layer else _NOTHING


def _objects(state: AppState, case: Case, request: Request, __: bytes) -> Response:
    from pages.ui.viewer.answers import answer  # loads torch: the address is printed before

    since = int(request.query_params["since"])
    with case.turn:
        return Response(answer(case.annotation, since, language=state.language), headers=_PRIVATE)


def _do(state: AppState, case: Case, request: Request, sent: bytes) -> Response:
    from core.editing.commands import from_json, perform
    from pages.ui.viewer.answers import answer
    from pages.ui.viewer.background import CARRY, begin
    from pages.ui.viewer.finding import FIND
    from pages.ui.viewer.finding import begin as search
    from pages.ui.viewer.prompts import KINDS, ask

    asked, tried = json.loads(sent), None
    since = int(request.query_params.get("since", case.annotation.version))
    active: int | None = None
    if asked["do"] in KINDS:  # works without the turn, and takes it for the result
        active, tried = ask(state, case, asked)
    elif asked["do"] == CARRY:
        active = begin(state, case, asked)
    elif asked["do"] == FIND:
        search(state, case)
    with case.turn:
        if asked["do"] not in (*KINDS, CARRY, FIND):
            with case.acting(asked):
                active = perform(from_json(asked), case.annotation, case.volume)
        return Response(answer(case.annotation, since, active, state.language, tried), headers=_PRIVATE)


def _look(state: AppState, case: Case, _: Request, sent: bytes) -> Response:
    from pages.ui.viewer.prompts import look

    look(state, case, int(json.loads(sent)["z"]))
    return Response(status_code=204)


def _export(state: AppState, case: Case, request: Request, _: bytes) -> Response:
    from pages.ui.exporting import exported, file_name

    file = request.path_params["file"]
    made = exported(state, case, file)
    if made is None:
        return _NOTHING
    saved = {"Content-Disposition": f'attachment; filename="{file_name(case, file)}"'}
    return Response(made, media_type="application/octet-stream", headers=_PRIVATE | saved)


def _beside(module: str, name: str) -> Callable[[AppState, Case, Request, bytes], Response]:
    """Make a job of a function of a module beside this one that loads torch: the address is printed before."""

    def job(*given: Any) -> Response:
        answered: Response = getattr(import_module(f"pages.ui.viewer.{module}"), name)(*given)
        return answered

    return job


def _span(request: Request, exhibit: Exhibit) -> tuple[int, int]:
    first, last = int(request.query_params["from"]), int(request.query_params["to"])
    if not 0 <= first < last <= min(exhibit.shape[0], first + SLICES_AT_ONCE):
        raise ValueError("no such slices")
    return first, last


def _voxels(data: npt.NDArray[Any], headers: dict[str, str]) -> Response:
    return Response(np.ascontiguousarray(data).data, media_type="application/octet-stream", headers=_PRIVATE | headers)


ROUTES = [
    Route("/lobule/viewer/{code}/{file}", _module),
    Route("/lobule/{token}/volume", _of_token(_volume)),
    Route("/lobule/{token}/layer/{name}", _of_token(_layer)),
    Route("/lobule/{token}/objects", _of_case(_objects)),
    Route("/lobule/{token}/do", _of_case(_do), methods=["POST"]),
    Route("/lobule/{token}/export/{file}", _of_case(_export)),
    Route("/lobule/{token}/carrying", _of_case(_beside("background", "carrying"))),
    Route("/lobule/{token}/stop", _of_case(_beside("background", "stop")), methods=["POST"]),
    Route("/lobule/{token}/search", _of_case(_beside("finding", "progress"))),
    Route("/lobule/{token}/search/stop", _of_case(_beside("finding", "stop")), methods=["POST"]),
    Route("/lobule/{token}/ready", _of_case(_beside("readiness", "ready"))),
    Route("/lobule/{token}/pause", _of_case(_beside("readiness", "pause")), methods=["POST"]),
    Route("/lobule/{token}/trust", _of_case(_beside("trusting", "trust"))),
    Route("/lobule/{token}/agreement", _of_case(_beside("trusting", "agreement"))),
    Route("/lobule/{token}/look", _of_case(_look), methods=["POST"]),
]
