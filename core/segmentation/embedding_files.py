"""Embeddings on disk, so that a case opened again is answered at once.

Names are fingerprints of the voxels, the model and how it is fed; no name, no date and no picture is written. Still
the features were made from a patient's picture: the folder is readable by its owner only, keeps to a size, and can
be emptied for one CT or for all.
"""

import contextlib
import hashlib
import os
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from time import time

import numpy as np
import numpy.typing as npt

from core.segmentation.cachefolder import is_unfinished, replacing

Features = npt.NDArray[np.float16]
_Key = tuple[str, str, int]  # folder, way, slice
_NAME = re.compile(r"([0-9a-f]{32})-(\d+)\.npy")
_CHECK_BYTES = 4
_OLD_S = 3600.0  # a file that was not finished for an hour never will be


class EmbeddingFiles:
    """A folder of features that threads and processes share; the slice used longest ago leaves first.

    Args:
        folder: Made when the first file is written; whatever else lies in it stays.
        limit_bytes: What the files may take together; may be changed at any time.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self.limit_bytes = limit_bytes
        self._lock = Lock()
        self._known: OrderedDict[_Key, int] | None = None  # to bytes, oldest first

    def read(self, volume: str, way: str, z: int) -> Features | None:
        """Return features ``(1, C, h, w)`` mapped from their file, or None if there are none or they went bad.

        Args:
            volume: `Volume.key`.
            way: What else the features depend on, from `fingerprint`.
            z: Index of the slice, from 0.
        """
        key = (fingerprint(volume), way, z)
        if not self._has(key):
            return None
        path = self._path(key)
        try:
            features = _mapped(path)
            os.utime(path)
        except (OSError, ValueError):
            self._drop([key])
            return None
        with self._lock, contextlib.suppress(KeyError):
            self._index().move_to_end(key)
        return features

    def write(self, volume: str, way: str, z: int, features: Features) -> None:
        """Keep features; a disk that is full or may not be written to keeps none and says nothing."""
        key, stored = (fingerprint(volume), way, z), np.ascontiguousarray(features, np.float16)
        if stored.nbytes > self.limit_bytes:
            return
        path = self._path(key)
        try:
            with replacing(path) as file:
                np.lib.format.write_array(file, stored)
                file.write(zlib.crc32(stored.data.cast("B")).to_bytes(_CHECK_BYTES, "little"))
                size = file.tell()
        except OSError:
            return
        with self._lock:
            index = self._index()
            index[key] = size
            index.move_to_end(key)
        self._make_room()

    def slices(self, volume: str, way: str) -> frozenset[int]:
        """Return the slices that are kept; quick enough to be asked several times a second."""
        folder = fingerprint(volume)
        with self._lock:
            return frozenset(z for v, w, z in self._index() if (v, w) == (folder, way))

    def forget(self, volume: str | None = None) -> int:
        """Remove the files of a volume, or all, and return how many bytes that freed."""
        folder = None if volume is None else fingerprint(volume)
        with self._lock:
            gone = {key: size for key, size in self._index().items() if folder in (None, key[0])}
        self._drop(list(gone))
        return sum(gone.values())

    @property
    def nbytes(self) -> int:
        """Bytes that the files take."""
        with self._lock:
            return sum(self._index().values())

    def _has(self, key: _Key) -> bool:
        with self._lock:
            return key in self._index() or self._path(key).exists()  # another process may have written it

    def _path(self, key: _Key) -> Path:
        folder, way, z = key
        return self._folder / folder / f"{way}-{z}.npy"

    def _index(self) -> OrderedDict[_Key, int]:
        """Look into the folder, once; call it with the lock held."""
        if self._known is None:
            found = sorted(self._look())
            self._known = OrderedDict((key, size) for _, key, size in found)
        return self._known

    def _look(self) -> Iterator[tuple[float, _Key, int]]:
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                named = _NAME.fullmatch(path.name)
                if named:
                    yield status.st_mtime, (path.parent.name, named[1], int(named[2])), status.st_size
                elif is_unfinished(path) and time() - status.st_mtime > _OLD_S:
                    path.unlink()

    def _make_room(self) -> None:
        with self._lock:
            index = self._index()
            excess, leaving = sum(index.values()) - self.limit_bytes, []
            for key, size in index.items():
                if excess <= 0:
                    break
                leaving.append(key)
                excess -= size
        self._drop(leaving)

    def _drop(self, keys: list[_Key]) -> None:
        for key in keys:
            with self._lock:
                self._index().pop(key, None)
            with contextlib.suppress(OSError):  # gone already, or on Windows still mapped: then the next start drops it
                self._path(key).unlink(missing_ok=True)
                self._path(key).parent.rmdir()


def fingerprint(*parts: object) -> str:
    """Return 32 hexadecimal digits that stand for some texts and numbers."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _mapped(path: Path) -> Features:
    """Map the features of a file into memory.

    Raises:
        ValueError: The file is not as it was written.
    """
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        start = file.tell()
        size = int(np.prod(shape)) * 2
        if dtype != np.float16 or path.stat().st_size != start + size + _CHECK_BYTES:
            raise ValueError(f"{path.name} is not whole")
        file.seek(start + size)
        check = int.from_bytes(file.read(_CHECK_BYTES), "little")
    # Copy on write, because torch warns of arrays that cannot be written to; nobody writes.
    features = np.memmap(path, np.float16, "c", start, shape)
    if zlib.crc32(features.data.cast("B")) != check:
        raise ValueError(f"{path.name} changed since it was written")
    return features
