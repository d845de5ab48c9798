"""A U-Net that reads what SAM's encoder made of a slice: it segments without a prompt and learns from few patients.

The encoder saw many thousands of pictures and stays as it is; what is learnt is small. It reads the embedding at a
quarter of the frame's side, looks at it from two steps farther away as a U-Net does, and draws the edges with the grey
values beside it.
"""

import torch
from torch import nn
from torch.nn import functional

_FEATURES = 256  # channels of a SAM-family embedding
_EDGES = 8  # channels that the grey values get beside the embedding
_DROPPED = 0.1  # share of the embedding's channels that an example must do without
_ENLARGE = 2


class SamUnet(nn.Module):
    """Turns an embedding and the grey picture it was made from into logits.

    Args:
        width: Channels at the size of the embedding.
        outputs: Of logits.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        deep = 2 * width
        self.read = nn.Sequential(nn.Dropout2d(_DROPPED), _convolution(_FEATURES, width, 1), _convolution(width, width))
        self.down = nn.Sequential(nn.MaxPool2d(2), _convolution(width, deep), _convolution(deep, deep))
        self.deepest = nn.Sequential(nn.MaxPool2d(2), _convolution(deep, deep), _convolution(deep, deep))
        self.up = _convolution(2 * deep, deep)
        self.joined = nn.Sequential(_convolution(deep + width, width), _convolution(width, width))
        self.edges = _convolution(1, _EDGES)
        self.coarse_edges = nn.Sequential(nn.MaxPool2d(2), _convolution(_EDGES, 2 * _EDGES))
        self.larger = nn.ConvTranspose2d(width, 4 * _EDGES, 2, 2)
        self.middle = _convolution(6 * _EDGES, 4 * _EDGES)
        self.largest = nn.ConvTranspose2d(4 * _EDGES, 2 * _EDGES, 2, 2)
        self.whole = _convolution(3 * _EDGES, 2 * _EDGES)
        self.last = nn.Conv2d(2 * _EDGES, outputs, 1)

    def forward(self, seen: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Return logits ``(B, outputs, 4h, 4w)`` of embeddings ``(B, 256, h, w)`` and pictures ``(B, 1, 4h, 4w)``."""
        features, picture = seen
        near = self.read(features)
        far = self.down(near)
        both = self.up(torch.cat([_enlarged(self.deepest(far)), far], 1))
        both = self.joined(torch.cat([_enlarged(both), near], 1))
        edges = self.edges(picture)
        middle = self.middle(torch.cat([self.larger(both), self.coarse_edges(edges)], 1))
        logits: torch.Tensor = self.last(self.whole(torch.cat([self.largest(middle), edges], 1)))
        return logits


def _convolution(before: int, after: int, size: int = 3) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, size, padding=size // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


def _enlarged(features: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(features, scale_factor=_ENLARGE, mode="bilinear", align_corners=False)
