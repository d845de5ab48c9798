"""What is shown of a model's inside, against second computations in numpy."""

import numpy as np
import pytest

from core.errors import PromptError
from core.segmentation.explaining import components, explained
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.segmenter import Segmenter
from tests.core.segmentation.bright import Bright
from tests.core.segmentation.conftest import ellipse, picture
from tests.core.segmentation.test_sam import network, overheard

SHAPE = (90, 150)
BODY = ellipse(SHAPE, (40, 60), (18, 26))
BOX = Prompt(Box(20, 32, 60, 88))


def softmax(scores: np.ndarray) -> np.ndarray:
    grown = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def listened(segmenter: Segmenter, prompt: Prompt) -> np.ndarray:
    """Return the attention of the prompt's tokens, ``(tokens, 64, 64)``, from what the decoder's last step is given."""
    last = network(segmenter).mask_decoder.transformer.final_attn_token_to_image
    with overheard(last) as calls:
        segmenter.predict(segmenter.embed(picture(BODY)), prompt)
    given = {name: value.numpy()[0].astype(np.float64) for name, value in calls[0][1].items()}
    linear = {
        name: (getattr(last, f"{name}_proj").weight.numpy(), getattr(last, f"{name}_proj").bias.numpy())
        for name in "qk"
    }
    q, k = (given[name] @ linear[name][0].T + linear[name][1] for name in "qk")
    width = q.shape[1] // 8  # heads
    looks = [softmax(q[:, h : h + width] @ k[:, h : h + width].T / np.sqrt(width)) for h in range(0, q.shape[1], width)]
    return np.asarray(np.mean(looks, axis=0)[5:].reshape(-1, 64, 64))  # behind the score's and four masks' own tokens


def test_the_attention_is_what_the_decoder_itself_computes(lite: Segmenter) -> None:
    wanted = listened(lite, BOX)
    assert wanted.shape[0] == 2  # corners of the box
    assert wanted.sum(axis=(1, 2)) == pytest.approx([1, 1])
    embedding = lite.embed(picture(BODY))
    looks = lite.attention(embedding, BOX)  # type: ignore[attr-defined]
    assert looks.shape == (154, 256)  # 90 × 150 in a frame of 256
    mean = wanted.mean(axis=0)[:38, :]  # 154 of 256 rows are 38.5 of 64
    blocks = looks[:152].reshape(38, 4, 64, 4).mean(axis=(1, 3))
    assert np.corrcoef(blocks.ravel(), mean.ravel())[0, 1] > 0.99
    shown = explained(lite, embedding, BOX).attention
    assert np.unravel_index(shown.argmax(), shown.shape) == np.unravel_index(looks.argmax(), looks.shape)
    assert ((shown > 0) == (looks > 1 / 4096)).all()  # more than an even share
    assert shown.max() == 1


def test_a_prompt_of_points_is_explained_too(thin_sam: Segmenter) -> None:
    told = explained(thin_sam, thin_sam.embed(picture(BODY)), Prompt(points=(Point(40, 60),)))
    assert told.box is None
    assert told.attention.shape == told.confidence.shape == told.features.shape[:2] == (614, 1024)


def test_the_confidence_is_the_sigmoid_of_the_logits_and_half_of_it_the_masks_edge(lite: Segmenter) -> None:
    embedding = lite.embed(picture(BODY))
    answer, told = lite.predict(embedding, BOX), explained(lite, embedding, BOX)
    assert told.score == answer.score
    assert told.box == answer.seen_box
    y, x = 40, 60  # voxel (y, x) lies at ((y + 0.5) · 256 / 150 − 0.5, ...) in the frame
    there = told.confidence[round((y + 0.5) * 256 / 150 - 0.5), round((x + 0.5) * 256 / 150 - 0.5)]
    assert there == pytest.approx(1 / (1 + np.exp(-answer.logits[y, x])), abs=0.01)
    share = (told.confidence >= 0.5).mean()
    assert share == pytest.approx(answer.mask.mean(), abs=0.003)


def test_components_are_those_of_the_covariance_of_the_places_within_the_picture() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(6, 8, 8)).astype(np.float32)
    features[0, :5] += np.arange(8) * 4  # grows to the right: the strongest pattern
    features[:, 5:] = 1000  # padding
    found, share = components(features, (40, 64))
    inside = features[:, :5].reshape(6, -1).astype(np.float64)
    sizes, ways = np.linalg.eigh(np.cov(inside))
    assert share == pytest.approx(sizes[-3:].sum() / sizes.sum())
    assert found.shape == (40, 64, 3)
    for k in range(3):
        way = ways[:, -1 - k] * np.sign(ways[np.abs(ways[:, -1 - k]).argmax(), -1 - k])
        wanted = (way @ (inside - inside.mean(axis=1, keepdims=True))).reshape(5, 8)
        shown = found[..., k].astype(np.float64).reshape(5, 8, 8, 8)[:, 3:5, :, 3:5].mean(axis=(1, 3))  # the middles
        assert np.corrcoef(shown.ravel(), wanted.ravel())[0, 1] > 0.97
    assert found[20, :8, 0].mean() < 40
    assert found[20, -8:, 0].mean() > 200


def test_features_without_any_difference_are_one_colour() -> None:
    found, share = components(np.ones((4, 8, 8), np.float32), (64, 48))
    assert np.ptp(found) == 0
    assert share == 1


def test_a_model_of_another_family_cannot_be_looked_into() -> None:
    bright = Bright()
    with pytest.raises(PromptError, match="Bright cannot be looked into"):
        explained(bright, bright.embed(picture(BODY)), BOX)
