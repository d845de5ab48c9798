"""Encodes the slice a reader looks at while they look, so that the box they draw is answered at once."""

import logging
from dataclasses import dataclass
from threading import Condition, Thread

from core.imaging.volume import Volume
from core.imaging.window import Window
from core.segmentation.embeddings import Embeddings
from core.segmentation.segmenter import Segmenter

_PAUSE_S = 0.2


@dataclass(frozen=True, eq=False)
class _Wish:
    volume: Volume
    z: int
    segmenter: Segmenter
    window: Window | None


class Prefetch:
    """One worker for all readers. Each has at most one wish open: the slice looked at last.

    A reader who scrolls makes no work: a slice is encoded only after the wishes have rested for 0.2 s.

    Args:
        embeddings: Where the encoded slices go.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._wishes: dict[str, _Wish] = {}
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
            self._wishes[reader] = _Wish(volume, z, segmenter, window)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            wish = self._next()
            try:
                self._embeddings.of(wish.volume, wish.z, wish.segmenter, wish.window)
            except Exception:
                # The reader meets the same error, in words, when they draw a box.
                logging.getLogger(__name__).exception("A slice could not be encoded ahead of time")

    def _next(self) -> _Wish:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._wishes))
            while self._changed.wait(_PAUSE_S):
                pass
            return self._wishes.pop(next(iter(self._wishes)))
