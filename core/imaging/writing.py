"""Saving masks: on the voxel grid of the file the CT came from, so that they overlay in any viewer."""

import errno
import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK
from PIL import Image

from core.errors import GeometryError, WriteError
from core.imaging.grid import Grid, reorder
from core.imaging.itk import image_of
from core.imaging.label import DEFAULT_LABELS, Label
from core.imaging.volume import Mask, Volume

_NIFTI_UNITS, _NIFTI_LENGTH = 123, 0b111  # byte of the header, and its bits that name the unit of length
_ROOM_BYTES = 4096
SUFFIXES = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".mha", ".png")


def write_mask(mask: Mask, volume: Volume, path: Path, labels: Iterable[Label] = DEFAULT_LABELS) -> Path:
    """Save a mask in the voxel order and geometry of the file that ``volume`` was read from.

    Size, spacing, origin and direction are the file's own; NIfTI rounds them to float32. Where the file gave
    no voxel size, unit spacing is written (in NIfTI without a unit): such a mask fits its image but measures
    nothing. The file appears whole or not at all; one of that name is replaced.

    Args:
        mask: On ``volume.grid``; bool is written as 0 and 1.
        volume: Whose ``source.grid`` is wanted.
        path: Ends in one of `SUFFIXES`; ``.png`` only for a single slice.
        labels: Names and colours, kept in ``.seg.nrrd`` (3D Slicer); other formats hold values only.

    Returns:
        ``path``.

    Raises:
        WriteError: The ending is unknown, or the folder is missing or cannot be written to.
        GeometryError: The mask does not lie on the volume's grid.
    """
    path = Path(path)
    suffix = suffix_of(path.name)
    voxels = on_file_grid(mask, volume)
    return saved(path, suffix, lambda written: _save(voxels, volume.source.grid, written, labels), "The mask")


def saved(path: Path, suffix: str, write: Callable[[Path], object], what: str) -> Path:
    """Let a file appear whole or not at all; one of that name is replaced.

    Args:
        path: Of the file.
        suffix: Of the name under which it is written at first, beside it.
        write: Writes it.
        what: It is, for a message: “The mask”.

    Returns:
        ``path``.

    Raises:
        WriteError: The folder is missing, or cannot be written to.
    """
    if not path.parent.is_dir():
        raise WriteError(f"The folder {path.parent} does not exist. Create it or choose another one.")
    try:
        with tempfile.TemporaryDirectory(prefix=".lobule-", dir=path.parent) as folder:
            written = Path(folder) / f"file{suffix}"
            write(written)
            with written.open("rb+") as file:
                os.fsync(file.fileno())
            written.replace(path)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the disk refused it"
        raise WriteError(
            f"{what} could not be saved as {path} ({reason}). Check the folder's permissions and free space."
        ) from error
    return path


def mask_bytes(mask: Mask, volume: Volume, suffix: str, labels: Iterable[Label] = DEFAULT_LABELS) -> bytes:
    """Return what `write_mask` would save under a name with this suffix, for a download."""
    suffix = suffix_of(suffix)
    with tempfile.TemporaryDirectory(prefix="lobule-") as folder:
        return write_mask(mask, volume, Path(folder) / f"mask{suffix}", labels).read_bytes()


def suffix_of(name: str) -> str:
    """Return which of `SUFFIXES` a file name ends in.

    Raises:
        WriteError: None of them.
    """
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return suffix
    raise WriteError(f"A mask cannot be saved as “{name}”. Use a name that ends in {', '.join(SUFFIXES)}.")


def on_file_grid(mask: Mask, volume: Volume) -> npt.NDArray[np.uint8]:
    """Return the mask as contiguous uint8 in the order of the file, ``volume.source.grid.shape``.

    Raises:
        GeometryError: The mask does not lie on the volume's grid.
    """
    if not mask.grid.matches(volume.grid):
        raise GeometryError(
            f"The mask has {mask.grid.shape} voxels and the image {volume.grid.shape} (slices, rows, columns), "
            "or it lies elsewhere in space. Save it with the image it was drawn on."
        )
    turned = reorder(mask.voxels, volume.grid, volume.source.grid)
    return np.ascontiguousarray(turned, dtype=np.uint8)


def _save(voxels: npt.NDArray[np.uint8], grid: Grid, path: Path, labels: Iterable[Label]) -> None:
    if path.name.endswith(".png"):
        if grid.shape[0] != 1:
            raise WriteError(f"A PNG holds one slice, the mask has {grid.shape[0]}. Save it as .nii.gz or .nrrd.")
        Image.fromarray(voxels[0]).save(path)
        return
    image = image_of(voxels, grid)
    if path.name.endswith(".seg.nrrd"):
        for key, value in _slicer_fields(voxels, labels).items():
            image.SetMetaData(key, value)
    if path.name.endswith((".nii", ".nii.gz")) and not grid.has_spacing:
        _save_without_unit(image, path)
    else:
        SimpleITK.WriteImage(image, str(path), useCompression=True)
    _check(path, voxels)


def _check(path: Path, voxels: npt.NDArray[np.uint8]) -> None:
    """Find out whether the disk took all of a file, for ITK says nothing where it is full; 0.1 s for 80 MB.

    Raises:
        OSError: There is no room for any more, or the file does not hold the voxels.
    """
    with path.with_name("room").open("wb") as file:
        file.write(bytes(_ROOM_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        image = SimpleITK.ReadImage(str(path))
        whole = np.array_equal(SimpleITK.GetArrayViewFromImage(image), voxels)
    except RuntimeError:
        whole = False
    if not whole:
        raise OSError(errno.ENOSPC, "the disk did not take all of it, most likely because it is full")


def _save_without_unit(image: Any, path: Path) -> None:
    """Save as NIfTI and take back that its voxels are counted in millimetres, which SimpleITK always claims."""
    plain = path.with_name("plain.nii")
    SimpleITK.WriteImage(image, str(plain))
    with plain.open("rb+") as file:
        head = file.read(348)
        if head[344:347] == b"n+1":
            file.seek(_NIFTI_UNITS)
            file.write(bytes([head[_NIFTI_UNITS] & ~_NIFTI_LENGTH]))
    if path.suffix != ".gz":
        plain.replace(path)
        return
    with plain.open("rb") as file, path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        shutil.copyfileobj(file, packed)


def _slicer_fields(voxels: npt.NDArray[Any], labels: Iterable[Label]) -> dict[str, str]:
    """Return the header fields by which 3D Slicer knows a label map as a segmentation with names and colours."""
    z, y, x = voxels.shape
    fields = {
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for k, label in enumerate(labels):
        fields |= {
            f"Segment{k}_ID": f"Segment_{label.value}",
            f"Segment{k}_Name": label.name,
            f"Segment{k}_Color": " ".join(f"{part / 255:.6f}" for part in label.colour),
            f"Segment{k}_LabelValue": str(label.value),
            f"Segment{k}_Layer": "0",
            f"Segment{k}_Extent": f"0 {x - 1} 0 {y - 1} 0 {z - 1}",
            f"Segment{k}_NameAutoGenerated": "0",
            f"Segment{k}_ColorAutoGenerated": "0",
            f"Segment{k}_Tags": "|",
        }
    return fields
