"""Nothing that was acknowledged is lost: a process that is killed at random moments, and disks that are full."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core.editing.annotation import Annotation
from core.workspace import recalling, snapshots, stored
from core.workspace.kept import KeptCase
from core.workspace.library import Library
from tests.core.workspace.annotator import digest, volume

ROOT = Path(__file__).parents[3]
KILLS = 25


def start(*arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-m", "tests.core.workspace.annotator", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def said_until_killed(folder: Path, seed: int, seconds: float) -> list[tuple[int, str]]:
    """Let a process draw, kill it so long after its first word, and return what it acknowledged."""
    process = start(folder, seed)
    assert process.stdout is not None
    said = [process.stdout.readline()]
    threading.Timer(seconds, process.kill).start()
    said += process.stdout.readlines()
    assert process.wait() == -9
    process.stdout.close()
    lines = [line.split() for line in said if line.endswith("\n")]
    return [(int(seq), seen) for seq, seen in lines]


def as_of(kept: KeptCase, seq: int) -> str:
    """Return what was there after a move, from the journal alone."""
    annotation = Annotation(kept.volume.grid)
    entries = [entry for entry in kept.entries() if entry.seq <= seq]
    assert recalling.followed(annotation, entries) == len(entries)
    return digest(annotation)


def unreadable(folder: Path) -> list[str]:
    """Return the files of a case that are not whole; what was never finished and has no name yet is none."""
    bad = []
    for path in folder.rglob("*"):
        if path.name.startswith(".") or any(part.startswith(".lobule-") for part in path.parts):
            continue
        try:
            if path.suffix == ".state":
                snapshots.read(path)
            elif path.suffix == ".nrrd":
                assert SimpleITK.ReadImage(str(path)).GetSize() == (72, 60, 9)
            elif path.suffix == ".npy":
                np.load(path)
            elif path.suffix == ".json":
                json.loads(path.read_text())
        except Exception as error:
            bad.append(f"{path.name}: {error!r}")
    return bad


def test_nothing_acknowledged_is_lost_when_a_process_is_killed_25_times(tmp_path: Path) -> None:
    rng = np.random.default_rng(117)
    actions = 0
    for kill in range(KILLS):
        said = said_until_killed(tmp_path, kill, float(rng.uniform(0, 0.25)))
        last, seen = said[-1]
        kept = Library(tmp_path).open(volume())
        assert kept.may_change, "a dead process holds the case"
        assert kept.seq - last in (0, 1), "at most the action that was not acknowledged yet is more"
        assert (digest(kept.annotation) if kept.seq == last else as_of(kept, last)) == seen
        assert unreadable(kept.folder) == []
        actions += len(said) - 1
        kept.give_up("")
        kept.close()
    assert actions > KILLS
    assert last >= 50, "too few actions to say anything"


def test_another_process_that_lives_holds_the_case_and_one_that_died_does_not(tmp_path: Path) -> None:
    process = start(tmp_path, 1)
    assert process.stdout is not None
    process.stdout.readline()
    looking = Library(tmp_path).open(volume())
    assert looking.holder is not None
    assert (looking.holder.process, looking.holder.is_here) == (process.pid, False)
    process.kill()
    process.wait()
    process.stdout.close()
    looking.refresh()
    kept = Library(tmp_path).open(volume())
    assert kept.may_change
    assert digest(kept.annotation) == digest(looking.annotation) == as_of(kept, kept.seq)
    kept.close()


def test_a_disk_that_is_full_refuses_an_action_and_keeps_all_before(tmp_path: Path) -> None:
    """No file may grow beyond 300 kB: to SQLite that is a disk that gives no more."""
    process = start(tmp_path, 3, 300_000)
    said, _ = process.communicate(timeout=120)
    *acknowledged, refused = said.splitlines()
    assert refused.startswith("refused ")
    assert "This was not done, because it could not be saved" in refused
    seq, seen = acknowledged[-1].split()
    assert refused.split()[1] == seen, "what could not be saved must not show"
    kept = Library(tmp_path).open(volume())
    assert (kept.seq, digest(kept.annotation)) == (int(seq), seen)
    assert unreadable(kept.folder) == []
    kept.close()


def has_small_disks() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-rm", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_small_disks(), reason="this machine does not let a test mount a small disk of its own")
def test_on_a_small_disk_that_fills_up_all_before_is_kept_and_it_goes_on_once_there_is_room(tmp_path: Path) -> None:
    """A tmpfs of 2 MB, seen by the process alone; what is on it is copied out before it goes."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    script = f"mount -t tmpfs -o size=2m none {disk} && {sys.executable} -m tests.core.workspace.annotator {disk} 4"
    script += f" ; cp -r {disk} {out}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    *acknowledged, refused = done.stdout.splitlines()
    assert "the disk is full. Free some space" in refused, done.stderr
    seq, seen = acknowledged[-1].split()
    assert refused.split()[1] == seen
    kept = Library(out).open(volume())
    assert (kept.seq, digest(kept.annotation)) == (int(seq), seen)
    assert unreadable(kept.folder) == []
    kept.annotation.undo()
    assert kept.seq == int(seq) + 1
    kept.close()


def test_a_ct_that_does_not_fit_is_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numpy.lib import format as layout

    def full(*_: object, **__: object) -> None:
        raise OSError("1234 requested and 12 written")  # as NumPy says it

    monkeypatch.setattr(layout, "write_array", full)
    with pytest.raises(Exception, match="could not be kept with its case: the disk is full"):
        stored.save_volume(volume(), tmp_path)
    assert not stored.has_volume(tmp_path)
    assert list(tmp_path.iterdir()) == []
