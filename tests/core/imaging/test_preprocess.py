import numpy as np
import pytest

from core.errors import GeometryError
from core.imaging.grid import Grid
from core.imaging.preprocess import (
    Preprocessing,
    normalise,
    preprocess,
    resample_mask,
    resampled_grid,
)
from core.imaging.volume import Mask, Source, Volume
from core.imaging.writing import on_file_grid

RAS = np.array([[0, 0, -1], [0, -1, 0], [1, 0, 0]])


def volume(hu: np.ndarray, has_spacing: bool = True) -> Volume:
    grid = Grid.from_geometry(hu.shape, (4.0, 1.0, 0.5), (10, 20, 30), RAS, has_spacing)
    return Volume.from_file(hu.astype(np.int16), Source("test", "NIfTI", grid))


def ramp() -> Volume:
    """HU = 8 per slice, 3 per row, 2 per column."""
    z, y, x = np.ogrid[:6, :8, :10]
    return volume(8 * z + 3 * y + 2 * x)


def test_without_steps_the_volume_itself_comes_back() -> None:
    ct = ramp()
    assert preprocess(ct, Preprocessing()) is ct


@pytest.mark.parametrize("how", ["median", "curvature flow"])
def test_denoising_calms_noise_and_leaves_grid_and_ct_alone(how: str) -> None:
    noisy = volume(np.random.default_rng(5).normal(100, 20, (3, 30, 40)))
    before = noisy.hu.copy()
    calm = preprocess(noisy, Preprocessing(denoise=how))  # type: ignore[arg-type]
    assert calm.hu.std() < 0.7 * noisy.hu.std()
    assert abs(calm.hu.mean() - noisy.hu.mean()) < 1
    assert calm.grid is noisy.grid
    assert (noisy.hu == before).all()
    assert how in calm.source.notes[-1]


def test_the_median_of_nine_pixels_by_hand() -> None:
    hu = np.zeros((2, 5, 6))
    hu[1, 1:4, 1:4] = [[1, 2, 3], [40, 900, 60], [7, 8, 9]]
    ct = volume(hu)  # the file is RAS: rows and columns turn round, the middle pixel moves to (2, 3)
    assert preprocess(ct, Preprocessing(denoise="median")).hu[1, 2, 3] == 8


def test_denoising_does_not_mix_slices() -> None:
    hu = np.zeros((3, 12, 14))
    hu[1] = 1000
    for how in ("median", "curvature flow"):
        calm = preprocess(volume(hu), Preprocessing(denoise=how))  # type: ignore[arg-type]
        assert (calm.hu[1] == 1000).all()
        assert (calm.hu[[0, 2]] == 0).all()


def test_a_mask_drawn_on_a_denoised_image_is_saved_on_the_files_grid() -> None:
    calm = preprocess(ramp(), Preprocessing(denoise="median"))
    mask = np.zeros(calm.grid.shape, dtype=bool)
    mask[0, 0, 0] = True
    assert np.argwhere(on_file_grid(Mask(mask, calm.grid), calm)).tolist() == [[0, 7, 9]]


def test_a_resampled_grid_covers_the_same_box() -> None:
    grid = Grid.from_geometry((6, 8, 10), (4.0, 1.0, 0.5), (10, 20, 30))
    finer = resampled_grid(grid, (2.0, 0.5, 1.0))
    assert finer.shape == (12, 16, 5)
    assert finer.spacing == pytest.approx((2.0, 0.5, 1.0))
    # The outer edges are x 9.75, y 19.5, z 28; the first centre lies half a new voxel inside.
    assert finer.to_world((0, 0, 0)) == pytest.approx([9.75 + 0.5, 19.5 + 0.25, 28 + 1])


def test_resampling_a_ramp_gives_the_values_in_between() -> None:
    ct = ramp()
    finer = preprocess(ct, Preprocessing(spacing_mm=(2.0, 1.0, 0.5)))
    assert finer.hu.shape == (12, 8, 10)
    # New slices 1 and 2 lie at 1/4 and 3/4 of the way from slice 0 to slice 1, 8 HU higher.
    assert (finer.hu[1] - ct.hu[0] == 2).all()
    assert (finer.hu[2] - ct.hu[0] == 6).all()
    assert (finer.hu[0] == ct.hu[0]).all(), "half a voxel beyond the last centre the last value holds"


def test_a_resampled_image_is_a_new_image_that_says_so() -> None:
    finer = preprocess(ramp(), Preprocessing(spacing_mm=(2.0, 1.0, 0.5)))
    assert finer.source.grid.matches(finer.grid)
    assert "resampled from 4.00 × 1.00 × 0.50 mm to 2.00 × 1.00 × 0.50 mm" in finer.source.notes[-1]


def test_a_mask_goes_to_a_finer_grid_and_back_unchanged() -> None:
    grid = ramp().grid
    mask = Mask(np.random.default_rng(2).integers(0, 4, grid.shape).astype(np.uint8), grid)
    finer = resample_mask(mask, resampled_grid(grid, (2.0, 0.5, 0.25)))
    assert finer.voxels.shape == (12, 16, 20)
    assert (resample_mask(finer, grid).voxels == mask.voxels).all()


def test_a_bool_mask_stays_bool() -> None:
    grid = ramp().grid
    assert resample_mask(Mask(np.ones(grid.shape, dtype=bool), grid), grid).voxels.dtype == np.bool_


def test_resampling_needs_a_voxel_size() -> None:
    with pytest.raises(GeometryError, match="voxel size of this image is not known"):
        preprocess(volume(np.zeros((3, 4, 5)), has_spacing=False), Preprocessing(spacing_mm=(1, 1, 1)))


@pytest.mark.parametrize("spacing", [(0, 1, 1), (-1, 1, 1), (1, float("nan"), 1)])
def test_a_voxel_must_have_a_size(spacing: tuple[float, float, float]) -> None:
    with pytest.raises(GeometryError, match="three positive lengths"):
        preprocess(ramp(), Preprocessing(spacing_mm=spacing))


def test_voxels_that_would_fill_the_memory_are_refused() -> None:
    with pytest.raises(GeometryError, match="million voxels"):
        preprocess(ramp(), Preprocessing(spacing_mm=(0.01, 0.01, 0.01)))


def test_progress_rises_to_1_and_can_stop_the_work() -> None:
    seen: list[float] = []
    preprocess(ramp(), Preprocessing("median", spacing_mm=(2, 1, 1)), lambda share, what: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1

    def stop(share: float, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        preprocess(ramp(), Preprocessing("median"), stop)


def test_normalising_by_hand() -> None:
    values = np.array([[2, 4, 4, 4, 5, 5, 7, 9]], dtype=np.int16)  # mean 5, standard deviation 2
    assert normalise(values, "z-score").tolist() == [[-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]]
    assert normalise(values, "min-max") == pytest.approx((values - 2) / 7)


@pytest.mark.parametrize("method", ["z-score", "min-max"])
def test_a_constant_picture_normalises_to_zero(method: str) -> None:
    assert (normalise(np.full((3, 4), 7), method) == 0).all()  # type: ignore[arg-type]


def test_a_normalised_copy_has_no_hounsfield_units_and_leaves_the_ct_alone() -> None:
    hu = np.array([[[0, 20, 100, 80]]], dtype=np.int16)
    grid = Grid.from_geometry((1, 1, 4), spacing=(3.0, 0.9, 0.7))
    volume = Volume(hu, grid, Source("case", "NIfTI", grid, "CT"))
    copy = preprocess(volume, Preprocessing(normalise="min-max"))
    assert copy.hu.tolist() == [[[0, 200, 1000, 800]]]
    assert not copy.has_hu
    assert "no Hounsfield units" in copy.source.notes[-1]
    assert volume.hu.tolist() == [[[0, 20, 100, 80]]]


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (Preprocessing(denoise="median"), "test, denoised"),
        (Preprocessing(spacing_mm=(2.0, 1.0, 0.5)), "test, resampled"),
        (Preprocessing(normalise="z-score"), "test, normalised"),
        (Preprocessing("median", "min-max", (2.0, 1.0, 0.5)), "test, denoised, resampled, normalised"),
    ],
)
def test_a_copy_is_named_by_what_was_done_to_it(steps: Preprocessing, name: str) -> None:
    ct = ramp()
    assert preprocess(ct, steps).source.name == name
    assert ct.source.name == "test"


@pytest.mark.parametrize("wrong", [{"denoise": "gauss"}, {"normalise": "l2"}])
def test_an_unknown_step_is_a_programmers_mistake(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        Preprocessing(**wrong)  # type: ignore[arg-type]
