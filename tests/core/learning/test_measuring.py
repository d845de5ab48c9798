import json
import math

import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR
from core.learning.cases import Case, thinned_grid
from core.learning.measuring import SLICE_DICE, SMALL_DICE, Line, measure

SHAPE = (6, 40, 60)


def case(spacing: tuple[float, float, float] | None = (3.0, 0.5, 0.8)) -> Case:
    wanted = np.zeros(SHAPE, np.uint8)
    wanted[1:5, 5:35, 10:50] = LIVER
    wanted[2, 10:20, 20:30] = TUMOUR  # 100 pixels
    wanted[3, 8:28, 15:35] = TUMOUR  # 400
    grid = Grid.from_geometry(SHAPE, spacing or (1.0, 1.0, 1.0), has_spacing=spacing is not None)
    return Case("a", "a", np.zeros(SHAPE, np.uint8), wanted, tuple(range(6)), grid)


def test_liver_counts_with_its_tumours_and_slices_count_one_by_one() -> None:
    one = case()
    found = one.labels.copy()
    found[2, 10:20, 25:30] = LIVER  # half of the small tumour is taken for liver
    figures, unit, _ = measure(found, one, np.arange(6))
    assert unit == "mm"
    assert figures[LIVER]["dice"] == 1.0
    assert figures[TUMOUR]["dice"] == pytest.approx(2 * 450 / (450 + 500))
    assert figures[TUMOUR]["recall"] == pytest.approx(0.9)
    assert figures[TUMOUR]["precision"] == 1.0
    assert figures[TUMOUR][SLICE_DICE] == pytest.approx((2 * 50 / 150 + 1) / 2)
    assert figures[TUMOUR][SMALL_DICE] == pytest.approx(2 * 50 / 150)


def test_distances_are_in_mm_where_they_are_known_and_else_in_pixels() -> None:
    found = np.roll(case().labels, 4, axis=2)  # 4 columns to the left of the patient
    known, unit, _ = measure(found, case(), np.arange(6))
    unknown, other, _ = measure(found, case(None), np.arange(6))
    assert (unit, other) == ("mm", "px")
    assert known[LIVER]["hd95_mm"] == pytest.approx(4 * 0.8, abs=0.01)
    as_if, *_ = measure(found, case((1.0, 1.0, 1.0)), np.arange(6))
    assert unknown[LIVER]["hd95_mm"] == as_if[LIVER]["hd95_mm"] != known[LIVER]["hd95_mm"]


def test_a_tumour_missed_altogether_is_infinitely_far_and_counts_as_the_diagonal() -> None:
    one = case()
    figures, unit, diagonal = measure(np.minimum(one.labels, LIVER), one, np.arange(6))
    line = Line("unet", 0, "a", "a", 0.1, figures, True, False, diagonal, unit)
    assert figures[TUMOUR]["dice"] == 0
    assert figures[TUMOUR][SLICE_DICE] == 0
    assert math.isinf(figures[TUMOUR]["hd95_mm"])
    # 6 slices of 3 mm, 40 rows of 0.5 mm and 60 columns of 0.8 mm
    assert line.card().penalised(TUMOUR, "hd95_mm") == pytest.approx(math.hypot(18, 20, 48))


def test_every_second_slice_lies_twice_as_far_apart() -> None:
    grid = thinned_grid(case().grid, np.array([1, 3, 5]))
    assert grid.spacing == pytest.approx((6.0, 0.5, 0.8))
    assert grid.to_world((0, 0, 0)).tolist() == pytest.approx(case().grid.to_world((1, 0, 0)).tolist())
    assert grid.to_world((2, 0, 0)).tolist() == pytest.approx(case().grid.to_world((5, 0, 0)).tolist())


def test_a_line_comes_back_from_json_with_what_is_undefined_and_infinite() -> None:
    figures = {1: {"dice": 0.5}, 2: {"dice": math.nan, "hd95_mm": math.inf}}
    line = Line("unet", 1, "a", "b", 0.25, figures, True, False, 70.0, "px")
    back = Line.from_json(json.loads(json.dumps(line.as_json(), allow_nan=False)))
    assert back.figures[1] == {"dice": 0.5}
    assert math.isnan(back.figures[2]["dice"])
    assert math.isinf(back.figures[2]["hd95_mm"])
    assert (back.row, back.fold, back.patient, back.seconds, back.unit) == ("unet", 1, "b", 0.25, "px")
