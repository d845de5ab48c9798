import math

import numpy as np
import pytest

from core.scoring.overlap import dice, iou


def row(text: str) -> np.ndarray:
    return np.array([[c == "x" for c in text]])


@pytest.mark.parametrize(
    ("predicted", "reference", "expected_dice", "expected_iou"),
    [
        ("xxx...", "xxx...", 1, 1),
        ("xxx...", "...xxx", 0, 0),
        ("xxxx..", ".xxx.x", 2 * 3 / (4 + 4), 3 / 5),
        ("x.....", "xxxxx.", 2 * 1 / (1 + 5), 1 / 5),
        ("......", "..x...", 0, 0),
        ("..x...", "......", 0, 0),
    ],
)
def test_by_hand(predicted: str, reference: str, expected_dice: float, expected_iou: float) -> None:
    assert dice(row(predicted), row(reference)) == pytest.approx(expected_dice)
    assert iou(row(predicted), row(reference)) == pytest.approx(expected_iou)


def test_two_empty_masks_have_no_overlap_to_speak_of() -> None:
    assert math.isnan(dice(row("..."), row("...")))
    assert math.isnan(iou(row("..."), row("...")))


def test_counts_beyond_a_byte_do_not_wrap_round() -> None:
    whole = np.ones((7, 30, 40), dtype=bool)
    half = whole.copy()
    half[:, :15] = False
    assert dice(half, whole) == pytest.approx(2 * 4200 / (4200 + 8400))


@pytest.mark.parametrize("metric", [dice, iou])
def test_masks_of_different_shapes_are_refused(metric: type[dice]) -> None:  # type: ignore[valid-type]
    with pytest.raises(ValueError, match=r"\(1, 3\), reference \(1, 4\)"):
        metric(row("xxx"), row("xxxx"))


@pytest.mark.parametrize("metric", [dice, iou])
def test_label_maps_are_refused(metric: type[dice]) -> None:  # type: ignore[valid-type]
    with pytest.raises(TypeError, match="uint8"):
        metric(np.ones((2, 3), np.uint8), np.ones((2, 3), bool))
