"""The CT of a case on the disk, so that it opens from the list without its file.

Nothing in it names the patient but, it may be, the name of the file; see `core.imaging.volume.Source`.
The voxels are a plain NumPy file that is mapped into memory, so that opening takes no longer than checking it.
"""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CaseError
from core.imaging.files import unnamed
from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.segmentation.cachefolder import replacing
from core.workspace.journal import is_full

_VOXELS, _FACTS = "volume.npy", "volume.json"


def save_volume(volume: Volume, folder: Path) -> None:
    """Write a CT; one that is there already stays. What tells that it is whole is written last.

    Raises:
        CaseError: It could not be written.
    """
    if has_volume(folder):
        return
    try:
        with replacing(folder / _VOXELS, durable=True) as file:
            np.lib.format.write_array(file, volume.hu, allow_pickle=False)
        with replacing(folder / _FACTS, durable=True) as file:
            file.write(json.dumps(_facts(volume), ensure_ascii=False, indent=1).encode())
    except OSError as error:
        # NumPy says of a full disk only how many bytes are missing
        full = is_full(error) or error.errno is None
        reason = "the disk is full. Free some space" if full else f"{error.strerror}. Check its folder"
        raise CaseError(f"The CT could not be kept with its case: {reason}, and open it again.") from error


def has_volume(folder: Path) -> bool:
    """Say whether the CT of a case was kept."""
    return (folder / _FACTS).is_file() and (folder / _VOXELS).is_file()


def read_volume(folder: Path) -> Volume:
    """Return the CT of a case; its fingerprint is known without working it out again.

    Raises:
        CaseError: It was not kept, or is not as it was written.
    """
    if not has_volume(folder):
        raise CaseError("The CT of this case was not kept. Open its file again: what was drawn on it will be there.")
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        hu = np.load(folder / _VOXELS, mmap_mode="r", allow_pickle=False)
        volume = Volume(hu, _grid(facts["grid"]), _source(facts["source"]), Intensity[facts["intensity"]])
        whole = zlib.crc32(volume.hu.data.cast("B")) == facts["crc32"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged() from error
    if not whole:
        raise _damaged()
    vars(volume)["key"] = facts["key"]  # a cached property: the checksum says that the voxels are the same
    return volume


def forget_volume(folder: Path) -> int:
    """Remove the CT of a case, and return how many bytes that freed; what was drawn stays."""
    freed = 0
    for name in (_FACTS, _VOXELS):
        path = folder / name
        freed += path.stat().st_size if path.is_file() else 0
        path.unlink(missing_ok=True)
    return freed


def _damaged() -> CaseError:
    return CaseError("The CT of this case is damaged on the disk. Open its file again: what was drawn will be there.")


def _facts(volume: Volume) -> dict[str, Any]:
    source = volume.source
    return {
        "key": volume.key,
        "crc32": zlib.crc32(volume.hu.data.cast("B")),
        "intensity": volume.intensity.name,
        "grid": _told(volume.grid),
        "source": {
            "name": source.name,
            "format": source.format,
            "grid": _told(source.grid),
            "modality": source.modality,
            "description": source.description,
            "notes": [unnamed(note) for note in source.notes],
            "frame": source.frame,
            "series": source.series,
        },
    }


def _told(grid: Grid) -> dict[str, Any]:
    return {
        "shape": grid.shape,
        "affine": grid.affine.tolist(),
        "has_spacing": grid.has_spacing,
        "has_direction": grid.has_direction,
    }


def _grid(told: dict[str, Any]) -> Grid:
    z, y, x = told["shape"]
    return Grid((z, y, x), np.array(told["affine"]), told["has_spacing"], told["has_direction"])


def _source(told: dict[str, Any]) -> Source:
    return Source(**told | {"grid": _grid(told["grid"]), "notes": tuple(told["notes"])})
