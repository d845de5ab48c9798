"""Objects carried through the slices while the reader goes on: one run a case, one object after another.

What is found is shown as it comes. At the end, or when the run is stopped, all of it becomes one step of the object.
Until then the object is held: a change of it is refused with a sentence, so that no edit is lost under the result, and
undo stops before it. Everything else can be done meanwhile, by mouse and by prompt.
"""

from collections import deque
from contextlib import AbstractContextManager
from functools import partial
from itertools import count

from core.editing.annotation import Annotation
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter
from pages.ui.state import Case
from pages.ui.viewer.carried import Acting, Asked, Ended, Job, Shown, carried, unkept
from pages.ui.words import ENGLISH
from pages.ui.working import Working

_numbers = count(1)
_ENDING_S = 20.0


class Run:
    """Objects carried beside the page, in the order in which they were asked for.

    Args:
        asked: The first one.
        volume: The CT.
        annotation: What is changed at the end of each object.
        turn: Held by whoever changes the annotation.
        segmenter: The model that answers, also if another is chosen meanwhile.
        embeddings: Where encoded slices are kept.
        window: What the model is shown.
        language: Of what is said.
        acting: Told what was asked for, round each result that is kept; see `Case.acting`.
        before: The run before this one. If it was stopped but still works on a slice, this one begins after it, as
            both would hold the same object.
    """

    def __init__(
        self,
        asked: Asked,
        volume: Volume,
        annotation: Annotation,
        turn: AbstractContextManager[bool],
        segmenter: Segmenter,
        embeddings: Embeddings,
        window: Window,
        language: str = ENGLISH,
        acting: Acting = unkept,
        before: "Run | None" = None,
    ) -> None:
        self.number = next(_numbers)
        ended = before.wait if before is not None and before.is_running else None
        self._job = Job(
            volume, annotation, turn, acting, segmenter, embeddings, window, language, deque([asked]), ended
        )
        self._working: Working[Shown | Ended] = Working(partial(carried, self._job), ())

    @property
    def told(self) -> tuple[Shown | Ended, ...]:
        """What came so far, in order."""
        return self._working.made

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return not self._working.has_ended

    @property
    def trouble(self) -> str:
        """Why the run broke off by itself, if it did."""
        return self._working.trouble

    @property
    def now(self) -> int | None:
        """The object that is carried now."""
        return self._job.now

    @property
    def waiting(self) -> tuple[int, ...]:
        """The objects whose turn is still to come."""
        with self._job.lock:
            return tuple(asked.object for asked in self._job.waiting)

    @property
    def progress(self) -> tuple[int, int]:
        """How many slices of the object are done, and how many there may be at most."""
        return self._job.done, self._job.most

    def add(self, asked: Asked) -> bool:
        """Carry another object after those that wait; False if the run has ended. One that waits is not doubled."""
        with self._job.lock:
            if self._job.closed or self._working.is_stopping or self._working.has_ended:
                return False
            if asked.object not in (self._job.now, *(other.object for other in self._job.waiting)):
                self._job.waiting.append(asked)
            return True

    def stop(self) -> None:
        """End after the slice that is worked on; what was found stays, and what waits is not begun."""
        self._job.stopped = True
        self._working.stop()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, and say whether it came; without a limit it always does."""
        return self._working.wait(seconds)


def end(case: Case) -> None:
    """Stop what is carried and wait for it; what was found stays."""
    if case.run is not None:
        case.run.stop()
        case.run.wait(_ENDING_S)
