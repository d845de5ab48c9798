"""What the viewer asks of work beside the page: to carry objects through the slices, to stop, and how far it is."""

import json
import struct
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.editing.carrying import course
from core.editing.fields import maybe, whole
from pages.ui import models
from pages.ui.state import AppState, Case
from pages.ui.viewer.carried import Asked, Ended, Shown, unkept
from pages.ui.viewer.carrying import Run

CARRY = "carry"
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def begin(state: AppState, case: Case, asked: Mapping[str, Any]) -> int:
    """Start to carry an object; it waits for those that are under way.

    Args:
        state: Of the session; it names the model.
        case: What is open.
        asked: ``object``, and ``z``, ``first`` and ``last`` as in `Asked`.

    Returns:
        The object.

    Raises:
        LobuleError: The object is gone or has no slice to start from, or the model cannot be had.
        ValueError: The request makes no sense.
    """
    identity: int = whole(asked["object"])
    z, first, last = (maybe(whole)(asked.get(name)) for name in ("z", "first", "last"))
    course(case.annotation, identity, z)  # says at once what stands against it
    _carry(state, case, Asked(identity, z, first, last))
    return identity


def _carry(state: AppState, case: Case, asked: Asked) -> None:
    if case.run is not None and case.run.add(asked):
        return
    segmenter = models.segmenter(state.model)
    case.run = Run(
        asked,
        case.volume,
        case.annotation,
        case.turn,
        segmenter,
        models.embeddings(),
        models.fed_window(case, segmenter),
        state.language,
        case.kept.acting if case.kept else unkept,  # and not the case: the run must not hold it
        before=case.run,
    )


def carrying(_: AppState, case: Case, request: Request, __: bytes) -> Response:
    """Tell how far the run is, with the masks that the browser has not seen.

    A header as JSON behind its length in four bytes, then of each region which voxels belong to it (uint16, the id of
    its object or 0); all little-endian. A region of no size takes the object off its slice.
    """
    run = case.run
    if run is None:
        return Response(_packed({"run": 0, "running": False}, []), headers=PRIVATE)
    running = run.is_running  # before what was told: nothing can come after a run that has ended
    told = run.told
    seen = int(request.query_params["seen"]) if int(request.query_params["run"]) == run.number else 0
    shown = [news for news in told[seen:] if isinstance(news, Shown)]
    done, most = run.progress
    header = {
        "run": run.number,
        "running": running,
        "seen": len(told),
        "object": run.now,
        "waiting": list(run.waiting),
        "done": done,
        "most": most,
        "trouble": run.trouble,
        "version": case.annotation.version,
        "ended": [_ended(news) for news in told[seen:] if isinstance(news, Ended)],
        "regions": [_region(one) for one in shown],
    }
    masks = [(one.crop * one.object).astype("<u2").tobytes() for one in shown if one.crop is not None]
    return Response(_packed(header, masks), headers=PRIVATE)


def stop(_: AppState, case: Case, __: Request, ___: bytes) -> Response:
    """Stop the run after the slice that is worked on."""
    if case.run is not None:
        case.run.stop()
    return Response(status_code=204)


def _packed(header: Mapping[str, Any], arrays: list[bytes]) -> bytes:
    words = json.dumps(header).encode()
    return b"".join((struct.pack("<I", len(words)), words, *arrays))


def _region(shown: Shown) -> dict[str, int]:
    frame = shown.frame
    place = (0, 0, 0, 0) if frame is None else (frame.y0, frame.x0, frame.height, frame.width)
    return {"object": shown.object, "z": shown.z, **dict(zip(("y0", "x0", "h", "w"), place, strict=True))}


def _ended(ended: Ended) -> dict[str, Any]:
    return {
        "object": ended.object,
        "slices": list(ended.slices),
        "below": ended.below.name.lower() if ended.below else None,
        "above": ended.above.name.lower() if ended.above else None,
        "trouble": ended.trouble,
    }
