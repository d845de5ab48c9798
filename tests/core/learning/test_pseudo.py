import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.errors import LearningError
from core.imaging.volume import LIVER
from core.imaging.window import Window
from core.learning.cases import VALUES, Case, targets
from core.learning.dataset import read_dataset
from core.learning.finders import Probabilities
from core.learning.jobs import data_of, task_of
from core.learning.plan import usual_plan
from core.learning.pseudo import pseudo_label, read_extra, sureness
from core.learning.split import Split
from tests.core.learning.shapes import WINDOW, labels, patient, save_pictures


class SureBelow:
    """Finds the tumour that shapes draws, but hesitates from a slice on."""

    def __init__(self, seed: int, doubtful_from: int) -> None:
        self._seed, self._from = seed, doubtful_from

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        for z in slices:
            wanted = targets(labels(self._seed)[z])
            yield (wanted * np.float32(0.98 if z < self._from else 0.7)).astype(np.float32)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    save_pictures(tmp_path / "unlabelled", patient(8))
    shutil.rmtree(tmp_path / "unlabelled" / "masks")
    return tmp_path / "unlabelled"


def test_sureness_is_that_of_the_voxels_in_question() -> None:
    found = np.zeros((2, 4, 5), np.float32)
    found[0, 1, :4] = 0.9, 0.9, 0.7, 0.05  # |2p - 1|: 0.8, 0.8, 0.4; the last is not in question
    assert sureness(found) == pytest.approx(2 / 3)
    found[1, 1, 1] = 0.6
    assert sureness(found) == pytest.approx(0.2)
    assert sureness(np.zeros((2, 4, 5), np.float32)) == 1


def test_slices_that_are_sure_become_a_training_folder(unlabelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "pseudo"
    kept = pseudo_label(unlabelled, SureBelow(8, 6), WINDOW, out, cut=0.9, model="a teacher")
    assert (kept.slices, kept.kept, kept.tumour) == (10, 6, 3)  # the liver begins on the 2nd, the tumour on the 4th
    (case,) = read_dataset(out, WINDOW).cases
    assert case.numbers == (0, 2, 4, 6, 8, 10)
    assert np.array_equal(case.labels, labels(8)[:6])
    assert np.array_equal(case.grey, patient(8).grey[:6])
    assert json.loads((out / "pseudo.json").read_text())["model"] == "a teacher"
    with pytest.raises(LearningError, match="is not empty"):
        pseudo_label(unlabelled, SureBelow(8, 6), WINDOW, out, cut=0.9, model="a teacher")


def test_pictures_of_another_window_are_not_learnt_from(unlabelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "pseudo"
    pseudo_label(unlabelled, SureBelow(8, 6), WINDOW, out, cut=0.9, model="a teacher")
    with pytest.raises(LearningError, match=r"level 60 HU and width 200 HU, .* level 40 HU and width 400 HU"):
        read_extra(out, Window(40, 400), VALUES)
    (out / "pseudo.json").write_text('{"model": "a teacher"}')
    with pytest.raises(LearningError, match="does not say in which window"):
        read_extra(out, WINDOW, VALUES)


def test_labels_of_ones_own_have_the_values_of_the_training_and_pseudo_labels_theirs(
    unlabelled: Path, tmp_path: Path
) -> None:
    pseudo_label(unlabelled, SureBelow(8, 6), WINDOW, tmp_path / "pseudo", cut=0.9, model="a teacher")
    (made,) = read_extra(tmp_path / "pseudo", WINDOW, {2: LIVER}).cases
    assert np.array_equal(made.labels, labels(8)[:6])
    save_pictures(tmp_path / "own", patient(8))
    (own,) = read_extra(tmp_path / "own", WINDOW, {2: LIVER}).cases
    assert np.array_equal(own.labels, (labels(8) == 2).astype(np.uint8))


def test_they_are_learnt_from_and_never_hide_a_patient_of_the_validation(unlabelled: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        save_pictures(tmp_path / "data", patient(seed))
    pseudo_label(unlabelled, SureBelow(8, 6), WINDOW, tmp_path / "pseudo", cut=0.9, model="a teacher")
    split = Split(("patient001",), ("patient002",))
    plan = usual_plan(
        "cnn", str(tmp_path / "data"), split, side=32, batch=1, examples=0, extra=str(tmp_path / "pseudo")
    )
    assert task_of(plan, data_of(plan)).steps == 16  # 10 slices and the 6 that were added
    save_pictures(tmp_path / "unlabelled2", patient(2, name="somebody"))
    pseudo_label(tmp_path / "unlabelled2", SureBelow(2, 9), WINDOW, tmp_path / "again", cut=0.5, model="a teacher")
    leaking = usual_plan("cnn", str(tmp_path / "data"), split, side=32, extra=str(tmp_path / "again"))
    with pytest.raises(LearningError, match="hold the same picture"):
        task_of(leaking, data_of(leaking))
