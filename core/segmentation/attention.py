"""Where the tokens of a prompt look in the last step of SAM's mask decoder."""

import math

import torch

from core.segmentation.networks import FEATURE_SIDE, Network

_OWN_TOKENS = 5  # of the decoder itself, in front of those of the prompt: one for the score, four for masks


def token_attention(
    network: Network, features: torch.Tensor, positions: torch.Tensor, sparse: torch.Tensor, dense: torch.Tensor
) -> torch.Tensor:
    """Return the attention of the prompt's tokens to the picture, ``(tokens, 64, 64)``; each sums up to 1.

    It is the cross attention with which the decoder ends, as a mean over its heads, computed beside the decoder: to
    hook into a network that threads share would mix their prompts up.

    Args:
        network: The model.
        features: Of the picture, ``(1, 256, 64, 64)``.
        positions: Of the features, the same shape.
        sparse: Tokens of one prompt, ``(1, tokens, 256)``.
        dense: What the prompt adds to the features, their shape.
    """
    decoder = network.mask_decoder
    transformer, last = decoder.transformer, decoder.transformer.final_attn_token_to_image
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])[None]
    tokens = torch.cat([own, sparse], dim=1)  # (1, 5 + tokens, 256)
    keys = (features + dense).flatten(2).transpose(1, 2)  # (1, 4096, 256)
    places = positions.flatten(2).transpose(1, 2)
    queries = tokens
    for layer in transformer.layers:
        queries, keys = layer(queries=queries, keys=keys, query_pe=tokens, key_pe=places)
    asked, there = last.q_proj(queries + tokens), last.k_proj(keys + places)
    q, k = (_by_head(part, last.num_heads) for part in (asked, there))  # (heads, tokens or places, width)
    weights = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]), dim=-1)
    return weights.mean(dim=0)[_OWN_TOKENS:].reshape(-1, FEATURE_SIDE, FEATURE_SIDE)


def _by_head(part: torch.Tensor, heads: int) -> torch.Tensor:
    _, count, width = part.shape
    return part[0].reshape(count, heads, width // heads).transpose(0, 1)
