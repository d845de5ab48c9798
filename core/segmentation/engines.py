"""What can compute a network on this machine: torch or OpenVINO, in 32 or in 16 bits."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import torch
from torch import nn

from core.segmentation import openvino_runtime
from core.segmentation.networks import CHANNELS, FEATURE_SIDE, Network
from core.segmentation.openvino_runtime import Compiled, Precision

PLAIN = "torch fp32"
NAMES = ("OpenVINO bf16", "OpenVINO fp32", "torch bf16", PLAIN)  # the fastest first, as a rule

Encode = Callable[[torch.Tensor], torch.Tensor]
Decode = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Engine:
    """A network, ready to be computed in one way. Threads share it.

    Attributes:
        name: One of `NAMES`.
        encode: Framed pictures ``(1, 3, side, side)`` float32 to features ``(1, 256, 64, 64)`` float32.
        decode: Features of one picture and N boxes ``(N, 4)`` as x0, y0, x1, y1 in the frame, both float32, to
            logits ``(N, 1, 256, 256)`` and predicted IoU ``(N,)``.
        compiled: The compiled networks of OpenVINO, to be kept on disk; empty for torch.
    """

    name: str
    encode: Encode
    decode: Decode
    compiled: Mapping[str, Compiled]


class BoxDecoder(nn.Module):
    """The prompt encoder and mask decoder as one function of features and boxes."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.prompts = network.prompt_encoder
        self.decoder = network.mask_decoder
        with torch.no_grad():
            self.register_buffer("positions", self.prompts.get_dense_pe().clone(), persistent=False)
            no_mask = self.prompts.no_mask_embed.weight.reshape(1, -1, 1, 1)
            self.register_buffer("no_mask", no_mask.expand_as(self.positions).clone(), persistent=False)

    def forward(self, features: torch.Tensor, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what `Engine.decode` returns."""
        low, scores = self.decoder(
            image_embeddings=features,
            image_pe=self.positions,
            sparse_prompt_embeddings=self.prompts._embed_boxes(boxes),  # its forward fixes the number of boxes
            dense_prompt_embeddings=self.no_mask,
            multimask_output=False,
        )
        return low, scores[:, 0]


def possible() -> tuple[str, ...]:
    """Return the names of the engines that this machine has the software and the instructions for."""
    names = [f"OpenVINO {precision}" for precision in openvino_runtime.precisions()] if has_openvino() else []
    if {"avx512_bf16", "amx_bf16"} & processor_flags():  # elsewhere torch computes bf16 in steps, slower than fp32
        names.append("torch bf16")
    return (*names, PLAIN)


def has_openvino() -> bool:
    """Say whether OpenVINO is installed."""
    return bool(openvino_runtime.version())


def torch_engine(network: Network, name: str) -> Engine:
    """Return the engine ``torch fp32`` or ``torch bf16`` of a network on the CPU."""
    decoder = BoxDecoder(network).eval()

    def encode(pictures: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=name == "torch bf16"):
            return cast(torch.Tensor, network.image_encoder(pictures)).float()

    def decode(features: torch.Tensor, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            return cast(tuple[torch.Tensor, torch.Tensor], decoder(features, boxes))

    return Engine(name, encode, decode, {})


def openvino_engine(name: str, parts: Mapping[str, Compiled]) -> Engine:
    """Return an engine of OpenVINO from its compiled ``encoder`` and ``decoder``."""
    encoder, decoder = parts["encoder"], parts["decoder"]

    def encode(pictures: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(encoder(pictures.contiguous().numpy())[0])

    def decode(features: torch.Tensor, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low, scores = decoder(features.contiguous().numpy(), boxes.numpy())
        return torch.from_numpy(low), torch.from_numpy(scores)

    return Engine(name, encode, decode, parts)


class Conversion:
    """A network traced for OpenVINO once, and compiled for each precision that is asked for."""

    def __init__(self, network: Network, side: int) -> None:
        pictures = torch.zeros(1, 3, side, side)
        features = torch.zeros(1, CHANNELS, FEATURE_SIDE, FEATURE_SIDE)
        boxes = torch.tensor([[20.0, 30.0, 90.0, 110.0], [40.0, 50.0, 99.0, 101.0], [1.0, 2.0, 50.0, 60.0]])
        self._models = {
            "encoder": openvino_runtime.converted(network.image_encoder, (pictures,), [tuple(pictures.shape)]),
            "decoder": openvino_runtime.converted(
                BoxDecoder(network).eval(), (features, boxes), [tuple(features.shape), (-1, 4)]
            ),
        }

    def engine(self, name: str) -> Engine:
        """Compile the engine ``OpenVINO fp32`` or ``OpenVINO bf16``."""
        precision = precision_of(name)
        parts = {part: openvino_runtime.compiled(model, precision) for part, model in self._models.items()}
        return openvino_engine(name, parts)


def precision_of(name: str) -> Precision:
    """Return the precision an engine computes in: features of one precision are alike whoever computed them."""
    return "bf16" if name.endswith("bf16") else "fp32"


@cache
def processor() -> str:
    """Return what tells this processor from others, for whoever keeps what was measured or compiled on it."""
    return f"{platform.machine()} {_told('model name') or platform.processor()} {' '.join(sorted(processor_flags()))}"


@cache
def processor_flags() -> frozenset[str]:
    """Return the processor's instruction sets as Linux names them; empty elsewhere."""
    return frozenset(_told("flags").split() or _told("Features").split())


def _told(what: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == what), "")
