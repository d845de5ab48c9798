"""Embeddings on disk: read back as written, within a size, whole or not at all, and gone when asked."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from core.segmentation import embedding_files
from core.segmentation.embedding_files import EmbeddingFiles, fingerprint
from core.segmentation.embeddings import Embeddings
from tests.core.segmentation.test_embeddings import Counting, volume

ROOT = Path(__file__).parents[3]
VOLUME, OTHER, WAY = "a1b2", "c3d4", fingerprint("model", "window")
ONE = 2 * 5 * 3 * 7 + 128 + 4  # float16, numpy's header, the check


def features(seed: int = 0) -> npt.NDArray[np.float16]:
    return np.random.default_rng(seed).normal(size=(1, 5, 3, 7)).astype(np.float16)


@pytest.fixture
def files(tmp_path: Path) -> EmbeddingFiles:
    return EmbeddingFiles(tmp_path, 10**6)


def test_features_come_back_as_they_were_also_after_a_restart(files: EmbeddingFiles, tmp_path: Path) -> None:
    files.write(VOLUME, WAY, 3, features())
    for store in (files, EmbeddingFiles(tmp_path, 10**6)):
        found = store.read(VOLUME, WAY, 3)
        assert isinstance(found, np.memmap)
        np.testing.assert_array_equal(found, features())
        assert store.slices(VOLUME, WAY) == {3}
        assert store.nbytes == ONE


def test_another_volume_way_or_slice_is_not_there(files: EmbeddingFiles) -> None:
    files.write(VOLUME, WAY, 3, features())
    assert files.read(OTHER, WAY, 3) is None
    assert files.read(VOLUME, fingerprint("model", "other"), 3) is None
    assert files.read(VOLUME, WAY, 4) is None
    assert files.slices(OTHER, WAY) == frozenset()


def test_what_another_process_wrote_meanwhile_is_found(files: EmbeddingFiles, tmp_path: Path) -> None:
    assert files.read(VOLUME, WAY, 3) is None
    EmbeddingFiles(tmp_path, 10**6).write(VOLUME, WAY, 3, features())
    assert files.read(VOLUME, WAY, 3) is not None


def test_the_slice_used_longest_ago_leaves_first(tmp_path: Path) -> None:
    files = EmbeddingFiles(tmp_path, 3 * ONE)
    for z in (0, 1, 2):
        files.write(VOLUME, WAY, z, features(z))
    assert files.read(VOLUME, WAY, 0) is not None
    files.write(OTHER, WAY, 9, features(9))
    assert files.slices(VOLUME, WAY) == {0, 2}
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) == files.nbytes == 3 * ONE


def test_age_is_known_after_a_restart(tmp_path: Path) -> None:
    first = EmbeddingFiles(tmp_path, 10 * ONE)
    for z in (0, 1, 2):
        first.write(VOLUME, WAY, z, features(z))
        os.utime(first._path((fingerprint(VOLUME), WAY, z)), (1000 - z, 1000 - z))  # 2 is the oldest
    second = EmbeddingFiles(tmp_path, 3 * ONE)
    second.write(VOLUME, WAY, 3, features(3))
    assert second.slices(VOLUME, WAY) == {0, 1, 3}


def test_features_above_the_limit_drive_nothing_out(tmp_path: Path) -> None:
    files = EmbeddingFiles(tmp_path, 2 * ONE)
    files.write(VOLUME, WAY, 0, features())
    files.write(VOLUME, WAY, 1, np.zeros((1, 500, 3, 7), np.float16))
    assert files.slices(VOLUME, WAY) == {0}


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "gone"])
def test_a_file_that_went_bad_is_not_used(files: EmbeddingFiles, damage: str) -> None:
    files.write(VOLUME, WAY, 3, features())
    path = files._path((fingerprint(VOLUME), WAY, 3))
    content = path.read_bytes()
    spoiled = {"cut": content[:-9], "changed": content[:200] + b"?" + content[201:], "emptied": b""}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(spoiled[damage])
    assert files.read(VOLUME, WAY, 3) is None
    assert files.slices(VOLUME, WAY) == frozenset()
    files.write(VOLUME, WAY, 3, features())
    assert files.read(VOLUME, WAY, 3) is not None


def test_one_volume_or_all_are_forgotten(files: EmbeddingFiles, tmp_path: Path) -> None:
    for z in (0, 1):
        files.write(VOLUME, WAY, z, features())
    files.write(OTHER, WAY, 0, features())
    assert files.forget(VOLUME) == 2 * ONE
    assert (files.slices(VOLUME, WAY), files.slices(OTHER, WAY)) == (frozenset(), {0})
    assert files.forget() == ONE
    assert list(tmp_path.iterdir()) == []


def test_names_are_fingerprints_and_only_the_owner_may_read(files: EmbeddingFiles, tmp_path: Path) -> None:
    files.write("Doe_Jane", WAY, 3, features())
    (path,) = tmp_path.glob("*/*")
    assert "Jane" not in str(path)
    assert path.name == f"{WAY}-3.npy"
    assert len(bytes.fromhex(path.parent.name)) == 16
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_to_keeps_nothing_and_does_not_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    files = EmbeddingFiles(tmp_path / "file", 10**6)
    files.write(VOLUME, WAY, 3, features())
    assert files.read(VOLUME, WAY, 3) is None


def test_threads_that_write_and_read_together_get_whole_features(files: EmbeddingFiles) -> None:
    files.limit_bytes = 20 * ONE

    def work(seed: int) -> bool:
        z = seed % 30
        files.write(VOLUME, WAY, z, features(z))
        found = files.read(VOLUME, WAY, (z + 7) % 30)
        return found is None or np.array_equal(found, features((z + 7) % 30))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(400)))
    assert files.nbytes <= 20 * ONE


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_process_killed_while_it_writes_leaves_a_readable_store(tmp_path: Path) -> None:
    code = """
import sys, numpy as np
from pathlib import Path
from core.segmentation.embedding_files import EmbeddingFiles
files = EmbeddingFiles(Path(sys.argv[1]), 1 << 30)
print("ready", flush=True)
for k in range(10**6):
    files.write("a1b2", sys.argv[2], k % 40, np.full((1, 64, 64, 64), k % 40, np.float16))
"""
    for turn in range(4):
        arguments = [sys.executable, "-c", code, str(tmp_path), WAY]
        child = subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=ROOT)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.3 + 0.037 * turn)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert child.returncode == -signal.SIGKILL
        store = EmbeddingFiles(tmp_path, 1 << 30)
        kept = store.slices(VOLUME, WAY)
        assert kept
        for z in kept:
            found = store.read(VOLUME, WAY, z)
            assert found is not None
            assert (found == z).all()


def test_files_that_were_never_finished_are_removed_after_a_while(tmp_path: Path) -> None:
    folder = tmp_path / fingerprint(VOLUME)
    folder.mkdir()
    old, fresh = (folder / f"{embedding_files.is_unfinished.__globals__['_PREFIX']}{name}" for name in ("a", "b"))
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    assert EmbeddingFiles(tmp_path, 10**6).slices(VOLUME, WAY) == frozenset()
    assert [path.exists() for path in (old, fresh)] == [False, True]


# Through the cache


def test_a_case_opened_again_is_not_encoded_again(tmp_path: Path) -> None:
    ct, first, second = volume(), Counting(), Counting()
    made = Embeddings(10**6, EmbeddingFiles(tmp_path, 10**6)).of(ct, 2, first)
    cache = Embeddings(10**6, EmbeddingFiles(tmp_path, 10**6))
    assert cache.ready(ct, second) == {2}
    again = cache.of(ct, 2, second)
    assert second.shown == []
    np.testing.assert_array_equal(again.features, made.features)
    np.testing.assert_array_equal(again.seen, made.seen)
    assert (again.shape, again.model) == (made.shape, made.model)


def test_what_leaves_the_memory_is_read_from_the_disk(tmp_path: Path) -> None:
    model, ct, cache = Counting(), volume(), Embeddings(60, EmbeddingFiles(tmp_path, 10**6))
    for z in (0, 1, 2, 0, 1, 2):
        cache.of(ct, z, model)
    assert len(cache) == 1
    assert len(model.shown) == 3
    assert cache.ready(ct, model) == {0, 1, 2}


def test_forgetting_a_volume_forgets_it_in_memory_and_on_disk(tmp_path: Path) -> None:
    model, ct, other = Counting(), volume(), volume(seed=1)
    cache = Embeddings(10**6, EmbeddingFiles(tmp_path, 10**6))
    for one in (ct, other):
        cache.of(one, 2, model)
    assert cache.forget(ct.key) > 0
    assert (cache.ready(ct, model), cache.ready(other, model)) == (frozenset(), {2})
    cache.of(ct, 2, model)
    assert len(model.shown) == 3
