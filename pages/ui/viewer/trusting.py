"""How far to trust an object: how stable its outlines are, which slices to look at first, and what is unusual.

The browser asks while nobody waits for the model. Each question works for a moment at most and says how much is left,
so that whoever chooses another object or draws has the machine at once. What was found belongs to the outline: undo
and redo bring it back with it.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.editing.annotation import Annotation, Finding, Outline
from core.editing.asked import known_object
from core.editing.carrying import marked
from core.editing.outline import pack
from core.imaging.volume import LIVER
from core.segmentation.doubt import FAR, Doubt, doubtful
from core.segmentation.likeness import next_box
from core.segmentation.plausibility import Remark, remarks
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter
from core.segmentation.stability import TIMES, stability
from pages.ui import models
from pages.ui.seen import enlarged
from pages.ui.state import AppState, Case
from pages.ui.viewer.background import PRIVATE

MOMENT_S = 0.25
SEED = 16
AREA_JUMPS, UNSTABLE = 1.6, 0.9
"""From where on a reason is told; the ranking itself has no thresholds."""


@dataclass(frozen=True, eq=False)
class Stable:
    """How stable an outline is.

    Attributes:
        figure: As `Stability.figure`.
        frame: The smallest box round what any answer covers, or None for nothing.
        votes: In there, how many of the answers cover a voxel, uint8.
    """

    figure: float
    frame: Box | None
    votes: npt.NDArray[np.uint8]


_found: WeakKeyDictionary[Outline, Stable] = WeakKeyDictionary()
_remarked: WeakKeyDictionary[Outline, tuple[tuple["ref[Outline]", ...], list[Remark]]] = WeakKeyDictionary()
_lock = Lock()


def trust(state: AppState, case: Case, request: Request, _: bytes) -> Response:
    """Tell what is known of an object, after a moment of finding out more; the slice on the screen comes first."""
    identity, z = int(request.query_params["object"]), int(request.query_params["z"])
    with case.turn:
        finding = known_object(case.annotation, identity)
        liver = _liver(case.annotation, finding)
    segmenter = models.loaded(state.model)
    left = _more(case, finding, z, segmenter) if segmenter else 0
    figures = {outline.z: stable.figure for outline in finding.outlines if (stable := known(outline))}
    ranked = ranking(finding, case.annotation, {} if left else figures)
    told = {
        "object": identity,
        "left": left,
        "stability": {str(at): round(figure, 3) for at, figure in figures.items()},
        "doubts": [_doubt(doubt, "unsure" if left else "unstable") for doubt in ranked],
        "remarks": [_remark(remark) for remark in _remarks(case, finding, liver)],
    }
    return JSONResponse(told, headers=PRIVATE)


def agreement(state: AppState, case: Case, request: Request, _: bytes) -> Response:
    """Tell how many of the moved boxes cover each voxel of an object on a slice.

    A header as JSON behind its length in four bytes, then the votes of its region, uint8. Without a figure nothing is
    known: a person had the last word on the outline, or another model or an enlarged picture made it.
    """
    identity, z = int(request.query_params["object"]), int(request.query_params["z"])
    with case.turn:
        finding = known_object(case.annotation, identity)
    segmenter = models.loaded(state.model)
    outline = next((outline for outline in finding.outlines if outline.z == z), None)
    found = None
    if outline is not None and segmenter is not None and can_move(outline, segmenter):
        found = known(outline) or find(case, outline, segmenter)
    frame = found.frame if found else None
    place = (0, 0, 0, 0) if frame is None else (frame.y0, frame.x0, frame.height, frame.width)
    header = {"times": TIMES, "figure": found.figure if found else None, **dict(zip("yxhw", place, strict=True))}
    words = json.dumps(header).encode()
    votes = found.votes.tobytes() if found else b""
    return Response(struct.pack("<I", len(words)) + words + votes, headers=PRIVATE)


def known(outline: Outline) -> Stable | None:
    """Return what was found of an outline before."""
    with _lock:
        return _found.get(outline)


def can_move(outline: Outline, segmenter: Segmenter) -> bool:
    """Say whether boxes can be moved: what a hand, another model or an enlarged picture made is no answer to them."""
    return not outline.by_hand and outline.model == segmenter.card and outline not in enlarged


def find(case: Case, outline: Outline, segmenter: Segmenter) -> Stable:
    """Move the box of an outline and compare the answers; without one, the box round its mask, as it was found."""
    _, height, width = case.volume.grid.shape
    window = outline.window or models.fed_window(case, segmenter)
    embedding = models.embeddings().of(case.volume, outline.z, segmenter, window)
    box = outline.box or next_box(outline.mask((height, width)))
    with models.embeddings().asking():  # the reader looks at this now; other slices can wait
        moved = stability(segmenter, embedding, Prompt(box, outline.points), np.random.default_rng(SEED))
    votes = np.rint(moved.agreement * TIMES).astype(np.uint8)
    frame = pack(votes > 0)[0] if votes.any() else None
    crop = votes[frame.y0 : frame.y1, frame.x0 : frame.x1].copy() if frame else votes[:0, :0]
    found = Stable(moved.figure, frame, crop)
    with _lock:
        _found[outline] = found
    return found


def ranking(finding: Finding, annotation: Annotation, figures: Mapping[int, float]) -> list[Doubt]:
    """Rank the slices that nobody marked; until all are known by the model's own scores, which rank nearly as well."""
    own = marked(finding)
    if not own or len(own) == len(finding.slices):
        return []
    _, height, width = annotation.grid.shape
    scores = {outline.z: outline.score for outline in finding.outlines if np.isfinite(outline.score)}
    return doubtful(finding.masks((height, width)), own, figures or scores)


def _more(case: Case, finding: Finding, z: int, segmenter: Segmenter) -> int:
    """Work for a moment on outlines that nothing is known of, and return how many are left."""
    end = monotonic() + MOMENT_S
    missing = [o for o in finding.outlines if can_move(o, segmenter) and known(o) is None]
    missing.sort(key=lambda outline: abs(outline.z - z))
    while missing and monotonic() < end:
        find(case, missing.pop(0), segmenter)
    return len(missing)


def _liver(annotation: Annotation, finding: Finding) -> tuple[Outline, ...]:
    if finding.label == LIVER:
        return ()
    return tuple(outline for outline in annotation.outlines if outline.label == LIVER)


def _remarks(case: Case, finding: Finding, liver: tuple[Outline, ...]) -> list[Remark]:
    """Look an object over, once for each shape of it and of the liver."""
    made_of = (*finding.outlines, *liver)
    with _lock:
        before = _remarked.get(made_of[0])
    if before is not None and tuple(one() for one in before[0]) == made_of:
        return before[1]
    _, height, width = case.volume.grid.shape
    boxes = {o.z: o.box for o in finding.outlines if o.box is not None and not o.by_hand}
    found = remarks(case.volume, finding.masks((height, width)), boxes, _union(liver, (height, width)))
    with _lock:
        _remarked[made_of[0]] = (tuple(ref(one) for one in made_of), found)
    return found


def _union(outlines: Iterable[Outline], shape: tuple[int, int]) -> dict[int, npt.NDArray[np.bool_]]:
    masks: dict[int, npt.NDArray[np.bool_]] = {}
    for outline in outlines:
        masks[outline.z] = masks.get(outline.z, np.False_) | outline.mask(shape)
    return masks


def _doubt(doubt: Doubt, low: str) -> dict[str, Any]:
    """Say which slice, and why; ``low`` names what a low figure means: of the stability or of the model's score."""
    reasons = {low: doubt.stability < UNSTABLE, "area": doubt.area_jump >= AREA_JUMPS, "far": doubt.distance >= FAR}
    return {"z": doubt.z, "distance": doubt.distance, "why": [name for name, is_so in reasons.items() if is_so]}


def _remark(remark: Remark) -> dict[str, Any]:
    kind = remark.kind.name.lower()
    return {"z": remark.z, "kind": kind, "value": round(remark.value, 2), "usual": round(remark.usual, 2)}
