from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ReadError
from core.imaging.job import Limits
from core.imaging.volume import Intensity
from tests.core.imaging.opening import opened

GREY = (np.arange(14 * 9) * 2 % 256).astype(np.uint8).reshape(9, 14)


@pytest.mark.parametrize("name", ["slice.png", "slice.webp"])
def test_a_picture_is_one_slice_without_units(tmp_path: Path, name: str) -> None:
    Image.fromarray(GREY).convert("RGB").save(tmp_path / name, lossless=True)
    volume = opened(tmp_path / name)
    np.testing.assert_array_equal(volume.hu, GREY[None])
    assert volume.intensity is Intensity.PICTURE
    assert not volume.grid.has_spacing
    assert volume.grid.orientation == "LPS"
    assert volume.source.name == name
    assert any("Hounsfield units and millimetres are unknown" in note for note in volume.source.notes)
    assert not any("Colours" in note for note in volume.source.notes)


def test_a_jpg_is_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 14), 77, np.uint8)).save(tmp_path / "slice.jpg")
    assert (opened(tmp_path / "slice.jpg").hu == 77).all()


def test_pictures_are_stacked_in_natural_order(tmp_path: Path) -> None:
    for n in (1, 2, 10):
        Image.fromarray(np.full((9, 14), n, np.uint8)).save(tmp_path / f"slice{n}.png")
    volume = opened(tmp_path)
    assert list(volume.hu[:, 0, 0]) == [1, 2, 10]
    assert volume.source.name == "slice1.png and 2 more"
    assert any("3 pictures were stacked in the order of their names" in note for note in volume.source.notes)


def test_colours_become_grey_with_a_note(tmp_path: Path) -> None:
    colours = np.zeros((9, 14, 3), np.uint8)
    colours[..., 0] = 200
    Image.fromarray(colours).save(tmp_path / "slice.png")
    volume = opened(tmp_path / "slice.png")
    assert volume.hu[0, 0, 0] == 60  # 0.299 · 200
    assert any(note.startswith("Colours were turned into grey") for note in volume.source.notes)


def test_sixteen_bits_are_scaled_with_a_note(tmp_path: Path) -> None:
    deep = np.linspace(1000, 5000, 9 * 14).reshape(9, 14).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "slice.png")
    volume = opened(tmp_path / "slice.png")
    assert (volume.hu.min(), volume.hu.max()) == (0, 255)
    assert any("scaled to 0–255" in note for note in volume.source.notes)


def test_pictures_of_different_sizes_are_refused(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(GREY.T).save(tmp_path / "b.png")
    with pytest.raises(ReadError, match=r"b\.png measures 9 × 14 pixels, but a\.png 14 × 9"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["slice.png", "slice.jpg", "slice.webp"])
@pytest.mark.parametrize("left", [0.5, 0.9])
def test_a_truncated_picture_is_refused(tmp_path: Path, name: str, left: float) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(1).integers(0, 256, (90, 140)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(ReadError, match=rf"{name} is a damaged or incomplete picture"):
        opened(path)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((9, 14), n, np.uint8)) for n in (0, 200)]
    frames[0].save(tmp_path / "film.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(ReadError, match=r"film\.webp is an animation"):
        opened(tmp_path / "film.webp")


def test_a_picture_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "slice.png")
    with pytest.raises(ReadError, match=r"slice\.png claims 14 × 9 pixels"):
        opened(tmp_path / "slice.png", limits=Limits(max_voxels=300))
    for n in range(4):
        Image.fromarray(GREY).save(tmp_path / f"slice{n}.png")
    with pytest.raises(ReadError, match="630 voxels; at most 600"):
        opened(tmp_path, limits=Limits(max_voxels=600))


def test_an_empty_picture_among_others_is_not_passed_over(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.raises(ReadError, match=r"2\.png is empty"):
        opened(tmp_path)


def test_a_web_page_in_place_of_a_picture_is_not_passed_over(tmp_path: Path) -> None:
    for n in range(5):
        Image.fromarray(GREY).save(tmp_path / f"s{n}.png")
    (tmp_path / "s2.png").write_text("<html>504</html>")
    with pytest.raises(ReadError, match=r"s2\.png does not hold a picture,"):
        opened(tmp_path)
    (tmp_path / "s2.png").rename(tmp_path / "order.txt")
    assert opened(tmp_path).slices == 4
