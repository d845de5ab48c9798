import json
import os
from pathlib import Path

import pytest

from core.errors import LearningError
from core.learning import listing, runs
from core.learning.listing import Kind
from core.learning.runs import Reporter, State


def test_runs_are_listed_by_what_they_do(tmp_path: Path) -> None:
    for k, (name, config) in enumerate({"a": {"model": "cnn"}, "b": {"study": {}}, "c": {"search": {}}}.items()):
        runs.write_config(tmp_path / name, config)
        os.utime(tmp_path / name / runs.CONFIG, (k, k))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / runs.CONFIG).write_text("{")
    assert [one.name for one in listing.listed(tmp_path, *Kind)] == ["c", "b", "a"]
    assert [one.name for one in listing.listed(tmp_path, Kind.TRAINING)] == ["a"]


@pytest.mark.parametrize("name", ["", "../x", "a b", "ä", "x" * 61])
def test_a_run_is_named_so_that_every_disk_can_hold_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="is no name for a training"):
        listing.new_folder(name, tmp_path)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    listing.new_folder("mine", tmp_path).mkdir()
    with pytest.raises(LearningError, match="There is a training mine already"):
        listing.new_folder("mine", tmp_path)


def test_a_run_is_deleted_unless_it_is_running(tmp_path: Path) -> None:
    run = tmp_path / "mine"
    runs.write_config(run, {"model": "cnn"})
    Reporter(run, 3).at(1, 0.5, "")
    with pytest.raises(LearningError, match="mine is running"):
        listing.remove(run)
    listing.failed(run, "It was not to be.")
    progress = runs.read_progress(run)
    assert (progress.state, progress.sentence, progress.epoch) == (State.FAILED, "It was not to be.", 1)
    listing.remove(run)
    assert not run.exists()
    with pytest.raises(LearningError, match="is no training run"):
        listing.remove(tmp_path)


def test_what_a_process_printed_is_told_without_the_bars_it_overwrote(tmp_path: Path) -> None:
    assert listing.printed(tmp_path) == ""
    (tmp_path / runs.OUTPUT).write_bytes(b"one\n1 of 2\r2 of 2\nlast \xff")
    assert listing.printed(tmp_path, 2) == "2 of 2\nlast �\n"
    assert json.dumps(listing.printed(tmp_path))
