import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from core.errors import WeightsError
from core.imaging.window import Window
from core.learning.networks import NetworkConfig, build_network
from core.learning.trained import NetworkCard, available_networks, load_network, save_network
from core.segmentation.checkpoints import sha256
from core.segmentation.folders import MANIFEST

CONFIG = NetworkConfig("unet", (4, 4, 4, 4, 4), side=32)


def saved(folder: Path, name: str = "mine") -> Path:
    path = folder / f"{name}.safetensors"
    card = NetworkCard("x", "U-Net", CONFIG, Window(60, 200), "research use only", "made up", scores={"Dice": 0.5})
    save_network(build_network(CONFIG, 3), card, path)
    return path


def test_a_network_loads_from_its_file_alone_and_answers_as_before(tmp_path: Path) -> None:
    path = saved(tmp_path)
    loaded, picture = load_network("mine", tmp_path), torch.rand(1, 1, 32, 32)
    before = build_network(CONFIG, 3).eval()
    with torch.inference_mode():
        apart = (loaded.network(picture) - before(picture)).abs().max()
    assert apart < 0.01  # 16 bits
    assert loaded.card.window == Window(60, 200)
    assert (loaded.card.name, loaded.card.licence, loaded.card.scores) == ("mine", "research use only", {"Dice": 0.5})
    assert loaded.card.sha256 == sha256(path)


def test_matrices_take_16_bits_and_variances_keep_32(tmp_path: Path) -> None:
    kinds = {tensor.dtype: tensor.ndim for tensor in safetensors.torch.load_file(saved(tmp_path)).values()}
    assert kinds[torch.float16] >= 2
    assert kinds[torch.float32] == 1


def test_a_file_that_brings_code_or_is_cut_short_is_refused(tmp_path: Path) -> None:
    torch.save({"weights": np.zeros(3)}, tmp_path / "code.safetensors")
    path = saved(tmp_path, "cut")
    path.write_bytes(path.read_bytes()[:-100])
    cards, problems = available_networks(tmp_path)
    assert cards == ()
    assert [problem.split()[0] for problem in problems] == ["code.safetensors", "cut.safetensors"]
    with pytest.raises(WeightsError, match="damaged, or was not made by Lobule"):
        load_network("code", tmp_path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with safetensors.safe_open(path, framework="pt") as file:
        header = file.metadata()
    safetensors.torch.save_file({"w": torch.zeros(2, 2)}, path, header)
    with pytest.raises(WeightsError, match="does not hold the weights of the network it describes"):
        load_network(path)


def published(folder: Path, **told: object) -> Path:
    """Save a network and list it in the manifest, which lies in the folder above."""
    (folder / "networks").mkdir()
    path = saved(folder / "networks")
    entry = {"name": "mine", "file": "networks/mine.safetensors", "sha256": sha256(path), **told}
    (folder / MANIFEST).write_text(json.dumps([{"name": "sam", "sha256": "1" * 64}, entry]))
    return path.parent


def test_a_published_name_with_another_content_is_refused(tmp_path: Path) -> None:
    folder = published(tmp_path, sha256="0" * 64)
    with pytest.raises(WeightsError, match="not the published file of this name"):
        load_network("mine", folder)


def test_the_scores_of_a_published_network_are_those_of_the_manifest(tmp_path: Path) -> None:
    folder = published(tmp_path, scores={"protocol": "3 folds", "Dice": 0.7})
    saved(folder, "other")
    cards, _ = available_networks(folder)
    assert [(card.name, card.is_published, card.scores["Dice"]) for card in cards] == [
        ("mine", True, 0.7),
        ("other", False, 0.5),
    ]


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(WeightsError, match=r"There is no trained network yours\. Available: mine"):
        load_network("yours", tmp_path)
