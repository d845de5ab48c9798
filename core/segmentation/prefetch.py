"""Encodes the slice a reader looks at while they look, so that the box they draw is answered at once."""

import logging
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic

from core.imaging.volume import Volume
from core.imaging.window import Window
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

_REST_S = 0.2


@dataclass(frozen=True, eq=False)
class _Wish:
    volume: Volume
    z: int
    segmenter: Segmenter
    window: Window | None
    due_s: float  # on the clock of `monotonic`


class Prefetch:
    """One worker for all readers. Each has at most one wish open: the slice looked at last.

    A reader who scrolls makes no work and holds up nobody: a wish is served 0.2 s after it was made, unless its
    reader has moved on by then; of several, the one made first.

    Args:
        embeddings: Where the encoded slices go.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._wishes: dict[str, _Wish] = {}  # by reader; the oldest first, so also in the order they are due
        self._changed = Condition()
        Thread(target=self._work, name="prefetch", daemon=True).start()

    def want(self, reader: str, volume: Volume, z: int, segmenter: Segmenter, window: Window | None = None) -> None:
        """Say which slice a reader looks at now; takes back what the same reader wanted before.

        Args:
            reader: Tells readers apart.
            volume: The volume on their screen.
            z: The slice on it, from 0.
            segmenter: The model that will answer.
            window: As for `Embeddings.of`.
        """
        with self._changed:
            self._wishes.pop(reader, None)
            self._wishes[reader] = _Wish(volume, z, segmenter, window, monotonic() + _REST_S)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            # No local name for the wish: the idle worker would keep a CT that its reader has closed.
            self._serve(self._next())

    def _serve(self, wish: _Wish) -> None:
        try:
            self._embeddings.of(wish.volume, wish.z, wish.segmenter, wish.window)
        except Exception as failure:
            # The reader meets the same error, in words, when they draw a box. A log outlives the session, and the
            # text of an error may name a file after a patient: only its kind is noted.
            logging.getLogger(__name__).warning(
                "A slice could not be encoded ahead of time (%s)", type(failure).__name__
            )

    def _next(self) -> _Wish:
        """Wait for the oldest wish to be due, and take it."""
        with self._changed:
            while (rest := self._rest()) is None or rest > 0:
                self._changed.wait(rest)
            return self._wishes.pop(next(iter(self._wishes)))

    def _rest(self) -> float | None:
        """Return in how many seconds the oldest wish is due, or None if there is none."""
        return next((wish.due_s - monotonic() for wish in self._wishes.values()), None)
