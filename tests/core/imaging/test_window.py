import gc
import weakref

import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.imaging.window import Window, slice_picture, whole_range


def volume(hu: np.ndarray, intensity: Intensity = Intensity.HU) -> Volume:
    grid = Grid.from_geometry(hu.shape, (3.0, 0.8, 0.7))
    return Volume(hu.astype(np.int16), grid, Source("test", "sample", grid), intensity)


def test_the_abdomen_window_runs_from_minus_160_to_240() -> None:
    hu = np.array([[-1000, -160, -159, 40, 239, 240, 3000]], dtype=np.int16)
    # 1 HU is 255 / 400 = 0.6375 grey values; 200 HU above black is 127.5, which rounds to the even 128.
    assert Window(40, 400).apply(hu).tolist() == [[0, 0, 1, 128, 254, 255, 255]]


def test_the_extremes_of_int16_do_not_wrap_round() -> None:
    hu = np.array([[-32768, 32767]], dtype=np.int16)
    assert Window(40, 400).apply(hu).tolist() == [[0, 255]]


def test_a_window_is_written_as_on_a_console() -> None:
    assert str(Window(40, 400)) == "W400 L40"


def test_a_window_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Window(40, 0)


@pytest.mark.parametrize(("level", "width"), [(np.nan, 400), (np.inf, 400), (40, np.inf), (40, np.nan)])
def test_a_window_that_is_not_finite_is_refused(level: float, width: float) -> None:
    with pytest.raises(ValueError, match=r"_hu must be finite.*, got (nan|inf)"):
        Window(level, width)


def test_a_picture_is_shown_as_it_is_whatever_window_is_asked_for() -> None:
    grey = np.array([[[0, 1, 127, 254, 255]] * 2] * 3)
    shown = slice_picture(volume(grey, Intensity.PICTURE), 1, Window(40, 400))
    assert shown.tolist() == [[0, 1, 127, 254, 255]] * 2


def test_arbitrary_units_are_shown_between_their_percentiles() -> None:
    values = np.arange(0, 2000).reshape(4, 20, 25)
    shown = whole_range(volume(values, Intensity.ARBITRARY))
    assert shown.level_hu == pytest.approx(999.5)
    assert shown.width_hu == pytest.approx(0.99 * 1999)


def test_the_whole_range_is_worked_out_once_and_does_not_keep_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = volume(np.arange(0, 2000).reshape(4, 20, 25), Intensity.ARBITRARY)
    once = whole_range(shown)
    with monkeypatch.context() as patch:
        patch.setattr(np, "percentile", None)
        assert whole_range(shown) is once
    assert whole_range(volume(np.arange(0, 4000, 2).reshape(4, 20, 25), Intensity.ARBITRARY)) != once
    alive = weakref.ref(shown)
    del shown
    gc.collect()
    assert alive() is None


def test_a_slice_is_counted_from_the_feet() -> None:
    hu = np.stack([np.full((4, 5), value) for value in (-160, 240)])
    assert slice_picture(volume(hu), 0, Window(40, 400)).max() == 0
    assert slice_picture(volume(hu), 1, Window(40, 400)).min() == 255
