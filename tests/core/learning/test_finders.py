from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from core.imaging.volume import LIVER, TUMOUR
from core.learning.baselines import InBoxes, best_range, fit_thresholds, grown, inscribed
from core.learning.cases import Case, label_map, targets
from core.learning.entrants import Remembered
from core.learning.finders import (
    Ensemble,
    Probabilities,
    SamFinder,
    Tidied,
    find,
    found_boxes,
    truth_boxes,
    unlabelled,
)
from core.learning.networkfinders import NetworkFinder
from core.learning.networks import NetworkConfig, build_network
from core.learning.prompts import Manner
from core.learning.trained import NetworkCard, TrainedNetwork
from core.scoring.overlap import dice
from core.segmentation.embeddings import Embeddings
from core.segmentation.prompt import Box
from tests.core.learning.shapes import SHAPE, WINDOW, dataset, patient
from tests.core.segmentation.bright import Bright, block, bright_volume


class Truth:
    """Answers with the labels, times a factor; counts how often it is asked."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor, self.asked = factor, 0

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        self.asked += 1
        for z in slices:
            yield targets(case.labels[z]) * np.float32(self.factor)


@pytest.mark.parametrize("config", [NetworkConfig("cnn", (4,), side=32), NetworkConfig("vnet", (2, 4, 8), 32, 4)])
def test_a_network_answers_every_slice_in_its_own_size(config: NetworkConfig) -> None:
    trained = TrainedNetwork(NetworkCard("x", "x", config, WINDOW), build_network(config).eval())
    found = list(NetworkFinder(trained).probabilities(patient(1), [1, 4, 9]))
    assert len(found) == 3
    assert all(one.shape == (2, 48, 64) and one.min() >= 0 and one.max() <= 1 for one in found)


def test_a_volume_thinner_than_a_block_is_answered_too() -> None:
    config = NetworkConfig("vnet", (2, 4, 8), 32, 8)
    trained = TrainedNetwork(NetworkCard("x", "x", config, WINDOW), build_network(config).eval())
    assert find(NetworkFinder(trained), patient(1, shape=(5, 48, 64))).shape == (5, 48, 64)


def test_labels_are_made_of_what_is_likely_and_tumour_wins() -> None:
    case = patient(2)
    assert (find(Truth(), case) == case.labels).all()
    assert not find(Truth(0.5), case).any()
    assert find(Truth(), case, [4, 7]).shape == (2, 48, 64)


def test_an_ensemble_is_the_weighted_mean() -> None:
    mixed = Ensemble([(Truth(1.0), 3.0), (Truth(0.2), 1.0)])
    (found,) = mixed.probabilities(patient(2), [5])
    assert found.max() == pytest.approx(0.8)  # (3 * 1 + 0.2) / 4


def test_an_ensemble_needs_weights_above_0() -> None:
    with pytest.raises(ValueError, match="weights above 0"):
        Ensemble([(Truth(), 0.0)])


def test_tidied_keeps_the_largest_part_with_its_tumour() -> None:
    case = patient(2)
    spoilt = case.labels.copy()
    spoilt[6:8, 2:5, 58:62] = TUMOUR  # far from the liver
    other = Case("x", "x", case.grey, spoilt, case.numbers, case.grid)
    assert (find(Tidied(Truth()), other) == case.labels).all()


def test_a_last_answer_is_remembered_for_the_same_slices_of_the_same_case() -> None:
    inner = Truth()
    kept = Remembered(inner)
    first = list(kept.probabilities(patient(2), [3, 4]))
    again = list(kept.probabilities(patient(2), [3, 4]))
    assert inner.asked == 1
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert kept.borrowed > 0
    list(kept.probabilities(patient(2), [4]))
    assert inner.asked == 2


def test_boxes_from_truth_are_the_same_for_a_slice_whichever_others_are_asked() -> None:
    source = truth_boxes(Manner.JITTERED, 7)
    assert source(patient(2), [4, 5])[5] == source(patient(2), [5])[5]
    assert truth_boxes(Manner.JITTERED, 8)(patient(2), [5])[5] != source(patient(2), [5])[5]


def test_automatic_boxes_are_two_pixels_larger_than_what_was_found() -> None:
    case = patient(2)
    exact = dict(truth_boxes(Manner.TIGHT, 0)(case, [5])[5])
    grown = dict(found_boxes(Truth())(case, [5])[5])
    box = exact[TUMOUR]
    assert grown[TUMOUR] == Box(box.y0 - 2, box.x0 - 2, box.y1 + 2, box.x1 + 2)
    assert set(grown) == {LIVER, TUMOUR}


def test_a_model_that_answers_boxes_is_asked_on_the_slices_that_have_some() -> None:
    volume = bright_volume({1: block(4, 6, 12, 20)}, 3)
    case = unlabelled(volume, WINDOW)
    finder = SamFinder(Bright(), Embeddings(1 << 20), lambda *_: {1: [(LIVER, Box(2, 3, 20, 30))]}, volume)
    empty, found, last = finder.probabilities(case, [0, 1, 2])
    assert not empty.any()
    assert not last.any()
    assert (label_map(found) == block(4, 6, 12, 20) * np.uint8(LIVER)).all()


def test_the_best_range_is_found_by_hand() -> None:
    wanted, others = np.zeros(256, np.int64), np.zeros(256, np.int64)
    wanted[[100, 101, 102, 180]] = [50, 60, 50, 2]
    others[[90, 101, 150]] = [500, 10, 500]
    assert best_range(wanted, others) == (100, 102)


def test_thresholds_from_some_patients_find_liver_and_tumour_in_another() -> None:
    case = patient(9)
    found = find(fit_thresholds(dataset(1, 2), every=2), case)
    assert dice(found > 0, case.labels > 0) > 0.95
    assert dice(found == TUMOUR, case.labels == TUMOUR) > 0.9


def test_a_region_grows_to_the_border_of_its_object_and_not_beyond_its_box() -> None:
    case = patient(2)
    found = find(InBoxes(lambda *_: {5: [(TUMOUR, Box(14, 18, 32, 40))]}, grown), case, [4, 5])
    assert not found[0].any()
    assert dice(found[1] == TUMOUR, case.labels[5] == TUMOUR) > 0.8
    inside = np.zeros(SHAPE[1:], np.bool_)
    inside[14:32, 18:40] = True
    assert not (found[1] > 0)[~inside].any()


def test_the_ellipse_in_a_box_touches_all_its_edges_and_no_corner() -> None:
    case = patient(1)

    def boxes(_: object, slices: object) -> dict[int, list[tuple[int, Box]]]:
        return {5: [(TUMOUR, Box(10, 20, 20, 50))]}

    (found,) = InBoxes(boxes, inscribed).probabilities(case, [5])
    rows, columns = np.nonzero(found[1])
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (10, 20, 20, 50)
    assert found[1].sum() == pytest.approx(np.pi * 5 * 15, rel=0.02)
    assert not found[0].any()
