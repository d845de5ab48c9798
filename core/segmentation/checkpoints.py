"""Read tensors out of a checkpoint without running anything it brings along.

A torch checkpoint is a pickle inside a zip archive, and a pickle can hold code. Only torch's own restricted
reader (``weights_only=True``) or safetensors opens a file here; whatever asks for more is refused by name.
"""

import hashlib
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from core.errors import WeightsError
from core.segmentation.memory import enough_memory, is_out_of_memory

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")
_WRAPPERS = ("model", "state_dict", "model_state_dict")
_MOST_WRAPPERS = 8  # a table can be wrapped in itself
_IGNORED = ("pixel_mean", "pixel_std")  # some exports of SAM carry these two constants


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a checkpoint's tensors, without reading the tensors: milliseconds.

    Raises:
        WeightsError: The file is broken, holds more than tensors, or is no checkpoint at all.
        DeviceError: There is too little memory.
        OSError: The file is gone, or may not be read.
    """
    return {name: tuple(tensor.shape) for name, tensor in _read(path, lazy=True).items()}


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return a checkpoint's tensors on the CPU, as float32 where they are numbers with a fraction.

    Raises:
        WeightsError: As `read_shapes`; or a weight is not a finite number.
        DeviceError: As `read_shapes`.
        OSError: As `read_shapes`.
    """
    tensors = {}
    for name, tensor in _read(path, lazy=False).items():
        if tensor.ndim and not tensor.is_floating_point():
            raise WeightsError(f"{path.name} holds whole numbers as weights. Use a copy that was not quantised.")
        tensors[name] = tensor.float() if tensor.ndim else tensor
        if not torch.isfinite(tensors[name]).all():
            raise WeightsError(f"{path.name} holds weights that are not finite numbers. Use another copy of it.")
    return tensors


def sha256(path: Path) -> str:
    """Return the fingerprint of a file; about 1 s per 1.5 GB."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, lazy: bool) -> dict[str, torch.Tensor]:
    if path.stat().st_size == 0:
        raise WeightsError(f"{path.name} is empty. Download it again.")
    read = _read_safetensors if path.suffix == ".safetensors" else _read_torch
    with enough_memory(path.name, "cpu"):
        found = _guarded(path, lambda: _unwrapped(read(path, lazy)))
    if found is None:
        raise WeightsError(f"{path.name} does not hold a table of tensors. Save the state_dict of the network in it.")
    return found


def _guarded(path: Path, read: Callable[[], dict[str, torch.Tensor] | None]) -> dict[str, torch.Tensor] | None:
    """Read, and turn whatever a hostile or broken file may raise into one sentence."""
    try:
        return read()
    except (WeightsError, OSError):
        raise
    except pickle.UnpicklingError as failure:
        raise WeightsError(
            f"{path.name} holds Python objects beside its tensors, and opening them could run foreign code, so it "
            "was not opened. Save only the state_dict of the network, best as .safetensors."
        ) from failure
    except Exception as failure:
        if is_out_of_memory(failure):
            raise  # says nothing against the file
        raise WeightsError(
            f"{path.name} cannot be read as a checkpoint: it is damaged. Download it again."
        ) from failure


def _read_torch(path: Path, lazy: bool) -> Any:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            is_cut = file.read(4) == b"PK\x03\x04"
        raise WeightsError(
            f"{path.name} is cut short. Download it again."
            if is_cut
            else f"{path.name} is not a checkpoint that a current torch writes. Download it again, or save it anew."
        )
    return torch.load(path, map_location="cpu", weights_only=True, mmap=lazy)


def _read_safetensors(path: Path, lazy: bool) -> Any:
    if not lazy:
        return safetensors.torch.load_file(path)
    with safetensors.safe_open(path, framework="pt") as file:
        return {name: torch.empty(file.get_slice(name).get_shape(), device="meta") for name in file.keys()}  # noqa: SIM118


def _unwrapped(found: Any) -> dict[str, torch.Tensor] | None:
    """Take a state dict out of what training scripts wrap round it; None if there is none inside."""
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(found, Mapping):
            return None
        inner = next((found[key] for key in _WRAPPERS if isinstance(found.get(key), Mapping)), None)
        if inner is None:
            break
        found = inner
    if not isinstance(found, Mapping) or not found:
        return None
    tensors = {str(name).removeprefix("module."): tensor for name, tensor in found.items()}
    if not all(isinstance(tensor, torch.Tensor) and tensor.layout is torch.strided for tensor in tensors.values()):
        return None
    return {name: tensor for name, tensor in tensors.items() if name not in _IGNORED}
