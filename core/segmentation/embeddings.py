"""Embeddings of slices, kept in memory and on disk, so that a slice is encoded once however many boxes it gets."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Condition, Lock

import torch

from core.imaging.volume import Volume
from core.imaging.window import Window, slice_picture
from core.segmentation.embedding_files import EmbeddingFiles, fingerprint
from core.segmentation.prompt import Prompt
from core.segmentation.segmenter import Embedding, ModelCard, Prediction, Segmenter


@dataclass(frozen=True)
class _Way:
    """What the embeddings of a volume depend on besides the slice.

    The whole card, not its sha256: the same weights may be fed in another way once their owner says so beside them.
    """

    volume: str
    window: Window | None
    card: ModelCard
    precision: str

    @property
    def name(self) -> str:
        """For files; without the words on the card that change nothing."""
        feeding = (self.card.sha256, self.card.takes_points, self.window, self.precision)
        return fingerprint(*feeding)


class Embeddings:
    """A cache that sessions and threads share; the least recently used slice leaves first.

    Features are kept in 16 bits, and are cut to them before anybody sees them: an answer does not depend on whether
    the slice was encoded just now or read back.

    Args:
        limit_bytes: What the embeddings in memory may hold together; about 2 MiB a slice. A single one that is
            larger is returned but not kept.
        files: Where they are kept beyond that, and until the next start; by default nowhere.
    """

    def __init__(self, limit_bytes: int, files: EmbeddingFiles | None = None) -> None:
        self.limit_bytes = limit_bytes
        self.files = files
        self._kept: OrderedDict[tuple[_Way, int], Embedding] = OrderedDict()
        self._coming: dict[tuple[_Way, int], Future[Embedding]] = {}
        self._lock = Lock()
        self._asking = 0
        self._calm = Condition()

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
        return self.of_many(volume, [z], segmenter, window)[0]

    def of_many(
        self, volume: Volume, slices: Sequence[int], segmenter: Segmenter, window: Window | None = None
    ) -> list[Embedding]:
        """Return the embeddings of several slices; those to be made are made together. See `of`."""
        way = _way(volume, segmenter, window)
        mine: dict[int, Future[Embedding]] = {}
        waited: dict[int, Future[Embedding] | Embedding] = {}
        with self._lock:
            for z in dict.fromkeys(slices):
                if (way, z) in self._kept:
                    self._kept.move_to_end((way, z))
                    waited[z] = self._kept[way, z]
                elif (way, z) in self._coming:
                    waited[z] = self._coming[way, z]
                else:
                    waited[z] = mine[z] = self._coming[way, z] = Future()
        self._bring(volume, way, mine, segmenter, window)
        found = {z: one.result() if isinstance(one, Future) else one for z, one in waited.items()}
        return [found[z] for z in slices]

    def ready(self, volume: Volume, segmenter: Segmenter, window: Window | None = None) -> frozenset[int]:
        """Return the slices, from 0, whose first prompt is answered at once; quick."""
        way = _way(volume, segmenter, window)
        with self._lock:
            kept = frozenset(z for other, z in self._kept if other == way)
        return kept | self.files.slices(way.volume, way.name) if self.files else kept

    def forget(self, volume: str | None = None) -> int:
        """Drop what is kept of a volume, by its `key`, or of all, and return how many bytes that freed on disk."""
        with self._lock:
            for key in [key for key in self._kept if volume in (None, key[0].volume)]:
                del self._kept[key]
        return self.files.forget(volume) if self.files else 0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Hold background work up while somebody waits for an answer; it goes on after the block."""
        with self._calm:
            self._asking += 1
        try:
            yield
        finally:
            with self._calm:
                self._asking -= 1
                self._calm.notify_all()

    def wait_for_calm(self) -> None:
        """Return when nobody waits for an answer."""
        with self._calm:
            self._calm.wait_for(lambda: not self._asking)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory by the kept embeddings."""
        with self._lock:
            return sum(embedding.nbytes for embedding in self._kept.values())

    @property
    def capacity(self) -> int | None:
        """How many slices can be kept at the same time, or None as long as none is."""
        with self._lock:
            one = max((embedding.nbytes for embedding in self._kept.values()), default=0)
        limit = max(self.limit_bytes, self.files.limit_bytes if self.files else 0)
        return limit // one if one else None

    def __len__(self) -> int:
        return len(self._kept)

    def _bring(
        self,
        volume: Volume,
        way: _Way,
        mine: dict[int, Future[Embedding]],
        segmenter: Segmenter,
        window: Window | None,
    ) -> None:
        """Read or make what this thread has promised to others."""
        try:
            for z, embedding in self._made(volume, way, list(mine), segmenter, window):
                self._settle((way, z), embedding)
                mine.pop(z).set_result(embedding)
        except BaseException as failure:
            for z, promised in mine.items():
                self._settle((way, z), None)
                promised.set_exception(failure)
            raise

    def _made(
        self, volume: Volume, way: _Way, slices: list[int], segmenter: Segmenter, window: Window | None
    ) -> Iterator[tuple[int, Embedding]]:
        pictures = {z: slice_picture(volume, z, window or segmenter.card.window) for z in slices}
        for z in slices:
            features = self.files.read(way.volume, way.name, z) if self.files else None
            if features is not None:
                image = pictures.pop(z)
                yield z, Embedding(torch.from_numpy(features), image, segmenter.seen(image), way.card.sha256)
        made = segmenter.embed_many(list(pictures.values())) if pictures else []
        for z, embedding in zip(pictures, made, strict=True):
            halved = _halved(embedding)
            if self.files and halved.features.dtype == torch.float16:
                self.files.write(way.volume, way.name, z, halved.features.numpy())
            yield z, halved

    def _settle(self, key: tuple[_Way, int], embedding: Embedding | None) -> None:
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
    with embeddings.asking():
        return segmenter.predict(embeddings.of(volume, z, segmenter, window), prompt)


def _way(volume: Volume, segmenter: Segmenter, window: Window | None) -> _Way:
    shown = (window or segmenter.card.window) if volume.has_hu else None
    return _Way(volume.key, shown, segmenter.card, segmenter.engine.precision)


def _halved(embedding: Embedding) -> Embedding:
    """Return the embedding in 16 bits; as it is if its numbers are too large for them."""
    half = embedding.features.half()
    return replace(embedding, features=half) if bool(torch.isfinite(half).all()) else embedding
