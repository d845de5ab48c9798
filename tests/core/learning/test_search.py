"""A search for settings, on trainings of a second; its resume, and what it gives up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import LearningError
from core.learning import runs, search
from core.learning.networks import SMALL
from core.learning.plan import usual_plan
from core.learning.runs import State
from core.learning.search import run_search
from core.learning.split import Split
from core.learning.trials import Fate, Search, Trial, best_trial, plan_with, read_trials, widened
from tests.core.learning.shapes import dataset

CHANGES = {"epochs": 2, "examples": 4, "side": 16, "every": 5, "batch": 2}


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> Search:
    """Four trials; the reading of files, which has tests of its own, would take longer than they do."""
    monkeypatch.setattr(search, "read_dataset", lambda *told, **named: dataset(0, 1, 2, 3))
    return Search("cnn", "data", trials=4, folds=2, changes=CHANGES)


def test_a_search_that_was_stopped_tries_what_it_would_have_tried(wanted: Search, tmp_path: Path) -> None:
    wanted = replace(wanted, trials=2)
    assert run_search(tmp_path / "whole", wanted) is State.FINISHED
    whole = read_trials(tmp_path / "whole")
    assert len(whole) == 2
    assert all(len(trial.curve) == 4 for trial in whole if trial.fate is Fate.DONE)  # two folds of two epochs
    assert best_trial(whole)

    def stop(done: int, total: int, what: str) -> None:
        if "Trial 2, fold 2" in what and not (tmp_path / "cut" / "was-asked").exists():
            (tmp_path / "cut" / "was-asked").touch()
            runs.ask_to_stop(tmp_path / "cut")

    assert run_search(tmp_path / "cut", wanted, stop) is State.STOPPED
    assert [trial.fate for trial in read_trials(tmp_path / "cut")] == [Fate.DONE, Fate.RUNNING]
    (tmp_path / "cut" / runs.STOP).unlink()
    assert run_search(tmp_path / "cut") is State.FINISHED
    cut = read_trials(tmp_path / "cut")
    assert [trial.settings for trial in cut] == [trial.settings for trial in whole]
    assert [trial.curve for trial in cut] == [pytest.approx(trial.curve) for trial in whole]
    assert not list((tmp_path / "cut").rglob(runs.LAST)), "weights of trials are not kept"


def test_a_search_that_fails_unforeseen_says_so(
    wanted: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*told: Any, **named: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(search, "read_dataset", broken)
    with pytest.raises(ZeroDivisionError):
        run_search(tmp_path, wanted)
    found = runs.read_progress(tmp_path)
    assert found.state is State.FAILED
    assert found.sentence == "The search ended by a mistake of the program (division by zero)."


def test_what_is_worse_than_the_median_is_given_up(
    wanted: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials get worse and worse: those after the three that are not judged must be cut."""
    real, made = search.task_of, []

    def worse(plan: Any, data: Any) -> Any:
        task = real(plan, data)
        made.append(plan)
        score = 1 / len(made)

        def validate() -> Mapping[str, float]:
            return {"validation_loss": 1.0, "score": score}

        monkeypatch.setattr(task, "validate", validate)
        return task

    monkeypatch.setattr(search, "task_of", worse)
    assert run_search(tmp_path / "search", wanted) is State.FINISHED
    assert [trial.fate for trial in read_trials(tmp_path / "search")] == [*[Fate.DONE] * 3, Fate.PRUNED]
    assert best_trial(read_trials(tmp_path / "search")).number == 0  # type: ignore[union-attr]


def test_a_trial_changes_rate_loss_and_width_of_a_plan() -> None:
    plan = usual_plan("unet", "data", Split(("a",)))
    changed = plan_with(plan, {"rate": 0.5, "loss": "bce", "width": 0.5})
    assert (changed.settings.rate, changed.settings.loss) == (0.5, "bce")
    assert changed.network
    assert changed.network.widths == (8, 16, 32, 64, 128)
    assert changed.settings.epochs == plan.settings.epochs
    assert widened(SMALL["cnn"], 0.01).widths == (1, 1, 1, 1)


def test_the_best_trial_is_one_that_came_to_its_end() -> None:
    trials = [Trial(k, fate, score, {}) for k, (fate, score) in enumerate(
        [(Fate.DONE, 0.4), (Fate.PRUNED, 0.9), (Fate.DONE, 0.6), (Fate.RUNNING, None)])]  # fmt: skip
    assert best_trial(trials) == trials[2]
    assert best_trial(trials[1:2]) is None


def test_a_search_is_what_its_folder_says(wanted: Search, tmp_path: Path) -> None:
    assert Search.from_json(wanted.as_json()) == Search(**{**vars(wanted), "values": {}})
    for told in ({}, {"search": {"model": "cnn"}}, {"search": None}):
        with pytest.raises(LearningError, match="holds no search"):
            Search.from_json(told)
    with pytest.raises(LearningError, match="at least 1 trial"):
        Search("cnn", "data", trials=0)
    assert read_trials(tmp_path) == []
