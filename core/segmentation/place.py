"""A network on a device, and how it is computed there."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from core.segmentation.attention import token_attention
from core.segmentation.engines import Engine
from core.segmentation.networks import Network
from core.segmentation.prompt import Box
from core.segmentation.refiner import refined

# A box ``(y0, x0, y1, x1)`` and points ``(x, y, label)``, in the frame.
Asked = tuple[tuple[float, float, float, float] | None, list[tuple[float, float, int]]]

MOST_AT_ONCE = 16  # prompts in one call of the decoder; each takes about 30 MB while it runs


@dataclass(frozen=True, eq=False)
class Place:
    """Never changes, so that a thread that computes here is not disturbed when others move on to another place.

    Attributes:
        network: On the device.
        device: ``cuda``, ``mps`` or ``cpu``.
        positions: Of the features, ``(1, 256, 64, 64)``.
        engine: What computes pictures and boxes instead of the network itself; points are always the network's.
    """

    network: Network
    device: str
    positions: torch.Tensor
    engine: Engine | None = None

    @staticmethod
    def of(network: Network, device: str, engine: Engine | None = None) -> "Place":
        """Move a network to a device."""
        moved = network.to(device)
        with torch.inference_mode():
            return Place(moved, device, moved.prompt_encoder.get_dense_pe(), engine)

    def on_processor(self) -> "Place":
        """Return a copy on the processor that takes no further memory of the device."""
        tensors = [*self.network.parameters(), *self.network.buffers()]
        copies: dict[int, Any] = {}
        for tensor in tensors:
            own = tensor.detach().to("cpu", copy=True)
            copies[id(tensor)] = nn.Parameter(own, requires_grad=False) if isinstance(tensor, nn.Parameter) else own
        return Place.of(copy.deepcopy(self.network, copies), "cpu")

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Encode framed pictures ``(B, 3, side, side)`` to features ``(B, 256, 64, 64)`` float32 on the processor."""
        if self.engine:
            return torch.cat([self.engine.encode(pictures[k : k + 1]) for k in range(len(pictures))])
        if self.device.startswith("cuda"):
            pictures = pictures.pin_memory()
        with torch.inference_mode(), precision(self.device):
            features: torch.Tensor = self.network.image_encoder(pictures.to(self.device, non_blocking=True))
            return features.float().cpu()

    def decode(self, features: torch.Tensor, asked: Sequence[Asked]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return for N prompts of one kind the best mask's logits ``(N, 1, 256, 256)`` and predicted IoU ``(N,)``.

        Args:
            features: Of one picture, ``(1, 256, 64, 64)``, float32 or float16.
            asked: All with a box or all without, all with as many points.
        """
        corners, clicks = self._tensors(asked)
        if self.engine and corners is not None and clicks is None:
            return self.engine.decode(features.float(), corners)
        with torch.inference_mode(), precision(self.device):
            return self._decoded(features.to(self.device).float(), corners, clicks)

    @property
    def refines(self) -> bool:
        """Whether the network holds a refiner."""
        return self.network.refiner is not None

    def refine(
        self, picture: npt.NDArray[np.uint8], logits: npt.NDArray[np.float32], boxes: Sequence[Box]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return better logits ``(N, H, W)`` of the masks in boxes, and the IoU guessed of each, ``(N,)``.

        Args:
            picture: The slice, ``(H, W)``.
            logits: Of the decoder, ``(N, H, W)``.
            boxes: In pixels of the slice, within it.
        """
        if self.network.refiner is None:
            raise ValueError("this network holds no refiner")
        grey = torch.from_numpy(picture.astype(np.float32) / 255).to(self.device)
        with torch.inference_mode():
            found, scores = refined(self.network.refiner, grey, torch.from_numpy(logits).to(self.device), boxes)
            return found.cpu().numpy(), scores.cpu().numpy()

    def attention(self, features: torch.Tensor, asked: Asked) -> torch.Tensor:
        """Return the attention of each token of a prompt to the features, ``(tokens, 64, 64)`` on the processor."""
        corners, clicks = self._tensors([asked])
        with torch.inference_mode():
            sparse, dense = self._prompted(corners, clicks)
            return token_attention(
                self.network, features.to(self.device).float(), self.positions, sparse.float(), dense.float()
            ).cpu()

    def _prompted(self, corners: torch.Tensor | None, clicks: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        sparse, dense = self.network.prompt_encoder(
            points=None if clicks is None else (clicks[..., :2], clicks[..., 2]), boxes=corners, masks=None
        )
        return sparse, dense

    def _decoded(
        self, features: torch.Tensor, corners: torch.Tensor | None, clicks: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        sparse, dense = self._prompted(corners, clicks)
        low, scores = self.network.mask_decoder(
            image_embeddings=features,
            image_pe=self.positions,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            # One click is ambiguous: part, organ or body.
            multimask_output=corners is None and clicks is not None and clicks.shape[1] == 1,
        )
        best = scores.argmax(dim=1)
        each = torch.arange(len(best), device=best.device)
        return low[each, best][:, None], scores[each, best]

    def _tensors(self, asked: Sequence[Asked]) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Return inclusive boxes ``(N, 4)`` as x0, y0, x1, y1 and points ``(N, P, 3)`` as x, y, label, or None."""
        corners = clicks = None
        if asked[0][0] is not None:
            swapped = [(x0, y0, x1, y1) for y0, x0, y1, x1 in (box for box, _ in asked if box)]
            corners = torch.tensor(swapped, dtype=torch.float32, device=self.device)
        if asked[0][1]:
            clicks = torch.tensor([points for _, points in asked], dtype=torch.float32, device=self.device)
        return corners, clicks


def precision(device: str) -> AbstractContextManager[Any]:
    """Return the precision torch computes in on a device."""
    # float16, named because it must not become bfloat16: against the masks of float32 the Dice is 0.996 with it
    # and 0.981 with bfloat16, whose fewer digits blur the decoder's edges.
    return torch.autocast("cuda", dtype=torch.float16) if device.startswith("cuda") else nullcontext()


def alike(asked: Sequence[Asked]) -> Iterator[list[int]]:
    """Yield the places of the prompts that one call of the decoder can answer: a box or not, as many points."""
    kinds: dict[tuple[bool, int], list[int]] = {}
    for k, (box, points) in enumerate(asked):
        kinds.setdefault((box is not None, len(points)), []).append(k)
    for places in kinds.values():
        yield from (places[k : k + MOST_AT_ONCE] for k in range(0, len(places), MOST_AT_ONCE))
