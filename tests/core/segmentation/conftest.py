import numpy as np
import numpy.typing as npt
import pytest
import torch

from core.segmentation import folders, networks, sam, weights
from core.segmentation.frame import RECIPES
from core.segmentation.segmenter import ModelCard, Segmenter


def ellipse(shape: tuple[int, int], centre: tuple[int, int], radii: tuple[int, int]) -> npt.NDArray[np.bool_]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 <= 1)


def picture(inside: npt.NDArray[np.bool_], seed: int = 0) -> npt.NDArray[np.uint8]:
    """A grey body with a brighter object and a little noise."""
    noise = np.random.default_rng(seed).normal(0, 6, inside.shape)
    return np.clip(90 + 80 * inside + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def lite() -> Segmenter:
    """LiteMedSAM as plain torch computes it: the reference, and the one whose network can be listened to."""
    return weights.load("litemedsam", device="cpu", engine="torch fp32")


@pytest.fixture(scope="session")
def lite_as_chosen() -> Segmenter:
    """LiteMedSAM as this machine computes it fastest: what a user gets."""
    return weights.load("litemedsam", device="cpu", engine="auto")


@pytest.fixture(scope="session")
def lite_tensors() -> dict[str, torch.Tensor]:
    """LiteMedSAM's tensors as a training script would hold them."""
    path = next(folders.packaged())
    return dict(torch.load(path, map_location="cpu", weights_only=True))


@pytest.fixture(scope="session")
def thin_sam() -> Segmenter:
    """SAM with an encoder of one block instead of twelve and weights drawn at random: quick, and fed as SAM is."""
    card = ModelCard("thin", "Thin SAM", RECIPES["sam"].window, True, 0.0, "none", "drawn at random", "thin")
    return sam.SamSegmenter(card, thin_network(), RECIPES["sam"], "cpu")


def thin_network() -> networks.Network:
    torch.manual_seed(5)
    encoder = networks.ImageEncoderViT(
        embed_dim=48, depth=1, num_heads=4, use_rel_pos=True, window_size=14, global_attn_indexes=()
    )
    return networks.Network(encoder, 1024).eval()


@pytest.fixture(params=["lite", "lite_as_chosen", "thin_sam"])
def segmenter(request: pytest.FixtureRequest) -> Segmenter:
    found: Segmenter = request.getfixturevalue(request.param)
    return found
