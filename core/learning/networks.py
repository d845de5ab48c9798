"""The networks that find liver and tumours by themselves: U-Net, V-Net, a plain CNN, and a U-Net behind SAM's encoder.

All have two outputs of logits, ``liver with its tumours`` and ``tumour``, because tumours lie in the liver and the
two are decided one by one. The blocks are MONAI's, put together as the papers say:

U-Net   O. Ronneberger, P. Fischer, T. Brox, MICCAI 2015, https://arxiv.org/abs/1505.04597: two 3 × 3 convolutions a
        level, maximum pooling, learnt upsampling, skips. Padded, with batch normalisation.
V-Net   F. Milletari, N. Navab, S.-A. Ahmadi, 3DV 2016, https://arxiv.org/abs/1606.04797: residual stages of 5 × 5 × 5
        convolutions, strided convolutions down and up, skips. With instance normalisation, without which it
        learns slowly.
CNN     Five 3 × 3 convolutions and nothing else.
SAM-U-Net   See `samunet`; it is given an embedding and the slice between its neighbours.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import nn

from core.errors import WeightsError
from core.learning.samunet import SamUnet

OUTPUTS = 2
_RARE = -3.0  # the logit of a voxel at first: most show neither
_STEEP = 3.0
Kind = Literal["unet", "vnet", "cnn", "samunet"]
TITLES: Mapping[str, str] = {"unet": "U-Net", "vnet": "V-Net", "cnn": "Plain CNN", "samunet": "SAM-U-Net"}


@dataclass(frozen=True)
class NetworkConfig:
    """Which network, and how large.

    Attributes:
        kind: ``unet`` and ``cnn`` see one slice, ``vnet`` a block of slices, ``samunet`` the embedding of a slice.
        widths: Channels of each level (of each hidden layer for ``cnn``, of the first level for ``samunet``).
        side: Rows and columns of the picture it is given; a slice, or what ``samunet`` looks at, is resized to them.
        depth: Slices of the block it is given; 1 for the flat ones.
    """

    kind: Kind
    widths: tuple[int, ...]
    side: int = 192
    depth: int = 1

    def __post_init__(self) -> None:
        levels = len(self.widths) - 1
        if self.kind == "unet" and (levels != 4 or self.side % 16):
            raise ValueError(f"a U-Net needs 5 widths and a side in steps of 16, got {self.widths} and {self.side}")
        if self.kind == "samunet" and (levels or self.side % 16):
            raise ValueError(f"a SAM-U-Net needs 1 width and a side in steps of 16, got {self.widths} and {self.side}")
        if self.kind == "vnet" and (levels < 2 or self.side % 2**levels or self.depth % 2**levels):
            raise ValueError(f"side {self.side} and depth {self.depth} must be in steps of {2**levels}")
        if self.kind == "vnet" and any(b != 2 * a for a, b in zip(self.widths, self.widths[1:], strict=False)):
            raise ValueError(f"each level of a V-Net is twice as wide as the one above, got {self.widths}")
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"widths must be positive, got {self.widths}")

    @property
    def is_flat(self) -> bool:
        """Whether it sees one slice at a time."""
        return self.kind != "vnet"

    @property
    def title(self) -> str:
        """Name for people."""
        return TITLES[self.kind]

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return asdict(self) | {"widths": list(self.widths)}

    @staticmethod
    def from_json(found: Any) -> "NetworkConfig":
        """Read what `as_json` wrote.

        Raises:
            WeightsError: It describes no network of ours.
        """
        try:
            if found["kind"] not in TITLES or max(found["widths"]) > 1024 or len(found["widths"]) > 8:
                raise ValueError(found["kind"])
            widths = tuple(int(width) for width in found["widths"])
            return NetworkConfig(found["kind"], widths, int(found["side"]), int(found["depth"]))
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError("The file does not describe a network that Lobule knows. Train it anew.") from error


SMALL: Mapping[str, NetworkConfig] = {  # what two processor cores train in half an hour
    "unet": NetworkConfig("unet", (16, 32, 64, 128, 256)),
    "vnet": NetworkConfig("vnet", (8, 16, 32, 64), side=128, depth=16),
    "cnn": NetworkConfig("cnn", (16, 16, 16, 16)),
    "samunet": NetworkConfig("samunet", (16,)),
}
FULL: Mapping[str, NetworkConfig] = {  # as in the papers
    "unet": NetworkConfig("unet", (64, 128, 256, 512, 1024), side=384),
    "vnet": NetworkConfig("vnet", (16, 32, 64, 128, 256), side=256, depth=32),
    "cnn": NetworkConfig("cnn", (64, 64, 64, 64), side=384),
    "samunet": NetworkConfig("samunet", (32,), side=256),
}


class Vnet(nn.Module):
    """The V-Net with as many levels as there are widths; with 16, 32, 64, 128, 256 that of the paper."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        from monai.networks.nets import vnet as blocks  # seconds

        act = ("elu", {"inplace": True})
        convolutions = (1, 2, 3, 2)
        self.first = blocks.InputTransition(3, 1, widths[0], act)
        self.down = nn.ModuleList(
            blocks.DownTransition(3, width, convolutions[min(k, 3)], act) for k, width in enumerate(widths[:-1])
        )
        ups, inner = [], widths[-1]
        for k, width in reversed(list(enumerate(widths[:-1]))):
            ups.append(blocks.UpTransition(3, inner, 2 * width, 2 if k >= 2 else 1, act, dropout_prob=(None, 0.0)))
            inner = 2 * width
        self.up = nn.ModuleList(ups)
        self.last = blocks.OutputTransition(3, inner, OUTPUTS, act)
        _norm_by_block(self)
        _start_apart(self.last.conv2)

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """Return logits ``(B, 2, D, H, W)`` of blocks ``(B, 1, D, H, W)``."""
        levels = [self.first(blocks)]
        for down in self.down:
            levels.append(down(levels[-1]))
        found = levels.pop()
        for up in self.up:
            found = up(found, levels.pop())
        logits: torch.Tensor = self.last(found)
        return logits


def _norm_by_block(network: nn.Module) -> None:
    """Let each block be normalised by itself: of one block at a time, a batch's mean is no guess of all blocks'."""
    for part in list(network.modules()):
        for name, child in part.named_children():
            if isinstance(child, nn.BatchNorm3d):
                setattr(part, name, nn.InstanceNorm3d(child.num_features, affine=True))


def _start_apart(last: nn.Conv3d) -> None:
    """Let each of the two channels before the last layer be one output; mixed at random they part only after long."""
    with torch.no_grad():
        last.weight.copy_(_STEEP * torch.eye(OUTPUTS)[:, :, None, None, None])
        last.bias.fill_(_RARE)  # type: ignore[union-attr]


def build_network(config: NetworkConfig, seed: int = 0) -> nn.Module:
    """Return a network with weights drawn at random, always the same ones for a seed.

    It takes grey values from 0 to 1, ``(B, 1, H, W)`` or ``(B, 1, D, H, W)``, and gives logits with 2 channels; for
    what ``samunet`` takes see `samunet.SamUnet`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(config)
    # Faster on a processor, by a sixth.
    return network.to(memory_format=torch.channels_last) if config.is_flat else network  # type: ignore[call-overload]


def _network(config: NetworkConfig) -> nn.Module:
    if config.kind == "unet":
        from monai.networks.nets import BasicUNet  # seconds

        widths = (*config.widths, config.widths[0])
        unet: nn.Module = BasicUNet(2, 1, OUTPUTS, features=widths, act="relu", norm="batch", dropout=0.0)
        return unet
    if config.kind == "samunet":
        behind = SamUnet(config.widths[0], OUTPUTS)
        nn.init.constant_(behind.last.bias, _RARE)  # type: ignore[arg-type]
        return behind
    return Vnet(config.widths) if config.kind == "vnet" else _plain(config.widths)


def parameters(network: nn.Module) -> int:
    """Count the numbers that are learnt."""
    return sum(tensor.numel() for tensor in network.parameters())


def _plain(widths: tuple[int, ...]) -> nn.Module:
    layers: list[nn.Module] = []
    before = 1
    for width in widths:
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
        before = width
    return nn.Sequential(*layers, nn.Conv2d(before, OUTPUTS, 3, padding=1))
