"""What can be taken away of a case, made when it is asked for."""

import gzip
import io
import json

import numpy as np
import pytest
from PIL import Image

from core.imaging.grid import Grid
from core.imaging.volume import TUMOUR, Source, Volume
from pages.ui.exporting import exported, file_name
from pages.ui.state import AppState, Case

SHAPE = (5, 20, 30)
NIFTI_HEADER = 352


@pytest.fixture
def case() -> Case:
    grid = Grid.from_geometry(SHAPE, (3.0, 0.9, 0.7))
    case = Case.of(Volume(np.zeros(SHAPE, np.int16), grid, Source("Meyer Anna", "NIfTI", grid)))
    draw(case, 3)
    return case


def draw(case: Case, z: int) -> None:
    mask = np.zeros(SHAPE[1:], bool)
    mask[4:9, 5:12] = True
    case.annotation.draw({z: mask}, "paint", label=TUMOUR)


def voxels(case: Case) -> np.ndarray:
    made = exported(AppState(), case, "labels.nii.gz")
    assert made is not None
    return np.frombuffer(gzip.decompress(made), np.uint8, offset=NIFTI_HEADER).reshape(SHAPE)


def test_labels_hold_what_is_drawn_at_the_moment_they_are_asked_for(case: Case) -> None:
    assert np.flatnonzero(voxels(case).any(axis=(1, 2))).tolist() == [3]
    draw(case, 1)
    assert np.flatnonzero(voxels(case).any(axis=(1, 2))).tolist() == [1, 3]
    assert (voxels(case) == TUMOUR).sum() == 2 * 5 * 7
    case.annotation.undo()
    assert np.flatnonzero(voxels(case).any(axis=(1, 2))).tolist() == [3]


def test_the_picture_is_of_the_slice_that_its_name_counts_from_one(case: Case) -> None:
    case.z = 0
    coloured = []
    for number in (1, 4):
        made = exported(AppState(), case, f"slice{number}.png")
        assert made is not None
        picture = np.asarray(Image.open(io.BytesIO(made)).convert("RGB")).astype(int)
        coloured.append(bool((np.ptp(picture, axis=2) > 40).any()))
    assert coloured == [False, True]
    assert case.z == 0, "an export has moved the reader"


def test_prompts_are_the_record_of_what_was_drawn(case: Case) -> None:
    made = exported(AppState(), case, "prompts.json")
    assert made is not None
    (drawn,) = json.loads(made)["objects"]
    assert [outline["slice"] for outline in drawn["slices"]] == [4]


@pytest.mark.parametrize("file", ["labels.dcm", "slice0.png", "slice6.png", "slice1.jpg", "../secret", ""])
def test_there_is_no_other_file(case: Case, file: str) -> None:
    assert exported(AppState(), case, file) is None


def test_a_name_says_nothing_of_the_patient(case: Case) -> None:
    name = file_name(case, "labels.nii.gz")
    assert name == f"lobule-{case.volume.key[:8]}-labels.nii.gz"
    assert "meyer" not in name.lower()
