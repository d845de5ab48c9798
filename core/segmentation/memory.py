"""Running out of memory, told in a sentence: whose memory, for which model, and what helps."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.errors import DeviceError

# How torch words it on a processor, a graphics card, on Apple's chips and in NVIDIA's libraries.
_WORDS = ("out of memory", "not enough memory", "allocate memory", "alloc_failed")


@contextmanager
def enough_memory(what: str, device: str) -> Iterator[None]:
    """Run the block, and free what it had taken if the memory does not suffice.

    Args:
        what: What the memory is for, as in "SAM ViT-H (2564 MB)".
        device: Whose memory it is: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        DeviceError: There was too little memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as failure:
        if not is_out_of_memory(failure):
            raise
        traceback.clear_frames(failure.__traceback__)  # their tensors would stay as long as the error is looked at
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        is_processors = isinstance(failure, MemoryError) or "CPUAllocator" in str(failure)
        raise DeviceError(_sentence(what, "cpu" if is_processors else device)) from failure


def is_out_of_memory(failure: Exception) -> bool:
    """Say whether an error of torch, numpy or Python means that there is too little memory."""
    if isinstance(failure, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(failure, RuntimeError) and any(words in str(failure).lower() for words in _WORDS)


def _sentence(what: str, device: str) -> str:
    if device == "cpu":
        return (
            f"This computer has too little free memory for {what}. "
            "Close other programs, or choose a smaller model if there is one."
        )
    sentence = (
        f"The graphics card has too little free memory for {what}. "
        "Close other programs that use it, or choose a smaller model if there is one."
    )
    if device.startswith("cuda"):
        sentence += " To use the processor instead, start Lobule with the environment variable CUDA_VISIBLE_DEVICES=-1."
    return sentence
