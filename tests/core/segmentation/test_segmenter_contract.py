"""What every segmenter promises, whatever its network."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.errors import PromptError
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.segmenter import Segmenter
from tests.core.segmentation.conftest import ellipse, picture

SHAPE = (90, 140)
PROMPT = Prompt(Box(25, 40, 66, 101))


def test_the_mask_has_the_shape_of_the_slice(segmenter: Segmenter) -> None:
    answer = segmenter.predict(segmenter.embed(picture(ellipse(SHAPE, (45, 70), (20, 30)))), PROMPT)
    assert answer.mask.shape == answer.logits.shape == SHAPE
    assert answer.mask.dtype == np.bool_
    assert answer.logits.dtype == np.float32
    assert np.array_equal(answer.mask, answer.logits > 0)


def test_the_score_lies_between_0_and_1(segmenter: Segmenter) -> None:
    embedding = segmenter.embed(picture(ellipse(SHAPE, (45, 70), (20, 30))))
    for box in (Box(0, 0, *SHAPE), Box(3, 4, 5, 7), Box(25, 40, 66, 101)):
        assert 0 <= segmenter.predict(embedding, Prompt(box)).score <= 1


def test_the_same_question_gets_the_same_answer(segmenter: Segmenter) -> None:
    image = picture(ellipse(SHAPE, (45, 70), (20, 30)))
    first, second = (segmenter.predict(segmenter.embed(image), PROMPT) for _ in range(2))
    assert np.array_equal(first.logits, second.logits)
    assert first.score == second.score


def test_many_prompts_get_the_answers_they_get_alone_in_their_order(segmenter: Segmenter) -> None:
    embedding = segmenter.embed(picture(ellipse(SHAPE, (45, 70), (20, 30))))
    prompts = [Prompt(Box(20 + k, 30 - k, 60 + 2 * k, 90 + 2 * k)) for k in range(19)]  # more than go in one call
    if segmenter.card.takes_points:
        prompts[3] = Prompt(points=(Point(40, 60),))
        prompts[7] = Prompt(prompts[7].box, (Point(44, 66), Point(2, 100, positive=False)))
    together = segmenter.predict_many(embedding, prompts)
    for prompt, one in zip(prompts, together, strict=True):
        alone = segmenter.predict(embedding, prompt)
        np.testing.assert_allclose(one.logits, alone.logits, atol=1e-3)
        assert (one.score, one.seen_box) == (pytest.approx(alone.score, abs=1e-4), alone.seen_box)
    assert segmenter.predict_many(embedding, []) == []


def test_one_prompt_off_the_slice_refuses_them_all(segmenter: Segmenter) -> None:
    embedding = segmenter.embed(np.zeros(SHAPE, np.uint8))
    with pytest.raises(PromptError, match="outside the slice"):
        segmenter.predict_many(embedding, [PROMPT, Prompt(Box(90, 0, 95, 10))])


def test_two_threads_with_two_slices_do_not_mix(segmenter: Segmenter) -> None:
    images = [picture(ellipse(SHAPE, (45, 70), (20, 30)), 1), picture(ellipse((140, 90), (30, 40), (9, 25)), 2)]
    prompts = [PROMPT, Prompt(Box(20, 14, 41, 67))]
    embeddings = [segmenter.embed(image) for image in images]
    alone = [segmenter.predict(*pair) for pair in zip(embeddings, prompts, strict=True)]
    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            together = list(threads.map(segmenter.predict, embeddings, prompts))
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_allclose(one.logits, other.logits, atol=1e-3)
        encoded = list(threads.map(segmenter.embed, images))
    for one, other in zip(embeddings, encoded, strict=True):
        np.testing.assert_allclose(one.features, other.features, atol=1e-3)


def test_what_it_gives_out_cannot_be_written_to(segmenter: Segmenter) -> None:
    embedding = segmenter.embed(picture(ellipse(SHAPE, (45, 70), (20, 30))))
    answer = segmenter.predict(embedding, PROMPT)
    assert not any(array.flags.writeable for array in (embedding.seen, answer.mask, answer.logits))


def test_a_constant_picture_gets_an_answer(segmenter: Segmenter) -> None:
    answer = segmenter.predict(segmenter.embed(np.full(SHAPE, 7, np.uint8)), PROMPT)
    assert np.isfinite(answer.logits).all()


def test_an_embedding_of_another_model_is_refused(lite: Segmenter, thin_sam: Segmenter) -> None:
    embedding = thin_sam.embed(np.zeros(SHAPE, np.uint8))
    with pytest.raises(ValueError, match="made by model 'thin'"):
        lite.predict(embedding, PROMPT)


def test_a_box_outside_the_slice_is_refused(segmenter: Segmenter) -> None:
    embedding = segmenter.embed(np.zeros(SHAPE, np.uint8))
    with pytest.raises(PromptError, match="outside the slice of 90 rows and 140 columns"):
        segmenter.predict(embedding, Prompt(Box(90, 0, 95, 10)))


@pytest.mark.parametrize("image", [np.zeros((3, 4, 5), np.uint8), np.zeros((3, 4)), np.zeros((0, 4), np.uint8)])
def test_only_a_grey_picture_can_be_embedded(segmenter: Segmenter, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be \(H, W\) uint8"):
        segmenter.embed(image)
