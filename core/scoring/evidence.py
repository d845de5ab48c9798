"""What a score rests on: which files went in, to the byte, and a picture of the worst slice of each label."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.errors import ReadError
from core.imaging.files import is_junk, natural
from core.imaging.picture import jpeg
from core.imaging.volume import Mask, Volume
from core.scoring.errormap import error_picture
from core.scoring.scorecard import LabelScore, Scorecard

_HEIGHT, _QUALITY = 320, 85


@dataclass(frozen=True)
class FileUsed:
    """A file that a score rests on.

    Attributes:
        role: ``prediction``, ``reference`` or ``ct``.
        name: Without folders.
        sha256: In hexadecimal digits, as ``sha256sum`` prints it. Of a folder, that of the lines which
            ``sha256sum`` prints for its files, in natural order of their paths inside it.
    """

    role: str
    name: str
    sha256: str


@dataclass(frozen=True)
class ErrorPicture:
    """The slice of a label with most wrong voxels.

    Attributes:
        label: Its value.
        z: Index of the slice, from 0.
        jpeg: The picture, in the colours of `errormap.COLOURS`.
        caption: What it shows, in plain words.
    """

    label: int
    z: int
    jpeg: bytes
    caption: str


def used(role: str, source: Path, name: str | None = None) -> FileUsed:
    """Fingerprint a file, or the files of a folder; about half a second for a GB.

    Args:
        role: What it was used as: ``prediction``, ``reference`` or ``ct``.
        source: A file or folder.
        name: What the user calls it, if that is not what it is called on the disk.

    Raises:
        ReadError: It cannot be read.
    """
    try:
        return FileUsed(role, name or source.name, _of_folder(source) if source.is_dir() else _of_file(source))
    except OSError as error:
        raise ReadError(f"{source.name} cannot be read ({error.strerror}). Check that you may open it.") from error


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_folder(folder: Path) -> str:
    inside = [path for path in folder.rglob("*") if path.is_file() and not is_junk(path.name)]
    names = sorted((path.relative_to(folder).as_posix() for path in inside), key=natural)
    lines = "".join(f"{_of_file(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def error_pictures(
    predicted: Mask, reference: Mask, card: Scorecard, volume: Volume | None = None
) -> tuple[ErrorPicture, ...]:
    """Draw for each label the slice with most wrong voxels; of a label in neither mask there is nothing to draw.

    Args:
        predicted: What was scored.
        reference: On the same grid.
        card: Its scores.
        volume: The CT underneath, on the same grid.
    """
    pictures = []
    for label in card.labels:
        z = worst_slice(label)
        if z is None:
            continue
        counts = label.slices[z]
        picture = error_picture(predicted, reference, z, label.value, volume, height=_HEIGHT, zoomed=True)
        caption = f"Slice {z + 1}: {counts.tp:,} voxels found, {counts.fp:,} made up, {counts.fn:,} missed."
        pictures.append(ErrorPicture(label.value, z, jpeg(picture, _QUALITY), caption))
    return tuple(pictures)


def worst_slice(label: LabelScore) -> int | None:
    """Return the slice from 0 with most wrong voxels, of the largest if none is wrong; None without a voxel."""
    sizes = [(counts.fp + counts.fn, counts.tp) for counts in label.slices]
    most = max(sizes, default=(0, 0))
    return sizes.index(most) if any(most) else None
