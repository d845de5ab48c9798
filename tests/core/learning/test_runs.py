import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import LearningError
from core.learning import runs
from core.learning.runs import Reporter, State, read_progress


def test_a_folder_without_a_state_is_a_new_run(tmp_path: Path) -> None:
    assert read_progress(tmp_path).state is State.NEW


def test_what_is_said_is_read(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path, epochs=7)
    reporter.at(2, 0.25, "Epoch 3: learning.", 40.0)
    found = read_progress(tmp_path)
    assert (found.state, found.epoch, found.epochs, found.share, found.eta_s) == (State.RUNNING, 2, 7, 0.25, 40.0)
    assert found.pid == os.getpid()


def test_a_run_whose_process_is_gone_was_interrupted(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    told = {"state": "running", "pid": gone.pid, "epoch": 1, "epochs": 3}
    (tmp_path / runs.STATE).write_text(json.dumps(told))
    found = read_progress(tmp_path)
    assert found.state is State.INTERRUPTED
    assert found.state.can_go_on


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"state": 7}'])
def test_a_state_that_was_cut_short_does_no_harm(text: str, tmp_path: Path) -> None:
    (tmp_path / runs.STATE).write_text(text)
    assert read_progress(tmp_path).state in (State.NEW, State.FAILED)


def test_a_folder_keeps_one_run(tmp_path: Path) -> None:
    runs.write_config(tmp_path, {"model": "unet"})
    runs.write_config(tmp_path, {"model": "unet"})
    with pytest.raises(LearningError, match="holds a run with other settings"):
        runs.write_config(tmp_path, {"model": "vnet"})


def test_a_folder_without_a_plan_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="is no training run"):
        runs.read_config(tmp_path)


def test_a_run_that_is_finished_or_running_is_not_started_again(tmp_path: Path) -> None:
    runs.write_config(tmp_path, {})
    Reporter(tmp_path, 3).ended(State.FINISHED, "", 3)
    with pytest.raises(LearningError, match="is finished"):
        runs.start(tmp_path)
    Reporter(tmp_path, 3).at(1, 0.0, "")
    with pytest.raises(LearningError, match="already running"):
        runs.start(tmp_path)


def test_a_study_that_is_asked_to_stop_stops_the_run_in_it(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path / "fold0" / "unet", 3)
    assert not reporter.is_asked_to_stop()
    runs.ask_to_stop(tmp_path)
    assert reporter.is_asked_to_stop()
