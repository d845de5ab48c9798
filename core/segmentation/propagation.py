"""One box to a whole tumour: what was found on one slice tells where to look on the next.

From every seed the object is followed up and down. Each slice is asked with a box round the mask of the slice before,
a little larger, and the walk ends by itself where the answer is no longer the same object (see `Stop`). Between two
seeds both walks answer, and their masks are blended: the nearer and the surer one counts more.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.errors import PromptError
from core.imaging.volume import Volume
from core.imaging.window import Window, whole_range
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.likeness import Bools, Likeness, Stop, attached, next_box
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Segmenter

Seed = Prompt | Bools


@dataclass(frozen=True, eq=False)
class Step:
    """One slice of a propagated object. A consumer may take ``{step.z: step.mask for step in steps}``.

    Attributes:
        z: The slice, from 0.
        mask: ``(H, W)`` bool; empty where the walk ended because the object does not reach this slice.
        score: The model's own estimate of the IoU; ``nan`` for a seed that is a mask.
        prompt: What the model was asked; None for a seed that is a mask.
        origin: The seed that it was carried from, a slice; the nearer of two. A seed is its own.
        stopped: Why the walk ended here, or None if it went on.
    """

    z: int
    mask: Bools
    score: float
    prompt: Prompt | None
    origin: int
    stopped: Stop | None = None

    @property
    def box(self) -> Box | None:
        """The box that the model was given."""
        return self.prompt.box if self.prompt else None


def propagate(
    volume: Volume,
    seeds: Mapping[int, Seed],
    segmenter: Segmenter,
    embeddings: Embeddings,
    *,
    first: int | None = None,
    last: int | None = None,
    window: Window | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Step]:
    """Carry an object from the slices where it was marked to all others that show it.

    Every slice comes at most once: the seeds first, then away from the outermost ones in turn, then what lies between
    seeds. The same call gives the same steps, whoever else uses the model at the time.

    Args:
        volume: Any volume.
        seeds: Slice, from 0, to a prompt, or to a mask ``(H, W)`` bool that is taken as it is; at least one.
        segmenter: The model.
        embeddings: Where encoded slices are kept.
        first: Lowest slice to go to, from 0; by default that of the volume.
        last: Highest slice to go to.
        window: As for `Embeddings.of`.
        progress: Told after every answer how many there were, and how many there will be at most.
        cancelled: Asked before every slice; once it says yes, no other slice is begun, and what was answered comes out.

    Raises:
        PromptError: A seed lies outside the volume or the range, or shows nothing; before any other slice is begun.
        DeviceError: There is too little memory for the model.
        ValueError: There is no seed, or a mask of another shape.
    """
    course = _Course(volume, segmenter, embeddings, window, cancelled or (lambda: False), progress)
    low, high = _span(volume, seeds, first, last)
    given = sorted(seeds)
    course.expect(len(given) + (given[0] - low) + (high - given[-1]) + 2 * (given[-1] - given[0] + 1 - len(given)))
    started = []
    for z in given:
        if course.cancelled():
            break
        started.append(_start(course, z, seeds[z]))
        yield started[-1]
    if len(started) < len(given):
        return
    up = course.walk(started[-1], high, Stop.LIMIT if last is not None else None)
    down = course.walk(started[0], low, Stop.LIMIT if first is not None else None)
    yield from _alternating(up, down)
    for lower, upper in pairwise(started):
        yield from _between(course, lower, upper)


@dataclass
class _Course:
    """What all walks of one call share."""

    volume: Volume
    segmenter: Segmenter
    embeddings: Embeddings
    window: Window | None
    cancelled: Callable[[], bool]
    progress: Callable[[int, int], None] | None
    done: int = field(default=0, init=False)
    most: int = field(default=0, init=False)

    def expect(self, most: int) -> None:
        self.most = most

    def ask(self, z: int, prompt: Prompt) -> tuple[Bools, float]:
        found = segment_slice(self.volume, z, prompt, self.segmenter, self.embeddings, self.window)
        return found.mask, found.score

    def encode_together(self, coming: range, k: int) -> None:
        """Encode as many slices at once as is best on the device; on a processor each when its turn comes."""
        together = self.segmenter.batch
        if together > 1 and k % together == 0:
            self.embeddings.of_many(self.volume, coming[k : k + together], self.segmenter, self.window)

    def tell(self, answers: int = 1) -> None:
        self.done += answers
        if self.progress:
            self.progress(self.done, self.most)

    def walk(self, start: Step, end: int, at_end: Stop | None = None) -> Iterator[Step]:
        """Yield the slices from a seed to ``end``, both beyond it; the last one may say why there is no other."""
        way = 1 if end > start.z else -1
        like, before = Likeness.of(start.mask, self.volume.hu[start.z], self._window_width_hu()), start.mask
        coming = range(start.z + way, end + way, way)
        for k, z in enumerate(coming):
            if self.cancelled():
                return
            self.encode_together(coming, k)
            prompt = Prompt(next_box(before))
            mask, score = self.ask(z, prompt)
            mask = attached(mask, before)
            stop = like.objection(mask, before, score, self.volume.hu[z])
            left = abs(end - z)
            self.tell(1 + left if stop else 1)
            if stop:
                yield Step(z, np.zeros_like(mask), score, prompt, start.z, stop)
                return
            yield Step(z, mask, score, prompt, start.z, None if left else at_end)
            before = mask

    def _window_width_hu(self) -> float:
        shown = (self.window or self.segmenter.card.window) if self.volume.has_hu else whole_range(self.volume)
        return shown.width_hu


def _span(volume: Volume, seeds: Mapping[int, Seed], first: int | None, last: int | None) -> tuple[int, int]:
    """Return the lowest and the highest slice to go to."""
    if not seeds:
        raise ValueError("seeds must hold at least one slice")
    low, high = max(0, first or 0), volume.slices - 1 if last is None else min(last, volume.slices - 1)
    for z in seeds:
        if not low <= z <= high:
            raise PromptError(
                f"The mark on slice {z + 1} lies outside the slices {low + 1} to {high + 1} to go to. "
                "Widen the range, or mark the object within it."
            )
    return low, high


def _start(course: _Course, z: int, seed: Seed) -> Step:
    if isinstance(seed, Prompt):
        mask, score = course.ask(z, seed)
        step = Step(z, mask, score, seed, z)
    else:
        step = Step(z, seed, float("nan"), None, z)
        if seed.shape != course.volume.grid.shape[1:] or seed.dtype != np.bool_:
            raise ValueError(f"mask must be bool of {course.volume.grid.shape[1:]}, got {seed.dtype} of {seed.shape}")
    course.tell()
    if not step.mask.any():
        raise PromptError(
            f"Nothing was found on slice {z + 1} to carry on. Mark the object there again, or leave the slice out."
        )
    return step


def _alternating(*walks: Iterator[Step]) -> Iterator[Step]:
    going = list(walks)
    while going:
        for walk in list(going):
            step = next(walk, None)
            if step is None:
                going.remove(walk)
            else:
                yield step


def _between(course: _Course, lower: Step, upper: Step) -> Iterator[Step]:
    """Yield the slices between two seeds, from the feet up; where both walks ended early, empty ones."""
    up = {step.z: step for step in course.walk(lower, upper.z - 1)} if upper.z > lower.z + 1 else {}
    down = {step.z: step for step in course.walk(upper, lower.z + 1)} if upper.z > lower.z + 1 else {}
    ends = [step for walk in (up, down) for step in walk.values() if step.stopped]
    for z in range(lower.z + 1, upper.z):
        found = [walk[z] for walk in (up, down) if z in walk and not walk[z].stopped]
        if len(found) == 2:
            yield _blended(*found)
        elif found:
            yield found[0]
        elif len(ends) == 2:
            nearest = min(ends, key=lambda end: abs(end.z - z))
            yield replace(nearest, z=z)


def _blended(one: Step, other: Step) -> Step:
    """Return what lies between two masks of a slice; each pulls the outline by its score over its distance."""
    weights = [step.score / abs(step.z - step.origin) for step in (one, other)]
    nearer = one if weights[0] >= weights[1] else other
    extent = next_box(one.mask | other.mask)
    crop = slice(extent.y0, extent.y1), slice(extent.x0, extent.x1)
    pull = weights[0] * _depth(one.mask[crop]) + weights[1] * _depth(other.mask[crop])
    mask = np.zeros_like(one.mask)
    mask[crop] = pull > 0
    score = (weights[0] * one.score + weights[1] * other.score) / sum(weights)
    return replace(nearer, mask=mask if mask.any() else nearer.mask, score=score)


def _depth(mask: Bools) -> npt.NDArray[np.float64]:
    """Return how many voxels deep each lies within a mask, negative outside; the outline itself is 0."""
    inside: npt.NDArray[np.float64] = ndimage.distance_transform_edt(mask)
    outside: npt.NDArray[np.float64] = ndimage.distance_transform_edt(~mask)
    return np.where(mask, inside - 0.5, 0.5 - outside)
