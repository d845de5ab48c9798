"""A U-Net that also reads what SAM's encoder made of a slice: it needs no prompt and learns from few patients.

The encoder saw many thousands of pictures and stays as it is; what is learnt is small. The U-Net sees the slice and its
two neighbours, and at a quarter of their size the embedding joins in.
"""

import torch
from torch import nn
from torch.nn import functional

PICTURES = 3  # the slice between its neighbours
SCALE = 4  # pixels of the picture to one of the embedding, along a side
_FEATURES = 256  # channels of a SAM-family embedding
_GROWTH = (1, 2, 4, 6, 8)  # channels of each level, in widths
_JOINS = 2  # the level that the embedding joins
_DROPPED = 0.2  # share of channels that an example must do without


class SamUnet(nn.Module):
    """Turns an embedding and the grey pictures of a slice into logits.

    Args:
        width: Channels at the size of the pictures.
        outputs: Of logits.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        widths = [width * growth for growth in _GROWTH]
        joining = widths[_JOINS]
        before = [PICTURES, *widths[:-1]]
        before[_JOINS] += joining
        self.read = nn.Sequential(nn.Dropout2d(_DROPPED), _convolution(_FEATURES, joining, 1))
        self.down = nn.ModuleList(_block(given, after) for given, after in zip(before, widths, strict=True))
        self.dropped = nn.Dropout2d(_DROPPED)
        self.up = nn.ModuleList(
            _block(near + far, near) for near, far in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.last = nn.Conv2d(width, outputs, 1)

    def forward(self, seen: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Return logits ``(B, outputs, 4h, 4w)`` of embeddings ``(B, 256, h, w)`` and pictures ``(B, 3, 4h, 4w)``.

        Greys of pictures are relative to the liver's, see `looks.Eye.of`.
        """
        features, found = seen
        levels: list[torch.Tensor] = []
        for level, block in enumerate(self.down):
            if level:
                found = functional.max_pool2d(found, 2)
            if level == _JOINS:
                found = torch.cat([found, self.read(features)], 1)
            found = block(found)
            levels.append(found)
        found = self.dropped(levels.pop())
        for block in self.up:
            larger = functional.interpolate(found, scale_factor=2, mode="bilinear", align_corners=False)
            found = block(torch.cat([larger, levels.pop()], 1))
        logits: torch.Tensor = self.last(found)
        return logits


def _block(before: int, after: int) -> nn.Module:
    return nn.Sequential(_convolution(before, after), _convolution(after, after))


def _convolution(before: int, after: int, size: int = 3) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, size, padding=size // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )
