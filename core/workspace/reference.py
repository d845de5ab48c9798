"""The labels that came with a CT, kept with its case so that they are there when it is opened from the list."""

import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from core.errors import CaseError
from core.imaging.files import unnamed
from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.segmentation.cachefolder import replacing
from core.workspace.journal import is_full
from core.workspace.kept import KeptCase
from core.workspace.later import later

FILE = "reference.npz"


def keep_reference(kept: KeptCase, mask: Mask) -> None:
    """Keep labels with a case, beside the page; one that is only looked at stays as it is.

    `KeptCase.saving_labels` tells when they are kept, or why not.
    """
    if kept.may_change:
        kept.saving_labels = later(save_reference, mask, kept.folder)


def reference_of(kept: KeptCase) -> Mask | None:
    """Return the labels that were kept with a case; None if there are none or they are damaged."""
    return read_reference(kept.folder, kept.volume.grid)


def save_reference(mask: Mask, folder: Path) -> None:
    """Write labels in the place of those that were there.

    Args:
        mask: On the grid of the CT.
        folder: Of the case.

    Raises:
        CaseError: They could not be written.
    """
    buffer = io.BytesIO()
    told = {
        "crc32": zlib.crc32(np.ascontiguousarray(mask.voxels).data.cast("B")),
        "names": {str(value): name for value, name in mask.names.items()},
        "notes": [unnamed(note) for note in mask.notes],
    }
    np.savez_compressed(buffer, voxels=mask.voxels, told=np.array(json.dumps(told, ensure_ascii=False)))
    try:
        with replacing(folder / FILE, durable=True) as file:
            file.write(buffer.getbuffer())
    except OSError as error:
        reason = "the disk is full. Free some space" if is_full(error) else f"{error.strerror}. Check its folder"
        raise CaseError(f"The labels could not be kept with the case: {reason}, and add them again.") from error


def read_reference(folder: Path, grid: Grid) -> Mask | None:
    """Return the labels that were kept, on the grid of the CT; None if there are none or they are damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as found:
            voxels, told = found["voxels"], json.loads(str(found["told"]))
        if zlib.crc32(np.ascontiguousarray(voxels).data.cast("B")) != told["crc32"]:
            return None
        return Mask(
            voxels, grid, tuple(told["notes"]), names={int(value): name for value, name in told["names"].items()}
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error, zipfile.BadZipFile):
        return None
