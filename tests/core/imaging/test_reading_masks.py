from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
from PIL import Image

from core.errors import GeometryError, ReadError
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from tests.core.imaging.dicom_files import write_series
from tests.core.imaging.nifti_files import SFORM, write_nifti
from tests.core.imaging.opening import opened, opened_mask

SHAPE = (5, 12, 14)
TURNED_BY_5_DEGREES = ((-0.79696, 0.06537, 0, 120.5), (-0.06972, -0.74715, 0, 90.25), (0, 0, 2.5, -300))


@pytest.fixture
def ct(tmp_path: Path) -> Volume:
    hu = np.random.default_rng(5).integers(-1000, 1200, SHAPE).astype(np.int16)
    write_series(tmp_path / "ct", hu)
    return opened(tmp_path / "ct")


@pytest.fixture
def labels() -> npt.NDArray[np.uint8]:
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[1:4, 2:9, 3:8] = 1
    drawn[2, 4:6, 4:7] = 2
    return drawn


@pytest.mark.parametrize("kind", ["u1", "i2", "f4", "f8"])
def test_labels_come_back_on_the_ct(tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8], kind: str) -> None:
    mask = opened_mask(write_nifti(tmp_path / "labels.nii.gz", labels.astype(kind)), ct)
    np.testing.assert_array_equal(mask.voxels, labels)
    assert mask.voxels.dtype == np.uint8
    assert mask.grid is ct.grid
    assert mask.notes == ()


@pytest.mark.parametrize("orientation", ["RAS", "LPI", "SLA", "PIR"])
def test_labels_in_another_orientation_are_turned(
    tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8], orientation: str
) -> None:
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing((0.8, 0.75, 2.5))
    image.SetOrigin((-120.5, -90.25, -300))
    turned = SimpleITK.DICOMOrient(image, orientation)
    SimpleITK.WriteImage(turned, str(tmp_path / "labels.nrrd"))
    np.testing.assert_array_equal(opened_mask(tmp_path / "labels.nrrd", ct).voxels, labels)


def test_labels_of_a_dicom_series_are_read(tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8]) -> None:
    write_series(tmp_path / "mask", labels.astype(np.int16) * 255 // 2 * 2, RescaleIntercept=0)
    with pytest.raises(ReadError, match="labels are whole numbers from 0 to 255"):
        opened_mask(tmp_path / "mask", ct)
    write_series(tmp_path / "mask", (labels > 0).astype(np.int16) * 255)
    mask = opened_mask(tmp_path / "mask", ct)
    np.testing.assert_array_equal(mask.voxels, labels > 0)


def test_255_becomes_1_with_a_note(tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8]) -> None:
    mask = opened_mask(write_nifti(tmp_path / "l.nii", (labels > 0).astype("u1") * np.uint8(255)), ct)
    np.testing.assert_array_equal(mask.voxels, labels > 0)
    assert mask.notes == ("The value 255 was read as label 1.",)


def test_nearly_whole_numbers_are_rounded_not_cut(tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8]) -> None:
    mask = opened_mask(write_nifti(tmp_path / "l.nii", labels.astype("f4") - np.float32(2e-4)), ct)
    np.testing.assert_array_equal(mask.voxels, labels)
    assert any("rounded" in note for note in mask.notes)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.linspace(0, 1, 840, dtype="f4"), r"not whole numbers, such as 0\.\d+"),
        (np.arange(840, dtype="i2") * 3 - 1000, "from -1000 to 1517; .* It looks like a CT: open it as the CT"),
        (np.arange(840, dtype="i4") % 3 + 70000, "from 70000 to 70002; labels are whole numbers from 0 to 255"),
        (np.arange(840, dtype="i2") % 2 - 1, "from -1 to 0; labels are whole numbers"),
        (np.where(np.arange(840) % 2, np.nan, 1).astype("f4"), "NaN or infinite"),
        ((np.arange(840) % 256).astype("u1"), "256 different values: it looks like a picture"),
    ],
)
def test_numbers_that_are_no_labels_are_refused(
    tmp_path: Path, ct: Volume, values: npt.NDArray[Any], sentence: str
) -> None:
    with pytest.raises(ReadError, match=rf"l\.nii .*{sentence}"):
        opened_mask(write_nifti(tmp_path / "l.nii", values.reshape(SHAPE)), ct)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sform": np.array(SFORM) + np.eye(3, 4, 3) * -7.5}, r"shifted by 7\.5, 0, 0 mm \(x, y, z\)"),
        ({"sform": np.array(SFORM) * (1, 1, -1, 1)}, r"shifted by 0, 0, -10 mm"),
        (
            {"sform": np.array(SFORM) * (1, 1, 2, 1), "pixdim": (1, 0.8, 0.75, 5, 0, 0, 0, 0)},
            r"measure 5 × 0\.75 × 0\.8 mm, those of the CT 2\.5 × 0\.75 × 0\.8 mm",
        ),
        (
            {"sform": TURNED_BY_5_DEGREES},
            "it is turned: corners lie up to",
        ),
    ],
)
def test_labels_on_another_grid_are_refused_with_the_difference(
    tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8], change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(GeometryError, match=rf"l\.nii lies on another grid than the CT.*{sentence}.*resample"):
        opened_mask(write_nifti(tmp_path / "l.nii", labels, **change), ct)


def test_labels_of_another_size_are_refused(tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(GeometryError, match="holds 4 × 12 × 14 voxels, the CT 5 × 12 × 14"):
        opened_mask(write_nifti(tmp_path / "l.nii", labels[:4]), ct)


def test_a_thousandth_of_a_voxel_is_forgiven_without_a_word(
    tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8]
) -> None:
    near = np.array(SFORM) + np.eye(3, 4, 3) * 0.0005
    mask = opened_mask(write_nifti(tmp_path / "l.nii", labels, sform=near), ct)
    np.testing.assert_array_equal(mask.voxels, labels)
    assert mask.notes == ()


@pytest.mark.parametrize("orientation", ["LPS", "RAS", "SLA"])
def test_labels_a_little_beside_the_voxels_are_moved_onto_them_with_a_note(
    tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8], orientation: str
) -> None:
    image = SimpleITK.GetImageFromArray(labels)
    # 1 % of a voxel too wide: 13 steps of 0.8 mm end 0.026 mm too far left, and all lies 0.12 mm too high.
    image.SetSpacing((0.802, 0.75, 2.5))
    image.SetOrigin((-120.5, -90.25, -299.88))
    SimpleITK.WriteImage(SimpleITK.DICOMOrient(image, orientation), str(tmp_path / "l.nrrd"))
    mask = opened_mask(tmp_path / "l.nrrd", ct)
    np.testing.assert_array_equal(mask.voxels, labels)
    assert mask.grid is ct.grid
    [note] = mask.notes
    assert note.startswith("l.nrrd lies up to 0.123 mm beside the voxels of the CT")  # √(0.12² + 0.026²)


@pytest.mark.parametrize("off", [0.06 * 0.8, 0.4, 0.8])
def test_labels_further_away_are_refused(tmp_path: Path, ct: Volume, labels: npt.NDArray[np.uint8], off: float) -> None:
    far = np.array(SFORM) + np.eye(3, 4, 3) * off
    with pytest.raises(GeometryError, match=r"l\.nii lies on another grid than the CT.*shifted"):
        opened_mask(write_nifti(tmp_path / "l.nii", labels, sform=far), ct)


def test_a_slice_of_another_thickness_is_refused(tmp_path: Path, ct: Volume) -> None:
    write_series(tmp_path / "one", ct.hu[:1])
    thick = {"sform": np.array(SFORM) * [[1], [1], [1.2]] + [[0] * 4, [0] * 4, [0, 0, 0, 60]]}
    path = write_nifti(tmp_path / "l.nii", np.ones((1, 12, 14), "u1"), pixdim=(1, 0.8, 0.75, 3, 0, 0, 0, 0), **thick)
    with pytest.raises(GeometryError, match=r"measure 3 × 0\.75 × 0\.8 mm, those of the CT 2\.5"):
        opened_mask(path, opened(tmp_path / "one"))


def unmeasured() -> Volume:
    """A CT of ``SHAPE`` in L-P-S that says how the patient lies but not how large a voxel is."""
    grid = Grid.from_geometry(SHAPE, has_spacing=False)
    hu = np.random.default_rng(5).integers(-1000, 1200, SHAPE).astype(np.int16)
    return Volume.from_file(hu, Source("made", "sample", grid))


@pytest.mark.parametrize("orientation", ["LPS", "RAS", "LPI", "SLA", "PIR"])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_labels_on_a_volume_without_spacing_are_turned_as_they_say(
    tmp_path: Path, labels: npt.NDArray[np.uint8], orientation: str, suffix: str
) -> None:
    image = SimpleITK.DICOMOrient(SimpleITK.GetImageFromArray(labels), orientation)
    SimpleITK.WriteImage(image, str(tmp_path / f"l{suffix}"))
    mask = opened_mask(tmp_path / f"l{suffix}", unmeasured())
    np.testing.assert_array_equal(mask.voxels, labels)
    assert mask.notes == ()


def test_labels_of_another_size_than_a_volume_without_spacing_are_refused(
    tmp_path: Path, labels: npt.NDArray[np.uint8]
) -> None:
    with pytest.raises(GeometryError, match=r"l\.nii holds 5 × 14 × 12 voxels, the image 5 × 12 × 14"):
        opened_mask(write_nifti(tmp_path / "l.nii", labels.transpose(0, 2, 1)), unmeasured())


def test_labels_without_a_direction_are_taken_in_the_order_of_the_file_with_a_note(
    tmp_path: Path, labels: npt.NDArray[np.uint8]
) -> None:
    path = write_nifti(tmp_path / "l.nii", labels, sform_code=0)
    mask = opened_mask(path, unmeasured())
    np.testing.assert_array_equal(mask.voxels, labels)
    assert any(note.startswith("l.nii does not say how its voxels lie: they were taken") for note in mask.notes)


def test_labels_with_a_direction_on_an_image_without_one_are_laid_with_a_note(tmp_path: Path, picture: Volume) -> None:
    drawn = np.zeros((3, 9, 14), np.uint8)
    drawn[1, 2:5, 3:9] = 2
    image = SimpleITK.DICOMOrient(SimpleITK.GetImageFromArray(drawn), "RAS")
    SimpleITK.WriteImage(image, str(tmp_path / "l.nrrd"))
    mask = opened_mask(tmp_path / "l.nrrd", picture)
    np.testing.assert_array_equal(mask.voxels, drawn)
    [note] = mask.notes
    assert note.startswith("The image does not say how the patient lies, l.nrrd does")


@pytest.fixture
def picture(tmp_path: Path) -> Volume:
    for n in (1, 2, 10):
        Image.fromarray(np.full((9, 14), 20 * n, np.uint8)).save(tmp_path / f"slice{n}.png")
    return opened([tmp_path / f"slice{n}.png" for n in (1, 2, 10)])


def test_labels_on_pictures_are_matched_by_size(tmp_path: Path, picture: Volume) -> None:
    drawn = np.zeros((3, 9, 14), np.uint8)
    drawn[1, 2:5, 3:9] = 2
    (tmp_path / "masks").mkdir()
    for n, z in ((1, 0), (2, 1), (10, 2)):
        Image.fromarray(drawn[z]).save(tmp_path / "masks" / f"m{n}.png")
    np.testing.assert_array_equal(opened_mask(tmp_path / "masks", picture).voxels, drawn)
    np.testing.assert_array_equal(opened_mask(write_nifti(tmp_path / "m.nii", drawn), picture).voxels, drawn)
    with pytest.raises(GeometryError, match="holds 1 × 9 × 14 voxels, the image 3 × 9 × 14"):
        opened_mask(tmp_path / "masks" / "m1.png", picture)


def test_the_numbers_of_a_palette_are_the_labels(tmp_path: Path, picture: Volume) -> None:
    drawn = np.zeros((9, 14), np.uint8)
    drawn[2:5, 3:9] = 2
    mask = Image.fromarray(drawn, "L").convert("P")
    mask.putdata(drawn.reshape(-1).tolist())
    mask.putpalette([0, 0, 0, 0, 255, 0, 255, 0, 0])
    mask.save(tmp_path / "m.png")
    one = opened(tmp_path / "slice1.png")
    np.testing.assert_array_equal(opened_mask(tmp_path / "m.png", one).voxels[0], drawn)


def test_black_and_white_pictures_are_labels(tmp_path: Path, picture: Volume) -> None:
    drawn = np.zeros((9, 14), bool)
    drawn[2:5, 3:9] = True
    one = opened(tmp_path / "slice1.png")
    for mode in ("1", "L", "RGB"):
        Image.fromarray(drawn).convert(mode).save(tmp_path / "m.png")
        np.testing.assert_array_equal(opened_mask(tmp_path / "m.png", one).voxels[0], drawn)


def test_pictures_that_are_no_labels_are_refused(tmp_path: Path, picture: Volume, ct: Volume) -> None:
    colours = np.zeros((9, 14, 3), np.uint8)
    colours[2:5, 3:9, 0] = 255
    colours[3, 4, 1] = 255
    Image.fromarray(colours).save(tmp_path / "m.png")
    Image.fromarray(colours).save(tmp_path / "m.jpg")
    with pytest.raises(ReadError, match=r"m\.png shows labels as colours"):
        opened_mask(tmp_path / "m.png", picture)
    with pytest.raises(ReadError, match=r"m\.jpg is a JPG"):
        opened_mask(tmp_path / "m.jpg", picture)
    Image.fromarray(colours[..., 0]).save(tmp_path / "m.png")
    with pytest.raises(GeometryError, match=r"m\.png does not say where its voxels lie"):
        opened_mask(tmp_path / "m.png", ct)
