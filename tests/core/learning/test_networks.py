import re
import warnings

import numpy as np
import pytest
import torch

from core.errors import LearningError, WeightsError
from core.learning.augmentation import NONE, USUAL, Augmenter
from core.learning.cases import targets
from core.learning.losses import LOSSES, loss
from core.learning.networks import FULL, SMALL, NetworkConfig, build_network, parameters
from core.learning.pictures import enlarged, resized, resized_labels
from tests.core.learning.shapes import labels, patient

TINY = {
    "unet": NetworkConfig("unet", (8, 16, 16, 16, 16), side=48),
    "vnet": NetworkConfig("vnet", (6, 12, 24), side=48, depth=8),
    "cnn": NetworkConfig("cnn", (12, 12, 12, 12), side=48),
}


def batch(config: NetworkConfig) -> tuple[torch.Tensor, torch.Tensor]:
    case = patient(3)
    part = slice(1, 9)
    grey = torch.from_numpy(resized(case.grey, config.side)[part].astype(np.float32) / 255)
    wanted = torch.from_numpy(targets(resized_labels(case.labels, config.side)[part]))
    return (grey[:, None], wanted.transpose(0, 1)) if config.is_flat else (grey[None, None], wanted[None])


@pytest.mark.parametrize("kind", list(TINY))
def test_a_network_learns_one_batch_by_heart(kind: str) -> None:
    network = build_network(TINY[kind]).train()
    for part in network.modules():
        if "Dropout" in type(part).__name__:
            part.eval()  # it is there to keep networks from learning by heart
    images, wanted = batch(TINY[kind])
    optimiser, cost = torch.optim.Adam(network.parameters(), 1e-2), loss("dice+bce")
    for _ in range(300):
        optimiser.zero_grad()
        logits = network(images)
        cost(logits, wanted).backward()
        optimiser.step()
        if min(dices(logits, wanted)) > 0.97:
            break
    assert min(dices(logits, wanted)) > 0.95


def dices(logits: torch.Tensor, wanted: torch.Tensor) -> list[float]:
    """Of each channel, over the whole batch."""
    found, truth = ((one > 0).transpose(0, 1).flatten(1) for one in (logits, wanted))
    return (2 * (found & truth).sum(1) / (found.sum(1) + truth.sum(1))).tolist()


def test_the_networks_are_as_large_as_in_the_papers() -> None:
    from monai.networks.nets import VNet

    assert parameters(build_network(FULL["unet"])) == pytest.approx(31.0e6, rel=0.01)  # 31.0 million, as often counted
    assert parameters(build_network(FULL["vnet"])) == parameters(VNet(3, 1, 2))
    assert sum(parameters(build_network(config)) for config in SMALL.values()) * 2 < 15e6  # bytes in 16 bits


def test_a_seed_draws_the_same_weights_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = (build_network(TINY["cnn"], seed).state_dict() for seed in (1, 1, 2))
    assert (torch.get_rng_state() == before).all()
    assert all((first[name] == second[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)


@pytest.mark.parametrize(
    "told", [{"kind": "unet"}, {"kind": "net", "widths": [1]}, None, {"kind": "cnn", "widths": []}]
)
def test_a_description_of_no_network_is_refused(told: object) -> None:
    with pytest.raises(WeightsError, match="Train it anew"):
        NetworkConfig.from_json(told)


def test_a_description_comes_back_as_it_was_written() -> None:
    for config in (*SMALL.values(), *FULL.values()):
        assert NetworkConfig.from_json(config.as_json()) == config


def test_losses_say_what_they_say_by_hand() -> None:
    logits, wanted = torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 2, 3)
    wanted[0, 0, 0] = 1.0  # three of six; every probability is one half
    assert loss("bce")(logits, wanted) == pytest.approx(np.log(2))
    assert loss("dice")(logits, wanted) == pytest.approx(1 - (2 * 1.5 + 1) / (3 + 3 + 1))
    assert loss("dice+bce")(logits, wanted) == pytest.approx(np.log(2) + 1 - 4 / 7)


def test_an_object_missed_costs_more_when_every_object_counts_alike() -> None:
    wanted = torch.zeros(2, 1, 20, 30)
    wanted[0, 0, 2:18, 3:27] = 1  # large and found
    wanted[1, 0, 4:6, 4:6] = 1  # small and missed
    logits = torch.where(wanted > 0, 9.0, -9.0)
    logits[1] = -9.0
    assert loss("each dice+bce")(logits, wanted) > 5 * loss("dice+bce")(logits, wanted)


def test_a_loss_that_is_not_known_is_answered_with_those_that_are() -> None:
    with pytest.raises(LearningError, match=re.escape(", ".join(LOSSES))):
        loss("hinge")


@pytest.mark.parametrize("shape", [(48, 48), (8, 48, 48)])
def test_image_and_labels_are_changed_alike_and_the_same_way_for_a_seed(shape: tuple[int, ...]) -> None:
    wanted = torch.zeros(3, 2, *shape)
    wanted[..., 10:30, 12:36] = 1
    images = wanted[:, :1] * 0.5
    augmenter = Augmenter(USUAL, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (augmenter.changed(images, wanted, 7) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()
    assert (first[0] != images).any()
    assert set(first[1].unique().tolist()) <= {0.0, 1.0}
    inside = first[1][:, :1] > 0
    assert first[0][inside].mean() > 3 * first[0][~inside].mean()  # the bright part is still where the label is
    assert augmenter.changed(images, wanted, 8)[0].ne(first[0]).any()


def test_without_augmentation_nothing_changes() -> None:
    images, wanted = batch(TINY["cnn"])
    same = Augmenter(NONE, (48, 48)).changed(images, wanted, 1)
    assert same[0] is images
    assert same[1] is wanted


def test_slices_come_back_in_their_own_size_and_place() -> None:
    wanted = labels(3, (4, 60, 90))
    small = resized_labels(wanted, 48)
    assert small.shape == (4, 48, 48)
    back = enlarged(targets(small)[:, 3], (60, 90))
    agreement = (back[0] > 0.5) == (wanted[3] > 0)
    assert back.shape == (2, 60, 90)
    assert agreement.mean() > 0.98
