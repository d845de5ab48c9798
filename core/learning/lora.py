"""Low-rank adaptation: a few numbers learnt beside each large matrix of an encoder that itself stays as it is.

E. J. Hu et al., LoRA, ICLR 2022, https://arxiv.org/abs/2106.09685. The usual library for it (peft) brings the whole
of transformers along; torch's own parametrisation does it in a few lines, and merges it away again.
"""

import math

import torch
from torch import nn
from torch.nn.utils import parametrize

_MATRIX = "qkv"  # the projection to queries, keys and values of an attention, in SAM's ViT and in TinyViT


class LowRank(nn.Module):
    """Adds ``scale * B A`` to a matrix; ``B`` starts at 0, so nothing changes before something is learnt."""

    def __init__(self, rows: int, columns: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.empty(rank, columns))
        self.second = nn.Parameter(torch.zeros(rows, rank))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.first, a=math.sqrt(5))

    def forward(self, matrix: torch.Tensor) -> torch.Tensor:
        """Return the adapted matrix."""
        return matrix + self.scale * (self.second @ self.first)


def adapt(encoder: nn.Module, rank: int = 4, alpha: float = 8.0, seed: int = 0) -> list[str]:
    """Freeze an encoder and let every attention's ``qkv`` learn in low rank; return the names of those matrices."""
    encoder.requires_grad_(False)
    places = [(name, part) for name, part in encoder.named_modules() if name.rpartition(".")[2] == _MATRIX]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _, part in places:
            rows, columns = part.get_parameter("weight").shape
            parametrize.register_parametrization(part, "weight", LowRank(rows, columns, rank, alpha))
    return [f"{name}.weight" for name, _ in places]


def merged(encoder: nn.Module, names: list[str]) -> dict[str, torch.Tensor]:
    """Return the adapted matrices by the names `adapt` gave."""
    with torch.no_grad():
        parts = {name: encoder.get_submodule(name.rpartition(".")[0]) for name in names}
        return {name: getattr(part, "weight").detach().clone() for name, part in parts.items()}  # noqa: B009  typed
