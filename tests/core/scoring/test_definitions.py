"""The printed rules are what the code does: every figure where one mask or both are empty."""

import math

import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.definitions import CARDS, EMPTY_RULES, HUMAN_DICE, HUMAN_WORDS, EmptyRule
from core.scoring.scorecard import score
from core.scoring.surfaces import Definition
from tests.core.scoring.shapes import SPACING, Bools, voxels

SHAPE = (4, 5, 6)
EMPTY, ONE = voxels(SHAPE), voxels(SHAPE, (2, 1, 3), (2, 2, 3))


def figures(predicted: Bools, reference: Bools) -> dict[str, float]:
    grid = Grid.from_geometry(SHAPE, SPACING)
    card = score(Mask(predicted, grid), Mask(reference, grid), labels={1: "tumour"}, definitions=tuple(Definition))
    return dict(card.labels[0].figures)


@pytest.mark.parametrize("rule", EMPTY_RULES, ids=lambda rule: rule.keys[0])
def test_every_rule_is_what_the_code_does(rule: EmptyRule) -> None:
    for masks, expected in (
        ((EMPTY, EMPTY), rule.both),
        ((EMPTY, ONE), rule.predicted),
        ((ONE, EMPTY), rule.reference),
    ):
        found = figures(*masks)
        for key in rule.keys:
            if expected is None:
                assert math.isfinite(found[key]), key
                assert found[key] not in (0, 1), key
            else:
                np.testing.assert_equal(found[key], expected, key)


def test_every_figure_has_one_rule() -> None:
    ruled = [key for rule in EMPTY_RULES for key in rule.keys]
    assert sorted(ruled) == sorted(CARDS)


def test_another_tools_figure_stands_behind_ours() -> None:
    keys = list(CARDS)
    for key in ("hd_mm", "hd95_mm", "assd_mm", "nsd"):
        assert keys[keys.index(key) :][:3] == [key, f"monai_{key}", f"surfel_{key}"]
        assert CARDS[f"monai_{key}"].name == f"{CARDS[key].name}, as MONAI"


def test_the_words_on_human_readers_say_the_band() -> None:
    low, high = HUMAN_DICE
    assert f"{low:.2f} to {high:.2f}" in HUMAN_WORDS
