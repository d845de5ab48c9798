"""What the network behind SAM's encoder sees, varied as patients, scanners and contrast phases vary."""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from core.learning import lesions
from core.learning.augmentation import Augmentation
from core.learning.looks import SPREAD, Pair

# Grey values are relative to the liver's, in steps of `looks.SPREAD`.
_CONTRAST = 0.45  # farthest change, as a logarithm
_OFF, _UNKNOWN = 0.2, 1.5  # how far the liver's grey may be wrong: where it was measured, and on whole slices
_GREY = (0.3, 1.15)  # of livers, as a share of the window: what lies beyond the ends of the window is told as they are
_APART, _PARTED = 1.5, 0.3  # how far livers, fatty or bright, differ from what is round them, and how often
_NOISE = 0.45  # the strongest, as a standard deviation
_BLUR_PX, _BLURRED = (0.4, 1.4), 0.3


def varied(
    seen: Pair, wanted: torch.Tensor, far: torch.Tensor, how: Augmentation, generator: torch.Generator
) -> tuple[Pair, torch.Tensor]:
    """Turn, scale and shift what is seen and wanted alike, draw tumours, and change grey values.

    Where a tumour was drawn the embedding is taken away: the encoder did not see it.

    Args:
        seen: See `looks.Eye.of`.
        wanted: ``(B, 2, S, S)``.
        far: Whether a whole slice is seen ``(B,)``.
        how: How far, and how often.
        generator: Decides.
    """
    (features, pictures), wanted = _moved(seen, wanted, how, generator)
    rng = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    drawn = [
        rng.random() < how.lesions and lesions.draw(one.numpy(), want.numpy(), SPREAD, rng)
        for one, want in zip(pictures, wanted, strict=True)
    ]
    blind = torch.tensor(drawn) | (torch.rand(len(drawn), generator=generator) < how.blind)
    return (features * ~blind.view(-1, 1, 1, 1), _regreyed(pictures, wanted[:, :1], far, how, rng)), wanted


def _moved(
    seen: Pair, wanted: torch.Tensor, how: Augmentation, generator: torch.Generator
) -> tuple[Pair, torch.Tensor]:
    (features, pictures), count = seen, len(wanted)

    def drawn(most: float) -> torch.Tensor:
        values = (torch.rand(count, generator=generator) * 2 - 1) * most
        return values * (torch.rand(count, generator=generator) < how.move)

    turn, scale = drawn(np.deg2rad(how.turn_degrees)), 1 + drawn(how.scale)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    shift = [2 * drawn(how.shift) for _ in range(2)]
    matrix = torch.stack([torch.stack([cos, -sin, shift[0]], 1), torch.stack([sin, cos, shift[1]], 1)], 1)

    def sampled(what: torch.Tensor, mode: str, beyond: str) -> torch.Tensor:
        places = functional.affine_grid(matrix, list(what.shape), align_corners=False)
        return functional.grid_sample(what, places, mode=mode, padding_mode=beyond, align_corners=False)

    moved = sampled(features, "bilinear", "border"), sampled(pictures, "bilinear", "border")
    return moved, sampled(wanted, "nearest", "zeros")


def _regreyed(
    pictures: torch.Tensor, liver: torch.Tensor, far: torch.Tensor, how: Augmentation, rng: np.random.Generator
) -> torch.Tensor:
    changed = [
        torch.from_numpy(_one_regreyed(one.numpy(), where.numpy(), is_far, rng)) if rng.random() < how.grey else one
        for one, where, is_far in zip(pictures, liver, far.tolist(), strict=True)
    ]
    return torch.stack(changed)


def _one_regreyed(
    pictures: lesions.Pictures, liver: lesions.Pictures, is_far: bool, rng: np.random.Generator
) -> lesions.Pictures:
    """Change sharpness, contrast, noise and window, and be a little wrong about how bright the liver is."""
    if rng.random() < _BLURRED:
        width = rng.uniform(*_BLUR_PX)
        pictures = ndimage.gaussian_filter(pictures, (0, width, width))
    if rng.random() < _PARTED:
        pictures = pictures + rng.uniform(-_APART, _APART) * (1 - ndimage.gaussian_filter(liver, (0, 1, 1)))
    noise = rng.standard_normal(pictures.shape, np.float32)
    if rng.random() < 0.5:
        noise = 2.5 * ndimage.uniform_filter(noise, (0, 3, 3))  # coarse, about as strong
    changed = pictures * np.exp(rng.uniform(-_CONTRAST, _CONTRAST)) + rng.uniform(0, _NOISE) * noise
    grey, off = rng.uniform(*_GREY), _UNKNOWN if is_far else _OFF
    brightest = (1 - grey) / SPREAD
    within = changed.clip(-grey / SPREAD, brightest) - min(brightest, 0)  # a liver beyond the window is told as its end
    return np.asarray(within + rng.uniform(-off, off), np.float32)
