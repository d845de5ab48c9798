"""Networks are told apart by their tensors, and folding changes no number."""

import pytest
import torch
from torch import nn

from core.segmentation.networks import Architecture, fold_batch_norms, recognise


@pytest.mark.parametrize(
    ("kind", "architecture"),
    [("vit_b", Architecture.VIT_B), ("vit_l", Architecture.VIT_L), ("vit_h", Architecture.VIT_H)],
)
def test_the_networks_of_segment_anything_are_recognised(kind: str, architecture: Architecture) -> None:
    from segment_anything import sam_model_registry

    with torch.device("meta"):
        published = sam_model_registry[kind]().state_dict()
    assert recognise({name: tuple(tensor.shape) for name, tensor in published.items()}) is architecture


def test_litemedsam_is_recognised(lite_tensors: dict[str, torch.Tensor]) -> None:
    assert recognise({name: tuple(tensor.shape) for name, tensor in lite_tensors.items()}) is Architecture.LITE


def test_a_missing_tensor_or_another_shape_is_not_recognised(lite_tensors: dict[str, torch.Tensor]) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in lite_tensors.items()}
    first = next(iter(shapes))
    assert recognise({name: shape for name, shape in shapes.items() if name != first}) is None
    assert recognise(shapes | {first: (1, 2, 3, 4)}) is None


def test_a_folded_network_gives_the_same_numbers() -> None:
    torch.manual_seed(3)
    plain = nn.Sequential(nn.Sequential(nn.Conv2d(3, 5, 3, bias=False), nn.BatchNorm2d(5)), nn.GELU())
    plain.train()
    with torch.no_grad():
        for _ in range(5):
            plain(torch.randn(4, 3, 9, 11) * 3 + 1)  # gives the normalisation something to remember
        plain.eval()
        image = torch.randn(2, 3, 9, 11)
        expected = plain(image)
        fold_batch_norms(plain)
        assert not any(isinstance(module, nn.BatchNorm2d) for module in plain.modules())
        torch.testing.assert_close(plain(image), expected, atol=1e-5, rtol=1e-5)
