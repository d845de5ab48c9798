"""Models and embeddings, loaded once for all sessions. They hold nothing of a single session."""

import gc
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache, partial
from threading import Lock, Thread

from core.errors import WeightsError
from core.imaging.window import Window, whole_range
from core.segmentation import weights
from core.segmentation.cachefolder import cache_folder
from core.segmentation.embedding_files import EmbeddingFiles
from core.segmentation.embeddings import Embeddings
from core.segmentation.prefetch import Prefetch
from core.segmentation.segmenter import ModelCard, Segmenter
from pages.ui import sessions
from pages.ui.state import AppState, Case

EMBEDDING_BYTES = 1 << 28  # 110 slices; those on disk are there in a millisecond
EMBEDDING_FILES_BYTES = 4 << 30
MODELS_KEPT = 2
_TURN, _MAKING = Lock(), Lock()


def segmenter(name: str) -> Segmenter:
    """Return the model called ``name``, loading it the first time and again after its file changed.

    Raises:
        WeightsError: There is no such model, or its file does not hold usable weights.
        DeviceError: There is too little memory for it.
    """
    loading = _loading(weights.card(name))
    if loading.done() and loading.exception():
        _load.cache_clear()  # what failed may work now
        loading = _loading(weights.card(name))
    return loading.result()


def loaded(name: str) -> Segmenter | None:
    """Return the model called ``name`` if it is there; else start loading it and return None at once.

    A model that cannot be had is None as well: `segmenter` says why.
    """
    try:
        loading = _loading(weights.card(name))
    except WeightsError:
        return None
    return loading.result() if loading.done() and loading.exception() is None else None


def is_loading(name: str) -> bool:
    """Say whether the model called ``name`` is still on its way."""
    try:
        return not _loading(weights.card(name)).done()
    except WeightsError:
        return False


def chosen(name: str) -> ModelCard | None:
    """Return the card of a model, or None if it is not there any more."""
    return next((card for card in weights.available().cards if card.name == name), None)


def warm_up() -> None:
    """Start loading the default model, so that it is there when the first CT is; returns at once."""
    _settle()
    Thread(target=_load_default, name="warm-up", daemon=True).start()


@lru_cache
def _settle() -> None:
    """Take what the libraries made out of the search for garbage, once.

    Streamlit searches after every run of a page. Among the 400,000 objects of torch and its like that takes a quarter
    of a second in which nobody is answered.
    """
    gc.collect()
    gc.freeze()


def _load_default() -> None:
    for card in weights.available().cards:
        if card.name == weights.DEFAULT:
            _loading(card)


def _loading(card: ModelCard) -> Future[Segmenter]:
    with _TURN:  # two sessions that start together load it once
        return _load(card)


@lru_cache(maxsize=MODELS_KEPT)
def _load(card: ModelCard) -> Future[Segmenter]:
    """Begin to load a model; the card changes with the file."""
    worker = ThreadPoolExecutor(1, "model")
    loading = worker.submit(weights.load, card.name, at_once=True)
    worker.shutdown(wait=False)
    return loading


def embeddings() -> Embeddings:
    """Return the cache of embeddings, in memory and on disk."""
    with _MAKING:
        return _embeddings()


@cache
def _embeddings() -> Embeddings:
    return Embeddings(EMBEDDING_BYTES, EmbeddingFiles(cache_folder() / "embeddings", EMBEDDING_FILES_BYTES))


def prefetch() -> Prefetch:
    """Return the worker that encodes slices before boxes are drawn on them, from the one on the screen outwards."""
    with _MAKING:
        return _prefetch()


@cache
def _prefetch() -> Prefetch:
    return Prefetch(_embeddings())


def encode_ahead(state: AppState, case: Case, segmenter: Segmenter) -> None:
    """Have the slice on the screen encoded, then the others of its CT, for as long as the reader's tab is open."""
    attended = partial(_is_watched, weakref.ref(state))
    window = fed_window(case, segmenter)
    prefetch().want(state.reader, case.volume, case.z, segmenter, window, attended)


def _is_watched(known: weakref.ref[AppState]) -> bool:
    state = known()
    return state is not None and (not state.session or sessions.is_connected(state.session))


def fed_window(case: Case, segmenter: Segmenter) -> Window:
    """Return the window that the model is fed: its own, or the one on the screen if the reader wants that."""
    if not case.volume.has_hu:
        return whole_range(case.volume)
    return case.window if case.feed_screen else segmenter.card.window
