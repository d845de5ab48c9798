"""A whole CT is searched, and what was found comes back as objects; the networks here tell grey from bright."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR, Source, Volume
from core.imaging.window import Window
from core.learning import detecting
from core.learning.cases import label_map
from core.learning.detecting import Detector, best, detect, dice_of
from core.learning.networks import NetworkConfig
from core.learning.trained import NetworkCard, TrainedNetwork
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box
from tests.core.learning.levels import level_network, levels
from tests.core.segmentation.bright import Bright

KEPT = Embeddings(1 << 20)
SPACING = (3.0, 0.7, 0.9)


def ct() -> Volume:
    """A liver of 60 HU on slices 1 to 5, from 0, in it two tumours of 110 HU, and a bright spot far from it."""
    hu = np.full((7, 40, 56), -100, np.int16)
    hu[1:6, 6:34, 5:40] = 60
    hu[2:4, 10:16, 10:18] = 110  # 2 · 6 · 8 = 96 voxels
    hu[3:5, 22:30, 24:34] = 110  # 2 · 8 · 10 = 160
    hu[2:5, 36:39, 50:54] = 110
    return Volume(hu, grid := Grid.from_geometry(hu.shape, SPACING), Source("made up", "sample", grid))


def test_the_liver_is_one_object_and_every_tumour_one_the_largest_first() -> None:
    found = detect(Detector((levels(),)), ct(), KEPT).found
    assert [one.label for one in found] == [LIVER, TUMOUR, TUMOUR]
    liver, large, small = ({z: int(mask.sum()) for z, mask in one.masks.items()} for one in found)
    assert liver == dict.fromkeys(range(1, 6), 28 * 35)  # with its tumours
    assert (large, small) == ({3: 80, 4: 80}, {2: 48, 3: 48})
    assert found[1].masks[3][22:30, 24:34].all()
    assert all(0.9 < one.score <= 1 for one in found)


def test_how_sure_an_object_is_is_the_mean_over_its_voxels() -> None:
    sure = detect(Detector((levels(steep=1.0),)), ct(), KEPT).found
    # The tumour's logit is 1 · (110 − 85) / 200 · 8; see `levels`.
    assert sure[1].score == pytest.approx(1 / (1 + np.exp(-1.0)), abs=0.01)


def test_specks_are_no_objects_and_more_tumours_than_can_be_read_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    volume = ct()
    hu = volume.hu.copy()
    hu[1, 8:11, 30:33] = 110  # 9 voxels
    speckled = Volume(hu, volume.grid, volume.source)
    assert len(detect(Detector((levels(),)), speckled, KEPT).found) == 3
    monkeypatch.setattr(detecting, "MOST_TUMOURS", 1)
    told = detect(Detector((levels(),)), ct(), KEPT)
    assert ([one.label for one in told.found], told.left_out) == ([LIVER, TUMOUR], 1)


def test_networks_of_several_windows_vote_each_in_its_own() -> None:
    """The level of tumours in W240 L100, (85 + 20) / 240, would be one of 48 HU in W200 L60: the liver's 60 HU too."""
    wide = levels("wide", Window(100, 240))
    alone, both = (detect(Detector(parts), ct(), KEPT).found for parts in ((wide,), (levels(), wide)))
    for found in (alone, both):
        assert [int(sum(m.sum() for m in one.masks.values())) for one in found] == [5 * 28 * 35, 160, 96]


def test_a_model_that_answers_boxes_draws_what_the_network_found() -> None:
    bright = Bright()  # it sees a tumour, 110 HU, below half its window, and a brighter core in one
    volume = ct()
    hu = volume.hu.copy()
    hu[3:5, 24:28, 26:31] = 250
    found = detect(Detector((levels(),), bright), Volume(hu, volume.grid, volume.source), KEPT).found
    assert [one.label for one in found if one.label == TUMOUR] == [TUMOUR]
    assert {z: int(mask.sum()) for z, mask in found[-1].masks.items()} == {3: 20, 4: 20}
    assert Box(20, 22, 32, 36) in bright.asked  # 2 px larger than what the network found


def test_a_detector_is_known_by_all_its_parts() -> None:
    one, two = levels("a"), levels("b")
    card = Detector((one, two), Bright()).card
    assert (card.name, card.sha256) == ("a+b+bright", f"{one.card.sha256}+{two.card.sha256}+bright")
    assert Detector((one,)).card.window == one.card.window
    with pytest.raises(ValueError, match="at least one network"):
        Detector(())


def test_a_search_tells_how_far_it_is_and_ends_when_the_listener_objects() -> None:
    told: list[tuple[str, int]] = []
    detect(Detector((levels(),)), ct(), KEPT, tell=lambda *news: told.append(news))
    assert [done for title, done in told if title == "Levels" and done] == [1, 2, 3, 4, 5, 6, 7]

    def object_at_once(_: str, __: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        detect(Detector((levels(),)), ct(), KEPT, tell=object_at_once)


def card(name: str, scores: dict[str, object], published: bool = False) -> NetworkCard:
    config = NetworkConfig("cnn", (4,), side=32)
    return NetworkCard(name, name, config, Window(60, 200), scores=scores, is_published=published)


def test_the_best_comes_with_lobule_and_has_the_highest_dice_on_tumours() -> None:
    own = card("own", {"protocol": "validation", "dice_liver": 0.99, "dice_tumour": 0.95})
    low = card("low", {"protocol": "3 folds", "tumour Dice": 0.4}, published=True)
    high = card("high", {"protocol": "3 folds", "liver Dice": 0.9, "tumour Dice": 0.6}, published=True)
    assert best([own, low, high]) is high
    assert best([own, card("untested", {})]) is own
    assert best([]) is None
    assert (dice_of(high, "liver"), dice_of(own, "tumour"), dice_of(card("x", {}), "tumour")) == (0.9, 0.95, -1)


def test_the_network_of_these_tests_is_what_it_says(tmp_path: Path) -> None:
    greys = torch.tensor([-100.0, 60.0, 110.0]).sub(60).div(200).add(0.5).clamp(0, 1).view(1, 1, 1, 3)
    with torch.inference_mode():
        found = level_network(Window(60, 200)).eval()(greys).sigmoid()[0, :, 0].numpy()
    assert label_map(found).tolist() == [0, LIVER, TUMOUR]
    assert isinstance(levels(), TrainedNetwork)
