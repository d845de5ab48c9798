from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from core.errors import LearningError
from core.imaging.job import Limits
from core.imaging.window import Window
from core.learning.cases import hounsfield, label_map, targets
from core.learning.dataset import read_dataset
from core.learning.pairing import find_pairs
from tests.core.learning.shapes import SHAPE, labels, patient, save_pictures


def test_pictures_of_one_patient_are_stacked_in_the_order_of_their_slices(tmp_path: Path) -> None:
    for seed in (3, 4):
        save_pictures(tmp_path, patient(seed))
    data = read_dataset(tmp_path)
    assert data.patients == ("patient003", "patient004")
    assert data.cases[0].numbers == tuple(range(0, 20, 2))
    assert (data.cases[1].labels == labels(4)).all()
    assert (data.cases[1].grey == patient(4).grey).all()
    assert not data.cases[0].grid.has_spacing


def test_pictures_and_masks_side_by_side_are_matched_by_what_follows_img_and_mask(tmp_path: Path) -> None:
    for k in (2, 10):
        Image.fromarray(np.full((20, 31), 90 + k, np.uint8)).save(tmp_path / f"img_{k}.png")
        mask = np.zeros((20, 31), np.uint8)
        mask[4:9, 5:17] = 255
        Image.fromarray(mask).save(tmp_path / f"mask_{k}.png")
    (tmp_path / "patients.csv").write_text("name,patient\n2,ann\n10,ann\n")
    data = read_dataset(tmp_path, values={1: 2, 255: 2})
    (case,) = data.cases
    assert (case.patient, case.slices) == ("ann", 2)
    assert case.grey[:, 0, 0].tolist() == [92, 100]
    assert case.tumour_px.tolist() == [60, 60]


def test_a_ct_is_read_in_the_window_asked_for_with_its_spacing(tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    hu = np.full((4, 20, 30), -500, np.int16)
    hu[:, 5:15, 6:20] = 60
    for part, voxels in (("images", hu), ("labels", (hu > 0).astype(np.uint8))):
        image = SimpleITK.GetImageFromArray(voxels)
        image.SetSpacing((0.7, 0.9, 3.0))
        SimpleITK.WriteImage(image, str(tmp_path / part / "ct_7.nii.gz"))
    (case,) = read_dataset(tmp_path, Window(60, 200)).cases
    assert case.grid.spacing == pytest.approx((3.0, 0.9, 0.7))
    assert np.unique(case.grey).tolist() == [0, 128]  # 60 HU is the middle of the window: 127.5
    assert case.liver_px.tolist() == [140] * 4


def test_a_broken_picture_is_left_out_by_its_name_and_the_rest_is_used(tmp_path: Path) -> None:
    save_pictures(tmp_path, patient(3))
    bad = tmp_path / "images" / "patient003_slice006.png"
    bad.write_bytes(bad.read_bytes()[:200])
    data = read_dataset(tmp_path)
    assert data.cases[0].numbers == (0, 2, 4, 8, 10, 12, 14, 16, 18)
    (sentence,) = data.skipped
    assert sentence.startswith("patient003_slice006.png was left out: ")


def test_a_ct_that_is_too_large_is_left_out_by_its_name(tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    for name, depth in (("small", 3), ("huge", 40)):
        ct = np.random.default_rng(depth).integers(-50, 90, (depth, 20, 30)).astype(np.int16)
        for part, voxels in (("images", ct), ("labels", (ct > 20).astype(np.uint8))):
            SimpleITK.WriteImage(SimpleITK.GetImageFromArray(voxels), str(tmp_path / part / f"{name}.nii.gz"))
    data = read_dataset(tmp_path, limits=Limits(max_voxels=10_000))
    assert [case.name for case in data.cases] == ["small"]
    assert data.skipped[0].startswith("huge.nii.gz was left out: ")


def test_a_picture_without_a_mask_is_named(tmp_path: Path) -> None:
    save_pictures(tmp_path, patient(3))
    (tmp_path / "masks" / "patient003_slice004.png").unlink()
    data = read_dataset(tmp_path)
    assert data.skipped == ("patient003_slice004.png was left out: it has no partner of the same name.",)


def test_a_folder_without_pairs_says_how_it_should_look(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="Put images/NAME and masks/NAME"):
        find_pairs(tmp_path)


def test_targets_are_liver_with_its_tumours_and_tumour_and_come_back_as_labels() -> None:
    wanted = labels(3)
    both = targets(wanted)
    assert both.shape == (2, *SHAPE)
    assert both[0].sum() == (wanted > 0).sum()
    assert both[1].sum() == (wanted == 2).sum()
    assert (label_map(both) == wanted).all()


def test_grey_values_stand_for_the_hu_of_the_window() -> None:
    assert hounsfield(np.array([0, 51, 255], np.uint8), Window(60, 200)).tolist() == [-40, 0, 160]
