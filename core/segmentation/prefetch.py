"""Encodes slices in the background, from the one on the screen outwards, so that boxes are answered at once."""

import atexit
import logging
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic

from core.imaging.volume import Volume
from core.imaging.window import Window
from core.segmentation.choosing import is_trying
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

_REST_S = 0.2
_ALONE_S = 2.0
_LAST_S = 20.0  # for the slice begun when the program ends


@dataclass(eq=False)
class _Wish:
    """What one reader looks at: a slice of a volume, through a model and a window."""

    volume: weakref.ref[Volume]  # a CT that everybody has closed is let go, and its wish with it
    z: int
    segmenter: Segmenter
    window: Window | None
    due_s: float  # on the clock of `monotonic`
    attended: Callable[[], bool]
    seen: bool = False  # the slice on the screen was served
    tried: set[int] = field(default_factory=set)  # what was forgotten since comes with the next look
    failed: set[int] = field(default_factory=set)

    def is_of(self, volume: Volume, segmenter: Segmenter, window: Window | None) -> bool:
        return self.volume() is volume and self.segmenter is segmenter and self.window == window

    def may_go_on(self) -> bool:
        """Say whether the reader is there, and the engine found that encodes what is not yet on the screen."""
        return self.attended() and not (self.seen and is_trying(self.segmenter.card))


@dataclass(frozen=True, eq=False)
class _Task:
    """Slices to be encoded together: one, or a batch on a graphics card."""

    volume: Volume
    slices: list[int]
    segmenter: Segmenter
    window: Window | None
    failed: set[int]  # of the wish, whoever takes it over


class Prefetch:
    """One worker for all readers, in turns: first what each has on the screen, then their other slices.

    A reader who scrolls makes no work and holds up nobody: a wish is served 0.2 s after it was made, unless its
    reader has moved on by then. Nothing is encoded for who has closed the page, until they come back. While anybody
    waits for an answer (`Embeddings.asking`), nothing new is begun.

    Args:
        embeddings: Where the encoded slices go. Readers together encode no more than it can keep.
        reach: How many slices beyond the one on the screen are encoded for a reader; by default all.
    """

    def __init__(self, embeddings: Embeddings, reach: int | None = None) -> None:
        self._embeddings = embeddings
        self._reach = reach
        self._wishes: dict[str, _Wish] = {}  # by reader; who was served last, or came last, stands last
        self._served: dict[str, _Wish] = {}  # of readers with nothing left to encode
        self._changed = Condition()
        self._closing = False
        self._worker = Thread(target=self._work, name="prefetch", daemon=True)
        self._worker.start()
        atexit.register(self._close)

    def want(
        self,
        reader: str,
        volume: Volume,
        z: int,
        segmenter: Segmenter,
        window: Window | None = None,
        attended: Callable[[], bool] = lambda: True,
    ) -> None:
        """Say which slice a reader looks at now; takes back what the same reader wanted before.

        Args:
            reader: Tells readers apart.
            volume: The volume on their screen.
            z: The slice on it, from 0.
            segmenter: The model that will answer.
            window: As for `Embeddings.of`.
            attended: Says whether the reader is still there; quick.
        """
        with self._changed:
            self._served.pop(reader, None)
            before = self._wishes.pop(reader, None)
            wish = _Wish(weakref.ref(volume), z, segmenter, window, monotonic() + _REST_S, attended)
            if before and before.is_of(volume, segmenter, window):
                wish.failed = before.failed  # not tried again and again
            self._wishes[reader] = wish
            self._changed.notify()

    def cancel(self, reader: str) -> None:
        """Forget what a reader wanted: they closed the CT or left. The slice begun is finished."""
        with self._changed:
            self._wishes.pop(reader, None)
            self._served.pop(reader, None)

    def ready(self, volume: Volume, segmenter: Segmenter, window: Window | None = None) -> frozenset[int]:
        """Return the slices, from 0, whose first prompt is answered at once; quick."""
        return self._embeddings.ready(volume, segmenter, window)

    def is_busy(self, reader: str) -> bool:
        """Say whether slices of a reader are still to come."""
        with self._changed:
            return reader in self._wishes

    def _close(self) -> None:
        """Finish the slice begun as the program ends: a thread cut off within a network takes the process down."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._worker.join(_LAST_S)

    def _work(self) -> None:
        # No local name for the task: the idle worker would keep a CT that its reader has closed.
        while self._serve(self._next()):
            pass

    def _serve(self, task: _Task | None) -> bool:
        """Encode slices; False if there will be no more."""
        if task is None:
            return False
        try:
            self._embeddings.of_many(task.volume, task.slices, task.segmenter, task.window)
        except Exception as failure:
            # The reader meets the same error, in words, when they draw a box. A log outlives the session, and the
            # text of an error may name a file after a patient: only its kind is noted.
            task.failed.update(task.slices)
            logging.getLogger(__name__).warning(
                "A slice could not be encoded ahead of time (%s)", type(failure).__name__
            )
        return True

    def _next(self) -> _Task | None:
        """Wait until something is due and nobody waits for an answer, and take it; None once the program ends."""
        while True:
            self._embeddings.wait_for_calm()
            with self._changed:
                if self._closing:
                    return None
                task = self._take()
                if task is not None:
                    return task
                self._changed.wait(self._rest())

    def _rest(self) -> float | None:
        """Return in how many seconds the next wish is due, or None if there is none."""
        now = monotonic()
        return min((max(0.0, one.due_s - now) or _ALONE_S for one in self._wishes.values()), default=None)

    def _take(self) -> _Task | None:
        """Return what comes next, and let its reader stand last; None if nothing is due."""
        due = [reader for reader, wish in self._wishes.items() if wish.due_s <= monotonic() and wish.may_go_on()]
        for reader in sorted(due, key=lambda reader: self._wishes[reader].seen):  # stable: who stands first, first
            wish = self._wishes[reader]
            volume = wish.volume()
            slices = self._open(wish, volume) if volume is not None else []
            del self._wishes[reader]
            if volume is not None and slices:
                wish.seen = True
                wish.tried.update(slices)
                self._wishes[reader] = wish
                return _Task(volume, slices, wish.segmenter, wish.window, wish.failed)
            self._served[reader] = wish
        return None

    def _open(self, wish: _Wish, volume: Volume) -> list[int]:
        """Return the next slices of a wish, those nearest to the screen; none if all are done."""
        ready = self._embeddings.ready(volume, wish.segmenter, wish.window)
        near = list(_outwards(wish.z, volume.slices))[: self._share()]
        done = ready | wish.tried | wish.failed
        return [z for z in near if z not in done][: wish.segmenter.batch if wish.seen else 1]

    def _share(self) -> int | None:
        """Return how many slices a reader may have encoded, so that nobody's drive out those of others."""
        self._served = {reader: wish for reader, wish in self._served.items() if wish.volume() is not None}
        readers = sum(wish.attended() for wish in (*self._wishes.values(), *self._served.values()))
        capacity = self._embeddings.capacity
        fair = None if capacity is None else max(1, capacity // max(1, readers))
        return fair if self._reach is None else min(1 + self._reach, fair or 1 + self._reach)


def _outwards(z: int, slices: int) -> Iterator[int]:
    """Yield all slices of a volume, the nearest to ``z`` first."""
    return iter(sorted(range(slices), key=lambda other: (abs(other - z), other < z)))
