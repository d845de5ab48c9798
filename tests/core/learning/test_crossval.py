"""A whole comparison on made-up pictures: killed in the middle, and gone on with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import LearningError
from core.learning import crossval, runs
from core.learning.crossval import FOUND, LINES, read_lines, run_study, scored_slices
from core.learning.plan import Plan, one_split, usual_plan
from core.learning.runs import State, read_progress
from core.learning.split import Split
from core.learning.study import Study
from tests.core.learning.shapes import dataset, patient, save_pictures

SMALL = {"epochs": 1, "examples": 8, "side": 32, "every": 5}


class Killed(BaseException):
    pass


@pytest.fixture
def study(tmp_path: Path) -> Study:
    for seed in range(5):
        save_pictures(tmp_path / "data", patient(seed, tumour=seed != 4))
    return Study(str(tmp_path / "data"), folds=2, models=("cnn",), every=3, changes={"cnn": SMALL})


def test_a_comparison_goes_on_after_a_kill_and_does_nothing_twice(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, measure, asked = tmp_path / "out", crossval.measure, []

    def counting(found: Any, case: Any, slices: Any) -> Any:
        if len(asked) == 4:
            asked.append("kill")
            raise Killed
        asked.append(case.name)
        return measure(found, case, slices)

    monkeypatch.setattr(crossval, "measure", counting)
    with pytest.raises(Killed):
        run_study(out, study)
    trained = (out / "fold0" / "cnn" / runs.BEST).stat().st_mtime_ns
    assert run_study(out) is State.FINISHED
    assert (out / "fold0" / "cnn" / runs.BEST).stat().st_mtime_ns == trained
    lines = read_lines(out)
    assert len(asked) == 1 + 5 * 4  # five patients, and three baselines beside the network
    assert len({(line.row, line.case) for line in lines}) == len(lines) == 20
    assert {line.row for line in lines} == {"threshold", "ellipse", "growing", "cnn"}
    assert read_progress(out).state is State.FINISHED
    with np.load(out / FOUND / "cnn" / "patient000.npz") as found:
        assert found["slices"].tolist() == [1, 4, 7]
        assert found["found"].shape == (3, 48, 64)


def test_a_comparison_that_is_asked_to_stop_stops_and_can_go_on(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    runs.ask_to_stop(out)
    assert run_study(out, study) is State.STOPPED
    assert not (out / LINES).exists()
    (out / runs.STOP).unlink()
    assert run_study(out) is State.FINISHED


@pytest.mark.parametrize(
    ("count", "every", "expected"), [(1, 2, [0]), (1, 5, [0]), (2, 5, [0]), (3, 9, [1]), (10, 3, [1, 4, 7])]
)
def test_of_few_slices_one_is_scored_all_the_same(count: int, every: int, expected: list[int]) -> None:
    assert scored_slices(count, every).tolist() == expected


def test_a_comparison_that_fails_unforeseen_says_so(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*told: Any, **named: Any) -> Any:
        raise ValueError("need at least one array to stack")

    monkeypatch.setattr(crossval, "read_dataset", broken)
    with pytest.raises(ValueError, match="at least one array"):
        run_study(tmp_path / "out", study)
    found = read_progress(tmp_path / "out")
    assert found.state is State.FAILED
    assert found.sentence == "The comparison ended by a mistake of the program (need at least one array to stack)."


def test_no_patient_is_learnt_from_and_tested_on(study: Study, tmp_path: Path) -> None:
    run_study(tmp_path / "out", study)
    for k in range(2):
        split = Plan.from_json(runs.read_config(tmp_path / "out" / f"fold{k}" / "cnn")).split
        tested = {line.patient for line in read_lines(tmp_path / "out") if line.fold == k}
        assert tested
        assert not tested & {*split.train, *split.validation}


def test_a_folder_that_holds_no_comparison_is_refused(tmp_path: Path) -> None:
    runs.write_config(tmp_path, {"model": "unet"})
    with pytest.raises(LearningError, match="holds no comparison"):
        run_study(tmp_path)


def test_a_plan_comes_back_as_it_was_written() -> None:
    for model in ("unet", "vnet", "cnn", "sam"):
        plan = usual_plan(model, "data", Split(("a",), ("b",)), epochs=3, part="lora", licence="ours")  # type: ignore[arg-type]
        assert Plan.from_json(plan.as_json()) == plan
        assert (plan.settings.epochs, plan.licence) == (3, "ours")


@pytest.mark.parametrize("spoilt", [{"model": "gan"}, {"settings": {"speed": 3}}, {"window": None}])
def test_a_plan_that_cannot_be_is_refused(spoilt: dict[str, Any]) -> None:
    told = usual_plan("unet", "data", Split(("a",))).as_json() | spoilt
    with pytest.raises(LearningError):
        Plan.from_json(told)


def test_one_training_keeps_a_fifth_of_the_patients_or_one_with_tumour_for_validation() -> None:
    large = one_split(dataset(*range(11)))
    assert len(large.train) + len(large.validation) == 11
    assert len(large.validation) in (2, 3)
    small = one_split(dataset(1, 2, 3, healthy=(1, 2)))
    assert small.validation == ("patient003",)
    with pytest.raises(LearningError, match="hold 1 patient"):
        one_split(dataset(1))
