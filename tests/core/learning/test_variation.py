"""How what is seen is varied before a network learns from it."""

import torch

from core.learning.augmentation import NONE, STRONG, Augmentation
from core.learning.looks import Pair
from core.learning.variation import varied

NEAR, FAR = torch.zeros(4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)
DISC = ((torch.arange(64)[:, None] - 30) ** 2 + (torch.arange(64) - 25) ** 2 < 300).float()


def seen() -> tuple[Pair, torch.Tensor]:
    """Livers at 0 within darkness, with an embedding of ones."""
    pictures = ((DISC - 1) * 2).expand(4, 3, 64, 64).clone()
    return (torch.ones(4, 5, 16, 16), pictures), torch.stack([DISC, torch.zeros(64, 64)]).repeat(4, 1, 1, 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_what_is_seen_and_what_is_wanted_move_alike() -> None:
    moves = Augmentation(flip=0, move=1, turn_degrees=20, scale=0.2, shift=0.1, grey=0, lesions=0, blind=0)
    _, still = seen()
    disc = still[:, :1]
    (features, pictures), wanted = varied((disc, disc), disc, NEAR, moves, generator(1))
    for moved in (features, pictures):
        both = ((moved > 0.5) & (wanted > 0.5)).sum()
        assert 2 * both / ((moved > 0.5).sum() + (wanted > 0.5).sum()) > 0.95
    assert (wanted - disc).abs().sum() > 100


def test_without_any_variation_all_stays() -> None:
    pair, wanted = seen()
    (features, pictures), same = varied(pair, wanted, NEAR, NONE, generator())
    assert torch.equal(features, pair[0])
    assert torch.allclose(pictures, pair[1], atol=1e-4)
    assert torch.equal(same, wanted)


def test_where_a_tumour_was_drawn_the_embedding_is_gone() -> None:
    how = Augmentation(0, 0, 0, 0, 0, 0, lesions=0.5, blind=0)
    done = [varied(*seen(), NEAR, how, generator(seed)) for seed in range(10)]
    shows = torch.cat([drawn[:, 1].flatten(1).any(1) for _, drawn in done])
    sees = torch.cat([features.flatten(1).any(1) for (features, _), _ in done])
    assert 10 < shows.sum() < 30
    assert torch.equal(sees, ~shows)


def test_of_whole_slices_the_grey_is_less_certain() -> None:
    def off(far: torch.Tensor) -> torch.Tensor:
        pair, wanted = seen()
        greys = Augmentation(0, 0, 0, 0, 0, 1, lesions=0, blind=0)
        found = [varied(pair, wanted, far, greys, generator(seed))[0][1] for seed in range(20)]
        return torch.cat(found)[:, 1][:, DISC > 0.5].median(dim=1).values

    assert off(NEAR).abs().max() < 0.4
    assert off(FAR).std() > 0.6


def test_the_same_seed_varies_alike_and_numbers_stay_in_reach() -> None:
    (one, other) = (varied(*seen(), NEAR, STRONG, generator(7)) for _ in range(2))
    assert torch.equal(one[0][1], other[0][1])
    assert torch.equal(one[1], other[1])
    assert one[0][1].isfinite().all()
    assert one[0][1].abs().max() < 6
