"""Who works in the folder of a run: the lock tells, whatever became of the number of a process."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import LearningError
from core.learning import claims, listing, runs
from core.learning.claims import claimed
from core.learning.runs import State, read_progress
from core.workspace.training import gone_on

_HOLDS = """
import sys, time
from pathlib import Path
from core.learning.claims import claimed
with claimed(Path(sys.argv[1])):
    print("holds", flush=True)
    time.sleep(600)
"""


def say_running(folder: Path, age_s: float) -> None:
    """Leave a run of which a process of this number said, some time ago, that it was running."""
    runs.write_config(folder, {"model": "cnn"})
    told = {"state": "running", "pid": os.getpid(), "epoch": 1, "epochs": 3}
    (folder / runs.STATE).write_text(json.dumps(told))
    then = time.time() - age_s
    os.utime(folder / runs.STATE, (then, then))


@pytest.mark.parametrize("has_lock", [False, True])
def test_a_run_whose_number_went_to_another_process_was_interrupted(has_lock: bool, tmp_path: Path) -> None:
    say_running(tmp_path, 3600)
    if has_lock:
        (tmp_path / claims.LOCK).touch()
    assert read_progress(tmp_path).state is State.INTERRUPTED
    listing.remove(tmp_path)
    assert not tmp_path.exists()


def test_a_run_that_says_nothing_for_an_hour_runs_while_it_is_claimed(tmp_path: Path) -> None:
    say_running(tmp_path, 3600)
    with claimed(tmp_path):
        assert read_progress(tmp_path).state is State.RUNNING
    assert read_progress(tmp_path).state is State.INTERRUPTED


def test_a_run_that_has_just_begun_runs_before_it_is_claimed(tmp_path: Path) -> None:
    say_running(tmp_path, 2)
    assert read_progress(tmp_path).state is State.RUNNING


def test_where_a_process_trains_another_is_refused_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_PATIENCE_S", 0.1)
    say_running(tmp_path, 3600)
    runs.ask_to_stop(tmp_path)
    before = (tmp_path / runs.STATE).read_bytes()
    holder = subprocess.Popen([sys.executable, "-c", _HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "holds\n"
        with pytest.raises(LearningError, match=r"Another process is working in .* already"):
            gone_on(tmp_path)
        assert (tmp_path / runs.STATE).read_bytes() == before
        assert (tmp_path / runs.STOP).exists(), "the other one is still asked to stop"
    finally:
        holder.kill()
        holder.communicate()
    assert read_progress(tmp_path).state is State.INTERRUPTED, "a lock does not outlive its process"
    with claimed(tmp_path):
        pass


def test_processes_that_train_along_claim_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_PATIENCE_S", 0.1)
    with claimed(tmp_path):
        monkeypatch.setenv("RANK", "1")
        with claimed(tmp_path):
            assert claims.is_claimed(tmp_path)
