import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from core.errors import GeometryError, WriteError
from core.imaging.grid import Grid
from core.imaging.label import Label
from core.imaging.volume import Mask, Source, Volume
from core.imaging.writing import mask_bytes, write_mask

RAS = np.array([[0, 0, -1], [0, -1, 0], [1, 0, 0]])


def case(shape: tuple[int, int, int] = (3, 4, 5)) -> tuple[Volume, Mask]:
    """A RAS file of unequal spacing, and a mask on its first slice, front right corner."""
    grid = Grid.from_geometry(shape, (5.0, 0.8, 0.7), (10, 20, 30), RAS)
    volume = Volume.from_file(np.zeros(shape, dtype=np.int16), Source("test", "NIfTI", grid))
    voxels = np.zeros(shape, dtype=np.uint8)
    voxels[0, 0, 0] = 2
    return volume, Mask(voxels, volume.grid)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".mha"])
def test_a_mask_is_written_in_the_order_of_its_file(tmp_path: Path, suffix: str) -> None:
    volume, mask = case()
    image = SimpleITK.ReadImage(str(write_mask(mask, volume, tmp_path / f"m{suffix}")))
    assert image.GetPixelID() == SimpleITK.sitkUInt8
    assert image.GetPixel(4, 3, 0) == 2  # rows and columns of the file run the other way
    assert SimpleITK.GetArrayFromImage(image).sum() == 2
    assert image.GetSpacing() == pytest.approx((0.7, 0.8, 5.0))
    assert image.GetDirection() == pytest.approx((-1, 0, 0, 0, -1, 0, 0, 0, 1))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize(("has_spacing", "unit"), [(True, 2), (False, 0)])
def test_a_nifti_claims_millimetres_only_if_they_are_known(
    tmp_path: Path, suffix: str, has_spacing: bool, unit: int
) -> None:
    grid = Grid.from_geometry((3, 4, 5), direction=RAS, has_spacing=has_spacing)
    volume = Volume.from_file(np.zeros(grid.shape, np.int16), Source("test", "sample", grid))
    voxels = np.zeros(grid.shape, np.uint8)
    voxels[0, 1, 2] = 7
    path = write_mask(Mask(voxels, volume.grid), volume, tmp_path / f"m{suffix}")
    data = path.read_bytes()
    head = gzip.decompress(data) if suffix == ".nii.gz" else data
    assert head[123] & 7 == unit  # xyzt_units: 0 unknown, 2 mm
    assert head[344:348] == b"n+1\0"
    image = SimpleITK.ReadImage(str(path))
    assert image.GetPixel(2, 2, 0) == 7
    assert image.GetDirection() == pytest.approx((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    assert list(tmp_path.iterdir()) == [path]


def test_a_bool_mask_is_written_as_0_and_1(tmp_path: Path) -> None:
    volume, mask = case()
    path = write_mask(Mask(mask.voxels > 0, mask.grid), volume, tmp_path / "m.nrrd")
    assert SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).max() == 1


def test_slicer_finds_names_colours_and_values(tmp_path: Path) -> None:
    volume, mask = case()
    labels = (Label(2, "tumour", (255, 0, 51)), Label(7, "left kidney", (0, 255, 0)))
    image = SimpleITK.ReadImage(str(write_mask(mask, volume, tmp_path / "m.seg.nrrd", labels)))
    assert image.GetMetaData("Segment0_Name") == "tumour"
    assert image.GetMetaData("Segment0_Color") == "1.000000 0.000000 0.200000"
    assert image.GetMetaData("Segment1_LabelValue") == "7"
    assert image.GetMetaData("Segment1_Extent") == "0 4 0 3 0 2"


def test_a_download_holds_what_the_file_would(tmp_path: Path) -> None:
    volume, mask = case()
    data = mask_bytes(mask, volume, ".nii")
    assert data == write_mask(mask, volume, tmp_path / "m.nii").read_bytes()


def test_a_mask_of_one_slice_can_be_a_png_of_label_values(tmp_path: Path) -> None:
    volume, mask = case((1, 4, 5))
    picture = np.asarray(Image.open(write_mask(mask, volume, tmp_path / "m.png")))
    assert picture.shape == (4, 5)
    assert picture[3, 4] == 2


def test_a_png_cannot_hold_a_stack(tmp_path: Path) -> None:
    volume, mask = case()
    with pytest.raises(WriteError, match="one slice, the mask has 3"):
        write_mask(mask, volume, tmp_path / "m.png")
    assert list(tmp_path.iterdir()) == []


def test_capitals_in_the_ending_do_not_matter(tmp_path: Path) -> None:
    volume, mask = case()
    assert write_mask(mask, volume, tmp_path / "M.NII.GZ").is_file()


@pytest.mark.parametrize("name", ["mask.jpg", "mask", "mask.gz"])
def test_an_unknown_ending_is_answered_with_the_known_ones(tmp_path: Path, name: str) -> None:
    volume, mask = case()
    with pytest.raises(WriteError, match=r"ends in \.nii\.gz, \.nii"):
        write_mask(mask, volume, tmp_path / name)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    volume, mask = case()
    with pytest.raises(WriteError, match="nowhere does not exist"):
        write_mask(mask, volume, tmp_path / "nowhere" / "m.nii")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, mask = case()
    path = tmp_path / "m.nii"
    path.write_bytes(b"precious")

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr(SimpleITK, "WriteImage", full)
    with pytest.raises(WriteError, match="free space"):
        write_mask(mask, volume, path)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".mha"])
def test_a_mask_of_which_a_full_disk_took_only_a_part_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """ITK says nothing then; here the file is cut short behind its back."""
    volume, mask = case((7, 30, 40))
    noise = Mask(np.random.default_rng(1).integers(0, 3, (7, 30, 40)).astype(np.uint8), mask.grid)
    write = SimpleITK.WriteImage

    def write_a_part(image: Any, path: str, **options: Any) -> None:
        write(image, path, **options)
        Path(path).write_bytes(Path(path).read_bytes()[:-1000])

    monkeypatch.setattr(SimpleITK, "WriteImage", write_a_part)
    with pytest.raises(WriteError, match="the disk did not take all of it"):
        write_mask(noise, volume, tmp_path / f"m{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    volume, mask = case()
    (tmp_path / "m.nii").mkdir()
    with pytest.raises(WriteError, match="could not be saved"):
        write_mask(mask, volume, tmp_path / "m.nii")


def test_a_mask_of_another_image_is_refused(tmp_path: Path) -> None:
    volume, _ = case()
    grid = Grid.from_geometry(volume.grid.shape, volume.grid.spacing)
    with pytest.raises(GeometryError, match="image it was drawn on"):
        write_mask(Mask(np.zeros(grid.shape, dtype=bool), grid), volume, tmp_path / "m.nii")
    assert list(tmp_path.iterdir()) == []
