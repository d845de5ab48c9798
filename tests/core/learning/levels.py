"""A plain CNN whose weights are set by hand: 0 HU and more is liver, 85 HU and more is tumour, whatever the window.

It is saved and loaded like a trained one, and what it finds can be worked out on paper.
"""

from pathlib import Path

import torch
from torch import nn

from core.imaging.window import Window
from core.learning.networks import NetworkConfig, build_network
from core.learning.trained import NetworkCard, TrainedNetwork, save_network

LIVER_HU, TUMOUR_HU = 0.0, 85.0
WINDOW = Window(60, 200)


def level_network(window: Window, steep: float = 20.0, side: int = 280) -> nn.Module:
    """Return a network whose logit is ``8 · steep`` times how far a grey value lies above its level, from 0 to 1."""
    network = build_network(NetworkConfig("cnn", (2,), side))
    low = window.level_hu - window.width_hu / 2
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.zero_()
        first, last = (layer for layer in network if isinstance(layer, nn.Conv2d))  # type: ignore[attr-defined]
        first.weight[:, 0, 1, 1] = 1.0
        for channel, hu in enumerate((LIVER_HU, TUMOUR_HU)):
            last.weight[channel, 0, 1, 1] = 8 * steep
            last.bias[channel] = -8 * steep * (hu - low) / window.width_hu  # type: ignore[index]
    return network


def levels(name: str = "levels", window: Window = WINDOW, steep: float = 20.0) -> TrainedNetwork:
    """Return it as a trained network, of five times the side of the tests' CT so that edges stay where they are."""
    card = NetworkCard(
        name, name.title(), NetworkConfig("cnn", (2,), 280), window, "ours", "made up", sha256=f"sha {name}"
    )
    return TrainedNetwork(card, level_network(window, steep).eval())


def save_levels(folder: Path, name: str = "levels") -> Path:
    """Save it where networks are looked for."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    save_network(level_network(WINDOW), levels(name).card, path)
    return path
