"""Which engine computes a network here: each is timed, and must agree with plain torch, on a slice of the phantom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from core.imaging import samples
from core.imaging.volume import TUMOUR
from core.imaging.window import slice_picture
from core.segmentation import frame
from core.segmentation.engines import PLAIN, Engine
from core.segmentation.frame import Recipe
from core.segmentation.prompt import Box
from core.segmentation.segmenter import Embedding

LEAST_AGREEMENT = 0.98  # mean IoU of the masks with those of plain torch
MOST_DRIFT = 0.1  # of the features, as a share of their length; 16 bits give 0.04
_SLICE = 24
_LEAST_VOXELS = 50
_CLEARLY = 1.25  # times as fast


@dataclass(frozen=True)
class Scene:
    """A picture, boxes on it, and what plain torch makes of them.

    Attributes:
        pictures: ``(1, 3, side, side)`` float32, framed.
        boxes: ``(N, 4)`` float32 as x0, y0, x1, y1 in the frame.
        features: ``(1, 256, 64, 64)`` float32.
        low: ``(N, 1, 256, 256)`` bool: where the logits are above 0.
    """

    pictures: torch.Tensor
    boxes: torch.Tensor
    features: torch.Tensor
    low: torch.Tensor


@dataclass(frozen=True)
class Trial:
    """How an engine did.

    Attributes:
        name: Of the engine.
        encode_ms: The shortest of its runs; nan if it was not timed.
        decode_ms: The same, for one box.
        agreement: Mean IoU of its masks with those of plain torch.
        drift: How far its features are from those of plain torch, as a share of their length.
        problem: Why it cannot be used, in words; empty if it can.
    """

    name: str
    encode_ms: float = float("nan")
    decode_ms: float = float("nan")
    agreement: float = float("nan")
    drift: float = float("nan")
    problem: str = ""


def scene(recipe: Recipe, plain: Engine) -> Scene:
    """Frame a slice of the phantom with its liver and tumours, and ask plain torch."""
    volume, labels = samples.phantom()
    image, drawn = slice_picture(volume, _SLICE, recipe.window), labels.voxels[_SLICE]
    seen = frame.seen_picture(image, recipe)
    nothing = Embedding(None, image, seen, "")
    boxes = [frame.seen_box(box, nothing, recipe) for mask in (drawn == TUMOUR, drawn > 0) for box in _boxes(mask)]
    corners = torch.tensor([(x0, y0, x1, y1) for y0, x0, y1, x1 in boxes], dtype=torch.float32)
    pictures = frame.framed(seen, recipe)
    features = plain.encode(pictures)
    return Scene(pictures, corners, features, plain.decode(features, corners)[0] > 0)


def checked(engine: Engine, shown: Scene) -> Trial:
    """Compare an engine with plain torch; times are not taken."""
    features = engine.encode(shown.pictures)
    masks = engine.decode(features, shown.boxes)[0] > 0
    both, either = (masks & shown.low).sum((1, 2, 3)), (masks | shown.low).sum((1, 2, 3))
    agreement = float((both / either.clamp(min=1)).mean())
    drift = float((features - shown.features).norm() / shown.features.norm())
    problem = ""
    if not (agreement >= LEAST_AGREEMENT and drift <= MOST_DRIFT):  # also where they are not numbers
        problem = (
            f"its masks agree with those of plain torch only to {agreement:.3f}, its features drift by {drift:.3f}"
        )
    return Trial(engine.name, agreement=agreement, drift=drift, problem=problem)


def compare(engines: Mapping[str, Callable[[], Engine]], shown: Scene, rounds: int) -> tuple[Engine, list[Trial]]:
    """Try every engine and return the fastest that agrees with plain torch, and how each did.

    The engines take turns, so that a busy machine slows all of them. One that comes earlier is left for a later one
    only if that is clearly faster.

    Args:
        engines: By name, those expected to be fast first; each is made only now, and one that cannot be made is
            passed over and told.
        shown: From `scene`.
        rounds: How often each is timed.
    """
    made, trials = {}, {}
    for name, make in engines.items():
        try:
            made[name] = make()
            trials[name] = checked(made[name], shown)
        except Exception as failure:  # of a compiler we do not know: plain torch goes on in its place
            trials[name] = Trial(name, problem=f"it fails here ({type(failure).__name__}: {str(failure)[:200]})")
    usable = [name for name, trial in trials.items() if not trial.problem]
    for name in usable * rounds:
        trials[name] = _faster(trials[name], made[name], shown)
    fastest = min((_total_ms(trials[name]) for name in usable), default=0.0)
    best = next(name for name in usable if not _total_ms(trials[name]) > _CLEARLY * fastest)
    return made[best], list(trials.values())


def reason(name: str, trials: list[Trial]) -> str:
    """Say in a sentence or two why an engine was chosen."""
    usable = sorted((t for t in trials if not t.problem), key=lambda t: t.encode_ms)
    times = ", ".join(f"{t.name} {t.encode_ms:.0f} + {t.decode_ms:.0f} ms" for t in usable)
    chosen = next((t for t in usable if t.name == name), None)
    agreement = f"; its masks agree with plain torch to {chosen.agreement:.3f}" if chosen and name != PLAIN else ""
    refused = "".join(f" {t.name} was refused: {t.problem}." for t in trials if t.problem)
    return f"Fastest here of {times} (slice + box){agreement}.{refused}"


def _boxes(mask: npt.NDArray[np.bool_]) -> list[Box]:
    """Return the tightest box round each island ``(H, W)`` that is not tiny."""
    islands, _ = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(islands.ravel())
    found = enumerate(ndimage.find_objects(islands), 1)
    return [Box(y.start, x.start, y.stop, x.stop) for k, (y, x) in found if sizes[k] >= _LEAST_VOXELS]


def _faster(trial: Trial, engine: Engine, shown: Scene) -> Trial:
    """Time an engine once more, and keep the shorter times."""
    encode_ms = _milliseconds(lambda: engine.encode(shown.pictures))
    decode_ms = _milliseconds(lambda: engine.decode(shown.features, shown.boxes[:1]))
    return replace(
        trial,
        encode_ms=float(np.fmin(trial.encode_ms, encode_ms)),
        decode_ms=float(np.fmin(trial.decode_ms, decode_ms)),
    )


def _total_ms(trial: Trial) -> float:
    return trial.encode_ms + trial.decode_ms


def _milliseconds(call: Callable[[], object]) -> float:
    started = perf_counter()
    call()
    return (perf_counter() - started) * 1000
