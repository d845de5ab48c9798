"""Reads PNG, JPG and WebP pictures as the slices of a volume without Hounsfield units or millimetres."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from core.errors import ReadError
from core.imaging.files import GivenFile
from core.imaging.grid import Grid
from core.imaging.intake import LabelIntake
from core.imaging.job import Job

_FORMATS = ("PNG", "JPEG", "WEBP")
_DEEP = ("I;16", "I;16B", "I;16L", "I", "F")
_BLACK = (0, 0, 0)
_MOST_SHADES = 8
Colour = tuple[int, int, int]
UNKNOWN = (
    "This is a picture, not the scan itself: Hounsfield units and millimetres are unknown, and the left of the patient "
    "is taken to be on the right of the picture."
)


def grey_volume(files: Sequence[GivenFile], job: Job) -> tuple[npt.NDArray[np.int16], list[str]]:
    """Read pictures as slices in the order given.

    Returns:
        Grey values ``(z, y, x)`` int16 from 0 to 255, and notes.

    Raises:
        ReadError: A damaged or animated picture, pictures of different sizes, or too many voxels.
    """
    notes = [UNKNOWN]
    if len(files) > 1:
        notes.append(f"{len(files)} pictures were stacked in the order of their names, {_ends(files)}.")
    deep, coloured = False, False
    slices: list[npt.NDArray[np.generic]] = []
    for file in files:
        picture = _opened(file, job)
        _check_size(files, file, picture, slices, job)
        deep = deep or picture.mode in _DEEP
        coloured = coloured or (picture.mode not in ("1", "L", "LA", *_DEEP) and not _is_grey(picture))
        slices.append(np.asarray(picture if picture.mode in _DEEP else picture.convert("L")))
    if coloured:
        notes.append("Colours were turned into grey; anything drawn on the picture is part of it.")
    if not deep:
        return np.stack(slices).astype(np.int16), notes
    notes.append("Values beyond 255 were scaled to 0–255 from the darkest to the brightest.")
    return _scaled(slices), notes


def label_volume(files: Sequence[GivenFile], job: Job) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Read pictures as slices of labels: a palette's numbers, grey values, or one colour on black as label 1.

    Raises:
        ReadError: As `grey_volume`, or several colours, or soft edges.
    """
    intake: LabelIntake | None = None
    slices: list[npt.NDArray[np.generic]] = []
    colours: set[Colour] = set()
    for z, file in enumerate(files):
        if _is_jpg(file):
            raise ReadError(f"{file.name} is a JPG, which blurs the borders of labels. Save labels as PNG.")
        picture = _opened(file, job)
        _check_size(files, file, picture, slices, job)
        values = _numbers(file, picture, colours)
        if intake is None:
            intake = LabelIntake(file.name, (len(files), *values.shape))
            slices.append(values)
        intake.name = file.name
        intake.put(z, values[None])
    if intake is None:
        raise ValueError("files must not be empty")
    _refuse_soft(intake)
    intake.finish()
    return intake.labels, [*intake.notes, *_said(files, colours)]


def picture_grid(shape: tuple[int, int, int]) -> Grid:
    """Return the grid of a stack of pictures: L-P-S by assumption, counted in voxels."""
    return Grid.from_geometry(shape, has_spacing=False, has_direction=False)


def _opened(file: GivenFile, job: Job) -> Image.Image:
    job.started(file.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file.path, formats=_FORMATS) as picture:
                if picture.width * picture.height > job.limits.max_voxels // 4:
                    raise ReadError(
                        f"{file.name} claims {picture.width:,} × {picture.height:,} pixels. Make it smaller."
                    )
                if getattr(picture, "n_frames", 1) > 1:
                    raise ReadError(f"{file.name} is an animation. Save its pictures as single files.")
                picture.load()
                return ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ReadError(f"{file.name} is a damaged or incomplete picture. Copy or export it again.") from error


def _check_size(
    files: Sequence[GivenFile],
    file: GivenFile,
    picture: Image.Image,
    slices: Sequence[npt.NDArray[np.generic]],
    job: Job,
) -> None:
    if slices and slices[0].shape != (picture.height, picture.width):
        rows, columns = slices[0].shape
        raise ReadError(
            f"{file.name} measures {picture.width} × {picture.height} pixels, but {files[0].name} {columns} × {rows}. "
            "The slices of one volume must have one size."
        )
    count = len(files) * picture.width * picture.height
    if count > job.limits.max_voxels:
        raise ReadError(f"These pictures hold {count:,} voxels; at most {job.limits.max_voxels:,} are opened.")


def _is_jpg(file: GivenFile) -> bool:
    with file.path.open("rb") as raw:
        return raw.read(3) == b"\xff\xd8\xff"


def _is_grey(picture: Image.Image) -> bool:
    rgb = np.asarray(picture.convert("RGB"))
    return bool((rgb[..., :1] == rgb).all())


def _numbers(file: GivenFile, picture: Image.Image, colours: set[Colour]) -> npt.NDArray[np.generic]:
    """Return the labels of one picture; ``colours`` collects those that stood for label 1 in any of them."""
    values: npt.NDArray[Any] = np.asarray(picture)
    if picture.mode in _DEEP:
        is_white = values.dtype == np.uint16 and set(np.unique(values).tolist()) <= {0, 0xFFFF}
        return values // 0x101 if is_white else values
    if picture.mode == "L" or (picture.mode == "P" and not _is_inverted(picture)):
        return values
    visible = np.asarray(picture.convert("RGBA"))
    rgb: npt.NDArray[Any] = visible[..., :3] * (visible[..., 3:] > 0)
    if (rgb[..., :1] == rgb).all():
        return rgb[..., 0]
    shown = {(int(r), int(g), int(b)) for r, g, b in np.unique(rgb.reshape(-1, 3), axis=0)} - {_BLACK}
    colours |= shown
    if len(colours) > 1:
        raise ReadError(
            f"{file.name} shows labels as colours ({len(colours)} so far), and colours do not say which label they "
            "mean. Save labels as grey values or palette numbers: 1 liver, 2 tumour."
        )
    return np.asarray(rgb.any(axis=-1), dtype=np.uint8)


def _is_inverted(picture: Image.Image) -> bool:
    """Say whether a palette of black and one more colour counts black last, as programs do that make files small."""
    used = np.unique(np.asarray(picture)).tolist()
    palette = picture.getpalette("RGB") or []
    shown = [tuple(palette[3 * number : 3 * number + 3]) for number in used]
    return len(used) == 2 and shown[0] != _BLACK and shown[1] == _BLACK


def _refuse_soft(intake: LabelIntake) -> None:
    shades = int(intake.seen[1:].sum())
    if intake.seen[255] and shades > _MOST_SHADES:
        raise ReadError(
            f"{intake.name} holds {shades} shades of grey up to white: it is a picture, or a mask with softened edges. "
            "Save the mask without smoothing, one whole number per structure."
        )


def _said(files: Sequence[GivenFile], colours: set[Colour]) -> list[str]:
    notes = []
    if colours:
        (colour,) = colours
        notes.append("The colour #{:02x}{:02x}{:02x} was read as label 1.".format(*colour))
    if len(files) > 1:
        notes.append(f"{len(files)} pictures were stacked in the order of their names, {_ends(files)}.")
    return notes


def _scaled(slices: Sequence[npt.NDArray[np.generic]]) -> npt.NDArray[np.int16]:
    values = np.nan_to_num(np.stack(slices).astype(np.float32))
    low, high = float(values.min()), float(values.max())
    grey: npt.NDArray[np.int16] = np.rint((values - low) * (255 / max(high - low, 1e-6))).astype(np.int16)
    return grey


def _ends(files: Sequence[GivenFile]) -> str:
    return f"{files[0].name} first (taken as the feet) and {files[-1].name} last"
