"""A small network that looks once more at the neighbourhood of a box, and says what SAM's logits there lack.

SAM draws in steps of four pixels of its frame, and of a small lesion little is left in them. The refiner sees the
slice in its own resolution, enlarged round the box, with what SAM drew there and where the box lies. A second look at
a part of the picture is the idea of CascadePSP (Cheng et al., CVPR 2020) and of boundary patches (Tang et al., 2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from core.segmentation.prompt import Box

SIDE = 96  # rows and columns of what is looked at
CHANNELS = 6  # grey, three of where the box lies, its size, SAM's logits
_WIDTH = 16
_REACH = 1.7  # how many times the longest side of the box is looked at
_LEAST = 1 / 16  # of the longest side of the slice is always looked at
_USUAL = 0.16  # of it, for the size of a box to be told in numbers about 0
_FAR = 2.0  # half boxes from the middle of the box, beyond which all places are alike
_MOST = 15.0  # of SAM's logits
_SCALE = 5.0
_TRUST = 0.5  # in them
_BEYOND = -10.0  # logits where nothing is looked at
_DROPPED = 0.1


class Refiner(nn.Module):
    """Turns what is seen round boxes into corrections of SAM's logits, and guesses the IoU of what results."""

    def __init__(self) -> None:
        super().__init__()
        widths = [_WIDTH, 2 * _WIDTH, 4 * _WIDTH, 6 * _WIDTH]
        self.down = nn.ModuleList(
            [_block(before, after) for before, after in zip([CHANNELS, *widths], widths, strict=False)]
        )
        self.up = nn.ModuleList(
            [_block(after + before, before) for before, after in zip(widths[-2::-1], widths[:0:-1], strict=True)]
        )
        self.dropped = nn.Dropout2d(_DROPPED)
        self.last = nn.Conv2d(_WIDTH, 1, 1)
        self.score = nn.Linear(widths[-1], 1)

    def forward(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return corrections ``(N, 1, S, S)`` and IoUs ``(N,)`` from 0 to 1 of what is seen, ``(N, 6, S, S)``."""
        kept: list[torch.Tensor] = []
        found = seen
        for block in self.down:
            found = block(functional.max_pool2d(found, 2) if kept else found)
            kept.append(found)
        found = self.dropped(found)
        scores = torch.sigmoid(self.score(found.mean((2, 3))))[:, 0]
        for block, before in zip(self.up, kept[-2::-1], strict=True):
            larger = functional.interpolate(found, scale_factor=2, mode="bilinear", align_corners=False)
            found = block(torch.cat([larger, before], 1))
        return self.last(found), scores


@dataclass(frozen=True, eq=False)
class Sight:
    """Squares that are looked at, one for every box.

    Attributes:
        middle: ``(N, 2)`` row and column of their middles, in pixels of the slice.
        side: ``(N, 1)`` how long they are, in pixels.
        half: ``(N, 2)`` half the height and width of the boxes.
        shape: ``(H, W)`` of the slice.
    """

    middle: torch.Tensor
    side: torch.Tensor
    half: torch.Tensor
    shape: tuple[int, int]

    @staticmethod
    def of(boxes: Sequence[Box], shape: tuple[int, int], device: str | torch.device = "cpu") -> "Sight":
        """Look round boxes that lie in a slice of ``shape``."""
        edges = torch.tensor([(b.y0, b.x0, b.y1, b.x1) for b in boxes], dtype=torch.float32, device=device)
        first, last = edges[:, :2], edges[:, 2:]
        half = (last - first) / 2
        side = (2 * _REACH * half.amax(1, keepdim=True)).clamp(min=_LEAST * max(shape))
        return Sight((first + last) / 2, side, half, shape)

    def cut(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return what lies in the squares of ``(N, C, H, W)``: ``(N, C, S, S)``; the edge goes on beyond the slice."""
        size = torch.tensor(self.shape, dtype=torch.float32, device=pictures.device)
        rows, columns = (2 * self._places() / size[:, None] - 1).unbind(1)
        return _sampled(pictures, rows, columns)

    def around(self) -> torch.Tensor:
        """Return ``(N, 4, S, S)``: how far down and across from the middle of the box, whether in it, and its size."""
        away = (self._places() - self.middle[..., None]) / self.half[..., None]
        down, across = away.abs().clamp(max=_FAR).unbind(1)
        down, across = down[:, :, None].expand(-1, -1, SIDE), across[:, None, :].expand(-1, SIDE, -1)
        size = torch.log(self.side / (_USUAL * max(self.shape)))[..., None].expand_as(down)
        return torch.stack([down, across, ((down < 1) & (across < 1)).float(), size], 1)

    def put_back(self, squares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return squares ``(N, 1, S, S)`` where they lie in the slice, ``(N, 1, H, W)``, and where that is."""
        device, start = squares.device, self.middle - self.side / 2
        rows, columns = (
            2 * (torch.arange(n, device=device) + 0.5 - start[:, axis, None]) / self.side - 1
            for axis, n in enumerate(self.shape)
        )
        inside = (rows.abs() < 1)[:, None, :, None] & (columns.abs() < 1)[:, None, None, :]
        return _sampled(squares, rows, columns), inside

    def _places(self) -> torch.Tensor:
        """Return the rows and columns of the slice that are looked at, ``(N, 2, S)``."""
        steps = (torch.arange(SIDE, device=self.side.device) + 0.5) / SIDE - 0.5
        return self.middle[..., None] + self.side[..., None] * steps


def looked_at(sight: Sight, picture: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return what a refiner is shown, ``(N, 6, S, S)``.

    Args:
        sight: Where it looks.
        picture: The slice, ``(H, W)``, from 0 to 1.
        logits: SAM's, ``(N, 1, h, w)`` of the whole slice in any resolution.
    """
    grey = sight.cut(picture.expand(len(logits), 1, -1, -1))
    drawn = sight.cut(logits.clamp(-_MOST, _MOST) / _SCALE)
    return torch.cat([grey, sight.around(), drawn], 1)


def corrected(seen: torch.Tensor, corrections: torch.Tensor) -> torch.Tensor:
    """Return the logits ``(N, 1, S, S)`` that corrections make of SAM's, within the squares."""
    return _TRUST * _SCALE * seen[:, -1:] + corrections


def refined(
    refiner: nn.Module, picture: torch.Tensor, logits: torch.Tensor, boxes: Sequence[Box]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return better logits ``(N, H, W)`` of the masks in boxes, and the IoU ``(N,)`` that is guessed of them.

    Args:
        refiner: A `Refiner`.
        picture: The slice, ``(H, W)``, from 0 to 1, in the window of the model.
        logits: SAM's, ``(N, H, W)``.
        boxes: In pixels of the slice, within it.
    """
    sight = Sight.of(boxes, (picture.shape[0], picture.shape[1]), picture.device)
    drawn = logits[:, None]
    corrections, scores = refiner(looked_at(sight, picture, drawn))
    added, inside = sight.put_back(corrections)
    whole = _TRUST * drawn.clamp(-_MOST, _MOST) + added
    return torch.where(inside, whole, torch.full_like(whole, _BEYOND))[:, 0], scores


def _block(before: int, after: int) -> nn.Module:
    return nn.Sequential(_convolution(before, after), nn.ReLU(), _convolution(after, after), nn.ReLU())


def _convolution(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after))


def _sampled(pictures: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return ``(N, C, R, K)`` of pictures ``(N, C, H, W)`` at rows ``(N, R)`` and columns ``(N, K)`` from -1 to 1."""
    down = rows[:, :, None].expand(-1, -1, columns.shape[1])
    across = columns[:, None, :].expand(-1, rows.shape[1], -1)
    grid = torch.stack([across, down], -1)
    return functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)
