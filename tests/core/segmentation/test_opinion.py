"""The enlarged picture is tried only where the model is unsure, and taken only where it is clearly surer."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from core.imaging import samples
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.opinion import View, crop_round, second_opinion
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Prediction, Segmenter
from tests.core.segmentation.bright import Bright, block

SHAPE = (270, 310)
BODY = block(100, 120, 120, 150, SHAPE)
ROUND_IT = Prompt(Box(98, 118, 122, 152))  # 24 × 34: the enlarged picture shows 68 × 68
GRID = Grid.from_geometry((3, *SHAPE), (3.0, 0.7, 0.9))


class Judging(Bright):
    """Bright, with one score on the whole slice and another on anything smaller."""

    def __init__(self, whole: float, zoomed: float) -> None:
        super().__init__()
        self.scores = {SHAPE: whole}
        self.zoomed = zoomed

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        return replace(super().predict(embedding, prompt), score=self.scores.get(embedding.shape, self.zoomed))


def volume() -> Volume:
    hu = np.zeros(GRID.shape, np.int16)
    hu[1][BODY] = 200
    return Volume(hu, GRID, Source("made up", "sample", GRID))


@pytest.mark.parametrize(
    ("whole", "zoomed", "view", "scores"),
    [
        (0.80, 0.99, View.SLICE, (0.80, None)),  # sure enough
        (0.79, 0.83, View.SLICE, (0.79, 0.83)),  # not surer by 0.05
        (0.79, 0.85, View.ZOOM, (0.79, 0.85)),
    ],
)
def test_which_answer_is_taken(whole: float, zoomed: float, view: View, scores: tuple[float, float | None]) -> None:
    opinion = second_opinion(volume(), 1, ROUND_IT, Judging(whole, zoomed), Embeddings(10**6))
    assert (opinion.view, opinion.scores) == (view, scores)
    assert np.array_equal(opinion.prediction.mask, BODY)
    assert opinion.prediction.score == (zoomed if view is View.ZOOM else whole)


def test_the_answer_on_the_enlarged_picture_lies_where_the_object_is() -> None:
    model = Judging(0.5, 0.9)
    opinion = second_opinion(volume(), 1, ROUND_IT, model, Embeddings(10**6))
    assert opinion.crop == Box(76, 101, 144, 169)
    assert model.asked == [Box(98, 118, 122, 152), Box(22, 17, 46, 51)]
    assert opinion.embedding.shape == (68, 68)
    assert np.array_equal(opinion.prediction.logits > 0, BODY)
    assert opinion.prediction.logits[0, 0] == -4
    assert opinion.sentence == "Found on an enlarged picture round the box (score 0.90, on the whole slice 0.50)."


@pytest.mark.parametrize(
    ("box", "shape", "crop"),
    [
        (Box(98, 118, 122, 152), (256, 200), None),  # the model sees all of it
        (Box(98, 118, 122, 152), (257, 200), Box(76, 101, 144, 169)),
        (Box(0, 0, 10, 20), (270, 310), Box(0, 0, 40, 40)),  # moved onto the slice
        (Box(250, 295, 270, 310), (270, 310), Box(230, 270, 270, 310)),
        (Box(10, 20, 30, 175), (270, 310), None),  # it would show the whole slice
        (Box(10, 20, 30, 164), (270, 310), Box(0, 0, 270, 288)),  # as high as the slice is
    ],
)
def test_what_the_enlarged_picture_shows(box: Box, shape: tuple[int, int], crop: Box | None) -> None:
    assert crop_round(box, shape) == crop


def test_a_small_slice_has_no_second_opinion() -> None:
    model = Judging(0.1, 0.9)
    grid = Grid.from_geometry((3, 60, 80), (3.0, 0.7, 0.9))
    small = Volume(np.full(grid.shape, 200, np.int16), grid, Source("made up", "sample", grid))
    model.scores = {(60, 80): 0.1}
    opinion = second_opinion(small, 1, Prompt(Box(10, 12, 20, 30)), model, Embeddings(10**6))
    assert (opinion.view, opinion.crop) == (View.SLICE, None)
    assert model.embedded == 1


def test_on_the_whole_slice_it_is_the_answer_that_is_given_without_it(lite_as_chosen: Segmenter) -> None:
    ct, _ = samples.phantom()
    kept, prompt = Embeddings(2**26), Prompt(Box(105, 39, 143, 83))
    opinion = second_opinion(ct, 24, prompt, lite_as_chosen, kept)
    plain: npt.NDArray[np.bool_] = segment_slice(ct, 24, prompt, lite_as_chosen, kept).mask
    assert opinion.view is View.SLICE
    assert np.array_equal(opinion.prediction.mask, plain)
