"""Embeddings of slices, kept up to a limit in bytes, so that a slice is encoded once however many boxes it gets."""

from collections import OrderedDict
from concurrent.futures import Future
from threading import Lock
from typing import TypeAlias

from core.imaging.volume import Volume
from core.imaging.window import Window, slice_picture
from core.segmentation.prompt import Prompt
from core.segmentation.segmenter import Embedding, ModelCard, Prediction, Segmenter

# The whole card, not its sha256: the same weights may be fed in another way once their owner says so beside them.
_Key: TypeAlias = tuple[str, int, Window | None, ModelCard]


class Embeddings:
    """A cache that sessions and threads share; the least recently used slice leaves first.

    Args:
        limit_bytes: What the kept embeddings may hold together; about 4 MiB a slice. A single one that is
            larger is returned but not kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[_Key, Embedding] = OrderedDict()
        self._coming: dict[_Key, Future[Embedding]] = {}
        self._lock = Lock()

    def of(self, volume: Volume, z: int, segmenter: Segmenter, window: Window | None = None) -> Embedding:
        """Return the embedding of a slice, made now if it is not kept.

        A slice that another thread is encoding is waited for, not encoded twice. Different slices do not wait
        for each other.

        Args:
            volume: Any volume.
            z: Index of the slice, from 0.
            segmenter: The model that will answer prompts on it.
            window: What the model is shown; by default the window it was trained on. Without Hounsfield units
                it is shown the whole range.

        Raises:
            DeviceError: There is too little memory for the model.
        """
        shown = window or segmenter.card.window
        key = (volume.key, z, shown if volume.has_hu else None, segmenter.card)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            coming = self._coming.get(key)
            if coming is None:
                made: Future[Embedding] = Future()
                self._coming[key] = made
        if coming is not None:
            return coming.result()
        try:
            embedding = segmenter.embed(slice_picture(volume, z, shown))
        except BaseException as failure:
            self._settle(key, None)
            made.set_exception(failure)
            raise
        self._settle(key, embedding)
        made.set_result(embedding)
        return embedding

    @property
    def nbytes(self) -> int:
        """Bytes held by the kept embeddings."""
        with self._lock:
            return sum(embedding.nbytes for embedding in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def _settle(self, key: _Key, embedding: Embedding | None) -> None:
        """Keep what was made, and make room."""
        with self._lock:
            del self._coming[key]
            if embedding is not None and embedding.nbytes <= self.limit_bytes:
                self._kept[key] = embedding
            held = sum(kept.nbytes for kept in self._kept.values())
            while held > self.limit_bytes:
                held -= self._kept.popitem(last=False)[1].nbytes


def segment_slice(
    volume: Volume,
    z: int,
    prompt: Prompt,
    segmenter: Segmenter,
    embeddings: Embeddings,
    window: Window | None = None,
) -> Prediction:
    """Answer one prompt on one slice, encoding the slice if that was not done before.

    Args:
        volume: Any volume.
        z: Index of the slice, from 0.
        prompt: A box, or points if the model takes them, in voxels of the slice.
        segmenter: The model.
        embeddings: Where encoded slices are kept.
        window: What the model is shown; by default the window it was trained on.

    Raises:
        PromptError: The prompt lies outside the slice, or the model was not trained on its kind.
        DeviceError: There is too little memory for the model.
    """
    return segmenter.predict(embeddings.of(volume, z, segmenter, window), prompt)
