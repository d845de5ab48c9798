"""Moved boxes: how far they move, how alike their answers are, and that a seed decides it all."""

import numpy as np
import pytest

from core.errors import PromptError
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.segmenter import Segmenter
from core.segmentation.stability import TIMES, mean_pairwise_dice, moved, stability
from tests.core.segmentation.bright import Bright, block
from tests.core.segmentation.conftest import ellipse, picture


def test_the_mean_dice_over_all_pairs() -> None:
    # 4, 4 and 2 voxels; pairs share 2, 2 and 0: Dice 2·2/8, 2·2/6 and 0.
    masks = np.array([[[1, 1, 1, 1, 0, 0]], [[0, 0, 1, 1, 1, 1]], [[1, 1, 0, 0, 0, 0]]], np.bool_)
    assert mean_pairwise_dice(masks) == pytest.approx((0.5 + 2 / 3 + 0) / 3)


def test_empty_answers_are_alike_and_unlike_any_other() -> None:
    masks = np.zeros((3, 2, 5), np.bool_)
    assert mean_pairwise_dice(masks) == 1
    masks[0, 1, 2:4] = True
    assert mean_pairwise_dice(masks) == pytest.approx(1 / 3)


def test_an_object_well_within_the_box_is_found_whatever_the_box() -> None:
    model, body = Bright(), block(10, 12, 18, 24)
    embedding = model.embed(np.where(body, 200, 0).astype(np.uint8))
    found = stability(model, embedding, Prompt(Box(6, 8, 22, 28)), np.random.default_rng(4))  # moves by 1.6 at most
    assert found.figure == 1
    assert np.array_equal(found.agreement, body.astype(np.float32))


def test_the_agreement_is_the_share_of_the_answers() -> None:
    model, body = Bright(), block(4, 5, 26, 36)
    embedding = model.embed(np.where(body, 200, 0).astype(np.uint8))
    found = stability(model, embedding, Prompt(Box(10, 12, 22, 32)), np.random.default_rng(4))
    assert len(found.boxes) == TIMES == 16
    rows = [sum(box.y0 <= y < box.y1 for box in found.boxes) / 16 for y in range(30)]
    assert found.agreement[:, 22].tolist() == rows
    assert found.agreement.dtype == np.float32
    assert 0 < found.agreement[10, 22] < 1
    assert found.figure < 1


def test_no_edge_moves_further_than_10_percent_of_the_shorter_side() -> None:
    rng = np.random.default_rng(0)
    boxes = [moved(Box(100, 200, 140, 300), rng, (512, 400)) for _ in range(400)]
    offsets = np.array([[b.y0 - 100, b.x0 - 200, b.y1 - 140, b.x1 - 300] for b in boxes])
    assert (offsets.min(axis=0) == -4).all()
    assert (offsets.max(axis=0) == 4).all()


def test_small_boxes_move_by_a_voxel_and_stay_boxes_on_the_slice() -> None:
    rng = np.random.default_rng(0)
    boxes = {moved(Box(0, 38, 1, 40), rng, (30, 40)) for _ in range(200)}
    assert len(boxes) > 4
    assert all(0 <= b.y0 < b.y1 <= 2 and 37 <= b.x0 < b.x1 <= 40 for b in boxes)


def test_the_same_seed_gives_the_same_figure(lite: Segmenter) -> None:
    inside = ellipse((150, 190), (70, 95), (28, 36))
    embedding = lite.embed(picture(inside))
    first, second = (
        stability(lite, embedding, Prompt(Box(40, 57, 100, 133)), np.random.default_rng(2)) for _ in range(2)
    )
    assert first.figure == second.figure > 0.9
    assert np.array_equal(first.agreement, second.agreement)
    assert first.agreement[70, 95] == 1


def test_a_prompt_without_a_box_is_a_mistake_of_the_program() -> None:
    model = Bright()
    embedding = model.embed(np.zeros((30, 40), np.uint8))
    with pytest.raises(ValueError, match="must have a box"):
        stability(model, embedding, Prompt(points=(Point(3, 4),)), np.random.default_rng(0))
    with pytest.raises(PromptError, match="outside the slice"):
        stability(model, embedding, Prompt(Box(50, 5, 60, 9)), np.random.default_rng(0))
