"""Trained networks as files: one ``.safetensors`` with the weights and, in its header, everything needed to use them.

They lie in ``weights/networks/``: those that come with Lobule, and those trained here, which may have a folder of
their own. ``weights/manifest.json`` lists the sha256 of the first; a file of one of their names with another content
is refused. Files are opened as tensors only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from core.errors import WeightsError
from core.imaging.window import Window
from core.learning.networks import NetworkConfig, build_network
from core.segmentation.cachefolder import replacing
from core.segmentation.checkpoints import read_tensors, sha256
from core.segmentation.folders import MANIFEST, WEIGHTS, places
from core.version import VERSION

NETWORKS = WEIGHTS / "networks"
_HEADER = "lobule"


@dataclass(frozen=True)
class NetworkCard:
    """What a reader should know of a trained network before trusting it.

    Attributes:
        name: For the command line and the picker.
        title: Name for the screen.
        config: Which network.
        window: In which it was trained, and is fed.
        licence: Of the weights.
        source: What it was trained on, in words.
        version: Of Lobule that trained it.
        scores: Figures with their protocol, such as ``{"protocol": ..., "liver Dice": 0.93}``.
        sha256: Of the file; ``""`` before it is written.
        base: Name of the model whose embeddings it reads; ``""`` if it reads slices.
        base_sha256: Of that model.
        is_published: Whether it comes with Lobule, as its manifest says.
    """

    name: str
    title: str
    config: NetworkConfig
    window: Window
    licence: str = "not stated"
    source: str = "not stated"
    version: str = VERSION
    scores: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    base: str = ""
    base_sha256: str = ""
    is_published: bool = False


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with what it learnt, on the processor and ready to be asked."""

    card: NetworkCard
    network: nn.Module


def save_network(network: nn.Module, card: NetworkCard, path: Path) -> None:
    """Write a network to a file: matrices in 16 bits, normalisation and biases in 32."""
    header = {
        "title": card.title, "config": card.config.as_json(), "level_hu": card.window.level_hu,
        "width_hu": card.window.width_hu, "licence": card.licence, "source": card.source, "version": card.version,
        "scores": dict(card.scores), "base": card.base, "base_sha256": card.base_sha256,
    }  # fmt: skip
    content = safetensors.torch.save(halved(network.state_dict()), {_HEADER: json.dumps(header)})
    with replacing(path) as file:
        file.write(content)


def halved(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return copies on the processor; matrices in 16 bits, but vectors not: a variance may be too small for them."""
    kept = {}
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        is_large = own.ndim >= 2 and own.is_floating_point()
        kept[name] = own.half() if is_large else own.clone()
    return kept


def available_networks(folder: Path = NETWORKS) -> tuple[tuple[NetworkCard, ...], tuple[str, ...]]:
    """Return the trained networks of a folder, and a sentence for every file that is of no use.

    By default it is the folder of those trained here, and those that come with Lobule come first.
    """
    cards: dict[str, NetworkCard] = {}
    problems = []
    for path in (path for place in places(folder, NETWORKS.name) for path in sorted(place.glob("*.safetensors"))):
        try:
            cards.setdefault(path.stem, network_card(path))
        except WeightsError as problem:
            problems.append(str(problem))
    return tuple(cards.values()), tuple(problems)


def network_card(path: Path) -> NetworkCard:
    """Read what is known of a trained network, without its weights.

    Raises:
        WeightsError: The file is missing, damaged, not of Lobule, or not the published one of its name.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[_HEADER])
        window = Window(float(header["level_hu"]), float(header["width_hu"]))
        texts = {name: str(header[name]) for name in ("title", "licence", "source", "version")}
        texts |= {name: str(header.get(name, "")) for name in ("base", "base_sha256")}
        fingerprint = _fingerprint(path)
        scores = dict(header.get("scores", {}))
    except FileNotFoundError as error:
        raise WeightsError(
            f"There is no file {path.name} in {path.parent}. Train a network, or choose another."
        ) from error
    except Exception as error:
        raise WeightsError(f"{path.name} is damaged, or was not made by Lobule. Use another copy of it.") from error
    published = _published(path.parent).get(path.stem)
    if published and published["sha256"] != fingerprint:
        raise WeightsError(f"{path.name} is not the published file of this name. Restore it, or rename yours.")
    scores = dict(published.get("scores", scores)) if published else scores
    return NetworkCard(
        path.stem, config=NetworkConfig.from_json(header.get("config")), window=window, scores=scores,
        sha256=fingerprint, is_published=published is not None, **texts,
    )  # fmt: skip


def load_network(name: str | Path, folder: Path = NETWORKS) -> TrainedNetwork:
    """Load a trained network by its name in ``weights/networks``, or from a file.

    Raises:
        WeightsError: There is none, or its file does not hold usable weights.
    """
    path = name if isinstance(name, Path) else _placed(name, folder)
    if not path.is_file():
        known = ", ".join(card.name for card in available_networks(folder)[0]) or "none"
        raise WeightsError(f"There is no trained network {path.stem}. Available: {known}.")
    card = network_card(path)
    network = build_network(card.config)
    try:
        network.load_state_dict(read_tensors(path))
    except RuntimeError as error:
        raise WeightsError(
            f"{path.name} does not hold the weights of the network it describes. Train it anew."
        ) from error
    return TrainedNetwork(card, network.eval().requires_grad_(False))


def _placed(name: str, folder: Path) -> Path:
    paths = [place / f"{name}.safetensors" for place in places(folder, NETWORKS.name)]
    return next((path for path in paths if path.is_file()), paths[-1])


def _fingerprint(path: Path) -> str:
    status = path.stat()
    return _sha256(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _sha256(path: Path, _mtime_ns: int, _size: int) -> str:
    return sha256(path)


def _published(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the manifest, in the folder above, says of the networks in a folder, by their names."""
    try:
        found = json.loads((folder.parent / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = found if isinstance(found, list) else []
    own = (e for e in entries if isinstance(e, dict) and {"file", "sha256"} <= e.keys())
    return {Path(e["file"]).stem: e for e in own if Path(e["file"]).parent == Path(folder.name)}
