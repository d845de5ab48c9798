"""The work of carrying objects through the slices, as a thread does it: slice after slice, then one step."""

from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from core.editing.annotation import Annotation
from core.editing.carrying import Course, carry, course
from core.editing.outline import pack
from core.errors import LobuleError, PromptError
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.segmentation.embeddings import Embeddings
from core.segmentation.likeness import Stop
from core.segmentation.prompt import Box
from core.segmentation.propagation import Step, propagate
from core.segmentation.segmenter import Segmenter
from core.workspace.asked import carrying
from pages.ui.words import said

Acting = Callable[[Mapping[str, Any]], AbstractContextManager[None]]


def unkept(_: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Tell nobody what was asked for: the case is not kept."""
    return nullcontext()


@dataclass(frozen=True)
class Asked:
    """An object to carry.

    Attributes:
        object: Its id.
        z: Carry it anew from this slice, from 0, up to the next marked slices; None from all marked slices.
        first: Lowest slice to go to, from 0, or None.
        last: Highest slice to go to.
    """

    object: int
    z: int | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """What was found on a slice; nothing where a walk ended.

    Attributes:
        object: Whose.
        z: The slice, from 0.
        frame: The smallest box round it, or None for nothing.
        crop: What it covers in there, bool.
    """

    object: int
    z: int
    frame: Box | None = None
    crop: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, identity: int, step: Step) -> "Shown":
        """Keep what there is to show of a step."""
        if not step.mask.any():
            return cls(identity, step.z)
        frame, _ = pack(step.mask)
        return cls(identity, step.z, frame, step.mask[frame.y0 : frame.y1, frame.x0 : frame.x1].copy())


@dataclass(frozen=True)
class Ended:
    """How it went with an object.

    Attributes:
        object: Which.
        slices: Those on which something was found or marked, from 0, rising.
        below: Why it went no further down; None if it reached the end, or was stopped.
        above: The same, upwards.
        trouble: Why it could not be carried; ``""`` if it could.
    """

    object: int
    slices: tuple[int, ...] = ()
    below: Stop | None = None
    above: Stop | None = None
    trouble: str = ""


@dataclass(eq=False)
class Job:
    """What the thread works on. It holds no session and no case: one that is closed is let go, and the run ends.

    A run that was told to stop still keeps what it found: `before` waits for that.
    """

    volume: Volume
    annotation: Annotation
    turn: AbstractContextManager[bool]
    acting: Acting
    segmenter: Segmenter
    embeddings: Embeddings
    window: Window
    language: str
    waiting: deque[Asked]
    before: Callable[[], object] | None = None
    stopped: bool = False
    now: int | None = None
    done: int = 0
    most: int = 0
    closed: bool = False
    lock: Lock = field(default_factory=Lock)

    def tell(self, done: int, most: int) -> None:
        """Note how many slices are done, and how many there will be at most."""
        self.done, self.most = done, most

    def next(self) -> Asked | None:
        """Take what comes next; after the last nothing more is taken on."""
        with self.lock:
            self.done = self.most = 0
            asked = self.waiting.popleft() if self.waiting and not self.stopped else None
            self.now = asked.object if asked else None
            self.closed = asked is None
            return asked


def carried(job: Job) -> Generator[Shown | Ended]:
    """Carry one object after another. Closed, it keeps what was found of the one at hand."""
    if job.before is not None:
        job.before()
        job.before = None
    while (asked := job.next()) is not None:
        yield from _one(job, asked)


def _one(job: Job, asked: Asked) -> Generator[Shown | Ended]:
    steps: list[Step] = []
    plan, trouble = Course({}), ""  # nothing is kept of an object that cannot be carried
    try:
        with job.turn:
            plan = _course(job, asked)
            job.annotation.hold(asked.object, said(job.language, "carrying.held", id=asked.object))
        for step in _steps(job, plan):
            steps.append(step)
            yield Shown.of(asked.object, step)
    except LobuleError as error:
        trouble = str(error)
    finally:
        with job.turn:
            job.annotation.release(asked.object)
            trouble = _kept(job, plan, asked, steps) or trouble
    yield _ended(asked.object, steps, trouble)


def _kept(job: Job, plan: Course, asked: Asked, steps: list[Step]) -> str:
    """Make what was found one step of the object, saying what was asked for, so that it can be replayed.

    Returns:
        Why that cannot be, or nothing; the next object is carried anyway.
    """
    card, window = job.segmenter.card, job.window
    try:
        if steps:
            with job.acting(carrying(plan, steps, model=card, window=window, identity=asked.object)):
                carry(job.annotation, steps, model=card, window=window, identity=asked.object)
    except LobuleError as error:
        return str(error)
    return ""


def _course(job: Job, asked: Asked) -> Course:
    """Return where to start and how far to go; the reader's own limits count before those of the marks."""
    plan = course(job.annotation, asked.object, asked.z)
    first = plan.first if asked.first is None else asked.first
    last = plan.last if asked.last is None else asked.last
    if first is not None and last is not None and first > last:
        raise PromptError(said(job.language, "carrying.limits", first=first + 1, last=last + 1))
    return Course(plan.seeds, first, last)


def _steps(job: Job, plan: Course) -> Generator[Step]:
    yield from propagate(
        job.volume,
        plan.seeds,
        job.segmenter,
        job.embeddings,
        first=plan.first,
        last=plan.last,
        window=job.window,
        progress=job.tell,
    )


def _ended(identity: int, steps: list[Step], trouble: str) -> Ended:
    slices = tuple(sorted(step.z for step in steps if step.mask.any()))
    stops = {step.z: step.stopped for step in steps if step.stopped}
    below = [z for z in stops if slices and z <= slices[0]]
    above = [z for z in stops if slices and z >= slices[-1]]
    return Ended(identity, slices, stops[max(below)] if below else None, stops[min(above)] if above else None, trouble)
