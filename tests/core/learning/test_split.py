from pathlib import Path

import numpy as np
import pytest

from core.errors import LearningError
from core.learning.dataset import Dataset
from core.learning.split import Split, check, folds
from tests.core.learning.shapes import WINDOW, dataset, patient


def test_every_patient_is_tested_on_once_and_never_learnt_from_in_that_fold() -> None:
    data = dataset(*range(9), healthy=(2, 5))
    splits = folds(data, 3, np.random.default_rng(1), validation=1)
    assert sorted(name for split in splits for name in split.test) == sorted(data.patients)
    for split in splits:
        assert len({*split.train, *split.validation, *split.test}) == 9
        assert (len(split.train), len(split.validation), len(split.test)) == (5, 1, 3)


def test_every_fold_is_given_patients_with_much_and_with_no_tumour() -> None:
    data = dataset(*range(8), healthy=(0, 1))
    for split in folds(data, 2, np.random.default_rng(3), validation=1):
        assert sum(name in ("patient000", "patient001") for name in split.test) == 1


def test_the_same_seed_deals_the_same_folds() -> None:
    data = dataset(*range(7))
    first, second = (folds(data, 2, np.random.default_rng(5)) for _ in range(2))
    assert first == second


def test_a_patient_on_both_sides_is_an_error() -> None:
    with pytest.raises(LearningError, match="Patient patient001 is in train and in test"):
        check(Split(("patient000", "patient001"), (), ("patient001",)), dataset(0, 1))


def test_the_same_picture_under_two_names_on_both_sides_is_an_error() -> None:
    twice = Dataset((patient(0), patient(1), patient(0, name="john")), WINDOW)
    with pytest.raises(LearningError, match=r"patient000 \(train\) and john \(test\) hold the same picture"):
        check(Split(("patient000", "patient001"), (), ("john",)), twice)


def test_a_split_names_only_patients_there_are() -> None:
    with pytest.raises(LearningError, match="names nobody"):
        check(Split(("patient000", "nobody")), dataset(0, 1))


def test_too_few_patients_for_the_folds_are_counted() -> None:
    with pytest.raises(LearningError, match="2 patients are too few for 2 folds"):
        folds(dataset(0, 1), 2, np.random.default_rng(0))


def test_a_split_is_read_as_it_was_saved(tmp_path: Path) -> None:
    split = Split(("a", "b"), ("c",), ("d",))
    split.save(tmp_path / "split.json")
    assert Split.read(tmp_path / "split.json") == split


def test_a_file_that_is_no_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text("[1]")
    with pytest.raises(LearningError, match="is no split of patients"):
        Split.read(tmp_path / "split.json")
