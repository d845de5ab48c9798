"""A search of a CT for liver and tumours, beside the page: told how far it is, ended at will, one step at the end.

Nothing is held meanwhile: the reader goes on, and what was found gives way to what has been drawn by then.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import count
from weakref import finalize

from core.editing.annotation import Annotation
from core.editing.proposing import Proposed, propose
from core.imaging.volume import Volume
from core.learning.detecting import Detection, Detector, detect
from core.segmentation.embeddings import Embeddings
from core.segmentation.sam import choose_device
from core.workspace.asked import finding
from pages.ui.viewer.carried import Acting
from pages.ui.working import Working

_numbers = count(1)


@dataclass(frozen=True)
class Told:
    """What a search came to.

    Attributes:
        proposed: What became of what was found.
        left_out: Tumours that were too many.
    """

    proposed: Proposed
    left_out: int


class _StoppedError(Exception):
    """The reader wants no more of it."""


@dataclass
class _Job:
    """What the thread and the page both hold."""

    volume: Volume
    annotation: Annotation
    turn: AbstractContextManager[bool]
    acting: Acting
    load: Callable[[], Detector]
    embeddings: Embeddings
    title: str = ""
    done: int = 0
    stopped: bool = False

    def tell(self, title: str, done: int) -> None:
        """Note which part is at work and how many slices it has done; from here the search is ended."""
        self.title, self.done = title, done
        if self.stopped:
            raise _StoppedError

    def stop(self) -> None:
        """End it at the next slice."""
        self.stopped = True


class Search:
    """A search under way; it ends by itself once nobody holds it any more.

    Args:
        volume: The CT.
        annotation: What is changed at the end.
        turn: Held by whoever changes the annotation.
        acting: Told what was asked for, round the result.
        load: Returns what looks; called in the thread.
        embeddings: Where encoded slices are kept; other work with them waits.
    """

    def __init__(
        self,
        volume: Volume,
        annotation: Annotation,
        turn: AbstractContextManager[bool],
        acting: Acting,
        load: Callable[[], Detector],
        embeddings: Embeddings,
    ) -> None:
        self.number = next(_numbers)
        self._job = _Job(volume, annotation, turn, acting, load, embeddings)
        self._working: Working[Told] = Working(partial(_searched, self._job), ())
        finalize(self, self._job.stop)

    @property
    def is_running(self) -> bool:
        """Whether something may still be found."""
        return not self._working.has_ended

    @property
    def progress(self) -> tuple[str, int, int]:
        """Which part is at work, how many slices it has done, and how many there are."""
        return self._job.title, self._job.done, self._job.volume.slices

    @property
    def told(self) -> Told | None:
        """What it came to, once it has ended; None if it was stopped or broke off."""
        return next(iter(self._working.made), None)

    @property
    def trouble(self) -> str:
        """Why it broke off by itself, if it did."""
        return self._working.trouble

    def stop(self) -> None:
        """End it after the slice that is looked at; nothing is proposed."""
        self._job.stop()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, and say whether it came."""
        return self._working.wait(seconds)


def _searched(job: _Job) -> Generator[Told]:
    try:
        detector = job.load()
        with job.embeddings.asking():
            device = "cuda" if choose_device() == "cuda" else "cpu"
            found = detect(detector, job.volume, job.embeddings, device, job.tell)
        with job.turn:
            job.tell(job.title, job.volume.slices)  # ends it if it was stopped meanwhile
            yield _kept(job, detector, found)
    except _StoppedError:
        return


def _kept(job: _Job, detector: Detector, found: Detection) -> Told:
    window = detector.card.window if job.volume.has_hu else None
    asked = finding((one.card.sha256 for one in detector.networks), detector.refiner.card if detector.refiner else None)
    with job.acting(asked):
        return Told(propose(job.annotation, found.found, detector.card, window), found.left_out)
