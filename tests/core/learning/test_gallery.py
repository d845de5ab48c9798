from pathlib import Path

import numpy as np
import pytest

from core.errors import LearningError
from core.imaging.volume import LIVER, TUMOUR
from core.learning.gallery import Exhibits, dice_words, open_case
from core.scoring.errormap import COLOURS, Outcome
from tests.core.learning.studies import CASE, SLICES, save_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    return save_study(place / "study", place / "data")


@pytest.fixture(scope="module")
def here(folder: Path) -> Exhibits:
    return open_case(folder, CASE)


def has(picture: np.ndarray, outcome: Outcome) -> bool:
    return bool((picture == COLOURS[outcome]).all(axis=2).any())


def test_a_case_comes_with_what_every_model_found(here: Exhibits) -> None:
    assert set(here.found) == {"unet", "cnn"}
    assert here.slices.tolist() == SLICES.tolist()
    assert here.sizes.tolist() == [0, here.case.tumour_px[3], 0]  # tumour lies on slice 3 alone
    assert here.fullest == 1
    assert here.worst("cnn", TUMOUR) == 1
    assert here.worst("unet", TUMOUR) == 1, "nothing is wrong: the fullest"


def test_a_name_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    name = "liver[2]"
    folder = save_study(tmp_path / "study", tmp_path / "data", name)
    found = open_case(folder, name)
    assert set(found.found) == {"unet", "cnn"}


def test_a_slice_says_what_was_found_made_up_and_missed(here: Exhibits) -> None:
    tumour = int(here.case.tumour_px[3])
    missed = here.counts("cnn", 1, TUMOUR)
    assert (missed.tp, missed.fp, missed.fn) == (0, 0, tumour)
    assert dice_words(missed) == "0.00"
    assert here.counts("cnn", 1, LIVER).dice == 1, "liver means liver with its tumours"
    assert dice_words(here.counts("cnn", 0, TUMOUR)) == "–"


def test_errors_have_the_colours_of_the_error_map(here: Exhibits) -> None:
    frame = here.frame(96)
    right = here.picture(1, "unet", TUMOUR, frame=frame)
    wrong = here.picture(1, "cnn", TUMOUR, frame=frame)
    assert right.shape == wrong.shape
    assert right.shape[0] == 96
    assert has(right, Outcome.TRUE_POSITIVE)
    assert not has(right, Outcome.FALSE_NEGATIVE)
    assert has(wrong, Outcome.FALSE_NEGATIVE)
    bare = here.picture(1, bare=True, frame=frame)
    assert (bare[..., 0] == bare[..., 2]).all()
    assert not np.array_equal(here.picture(1, frame=frame), bare)


def test_without_findings_or_data_a_case_cannot_be_shown(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="Nothing in data can be used"):
        open_case(folder, "p1")
    with pytest.raises(LearningError, match="is no folder"):
        open_case(save_study(tmp_path / "study"), CASE)
