"""Which files belong together: two files, or two folders (or zips) whose files are matched by their names.

What a folder holds, and what is one case of it:

=====================================  ==========================================================
in the folder                          is
=====================================  ==========================================================
a file with a known ending             a case, called after it: ``case1.nii.gz`` and ``case1.nrrd`` match
a header beside its voxels             a case: ``case1.mhd`` with ``case1.raw``
a folder with images                   a case, called after it: its pictures or DICOM slices in natural order
nothing but DICOM slices               one mask as a whole, no cohort
a DICOM segmentation (``.dcm``)        a case, for one file holds all its slices
anything else                          left out, and named by `left_out`
=====================================  ==========================================================
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import ReadError
from core.imaging import archive
from core.imaging.files import GivenFile, Kind, is_full_disk, is_junk, natural, recognised
from core.imaging.job import LIMITS

_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".zip", ".dcm", ".png")
_VOXELS = (".raw", ".zraw")  # of an .mhd
_BLURRED = (".jpg", ".jpeg", ".webp")
_OTHER_PICTURES = (".bmp", ".tif", ".tiff", ".gif")
_MOST_NAMES = 12
_IMAGES = (Kind.DICOM, Kind.NIFTI, Kind.NRRD, Kind.METAIMAGE, Kind.PICTURE)
_SEGMENTATIONS = (b"1.2.840.10008.5.1.4.1.1.66.4", b"1.2.840.10008.5.1.4.1.1.66.7")  # as files of DICOM name them


@dataclass(frozen=True)
class Pair:
    """Two files of one case.

    Attributes:
        case: Their shared name without its ending.
        predicted: A file, or the folder of its slices; None if there is no such file.
        reference: The same.
    """

    case: str
    predicted: Path | None
    reference: Path | None


@dataclass(frozen=True)
class LeftOut:
    """A file or folder beside the masks that is none.

    Attributes:
        name: Without folders.
        role: Of the folder it lies in: ``prediction``, ``reference`` or ``""``.
    """

    name: str
    role: str = ""


def pairs(predicted: Path, reference: Path) -> list[Pair]:
    """Match two masks, or those of two folders by their names without ending, in natural order.

    Args:
        predicted: A file, or a folder: see the table of the module. Zips of several masks go through `unpacked`.
        reference: The same.

    Raises:
        ReadError: A path does not exist, one is a mask and the other a cohort, or nothing matches.
    """
    for path in (predicted, reference):
        if not path.exists():
            raise ReadError(f"{path} does not exist. Check the path.")
    alone = [_is_one_mask(path) for path in (predicted, reference)]
    if all(alone):
        return [Pair(_case(predicted), predicted, reference)]
    if any(alone):
        raise ReadError("One path is a file and the other a folder. Give two files, or two folders.")
    ours, theirs = cases(predicted), cases(reference)
    if not ours.keys() & theirs.keys():
        unused = left_out_words([*left_out(predicted, "prediction"), *left_out(reference, "reference")])
        raise ReadError(
            f"No file in {predicted.name} has the name of one in {reference.name}. "
            f"Name both alike, as in case1.nii. {unused}".rstrip()
        )
    return [Pair(case, ours.get(case), theirs.get(case)) for case in sorted(ours.keys() | theirs.keys(), key=natural)]


def left_out(folder: Path, role: str = "") -> tuple[LeftOut, ...]:
    """List what `pairs` passes over in a folder, in natural order; nothing of a single mask, and no hidden files.

    Args:
        folder: As it went to `pairs`.
        role: What its masks are: ``prediction`` or ``reference``.
    """
    if _is_one_mask(folder):
        return ()
    used = {voxels for path in cases(folder).values() for voxels in _listed(parts(path))}
    names = sorted((path.name for path in folder.iterdir() if path not in used and not is_junk(path.name)), key=natural)
    return tuple(LeftOut(name, role) for name in names)


def left_out_words(files: Sequence[LeftOut]) -> str:
    """Say on one line what was left out, and what to do about pictures; ``""`` if nothing was."""
    if not files:
        return ""
    names = [f"{file.name} ({file.role})" if file.role else file.name for file in files[:_MOST_NAMES]]
    more = f" and {len(files) - _MOST_NAMES} more" if len(files) > _MOST_NAMES else ""
    lines = [f"{len(files)} file{'s' if len(files) > 1 else ''} left out: {', '.join(names)}{more}."]
    if _any_ends(files, _BLURRED):
        lines.append("A mask cannot be read exactly from a JPEG, which blurs its borders: save it as PNG or NIfTI.")
    if _any_ends(files, _OTHER_PICTURES):
        lines.append("Pictures are read from PNG only: save masks as PNG or NIfTI.")
    return " ".join(lines)


def _any_ends(files: Sequence[LeftOut], suffixes: tuple[str, ...]) -> bool:
    return any(file.name.lower().endswith(suffixes) for file in files)


def _listed(files: Path | list[Path]) -> list[Path]:
    return [files] if isinstance(files, Path) else files


def unpacked(source: Path, folder: Path) -> Path:
    """Unpack a zip of several masks, so that `pairs` can match them; anything else is returned as it is.

    A zip that holds one image or nothing but DICOM slices is a single mask and stays packed: the readers open it.
    A folder round everything in the zip is left out.

    Args:
        source: A file or folder.
        folder: An existing private folder to unpack into; it may hold other things.

    Raises:
        ReadError: The zip is encrypted, damaged, unsafe, nested or too large, or the disk is full.
    """
    if not source.is_file():
        return source
    pack = recognised(source, source.name)
    if pack.kind is not Kind.ARCHIVE:
        return source
    try:
        with tempfile.TemporaryDirectory(dir=folder) as numbered:
            files = archive.unpacked(pack, Path(numbered), LIMITS)
            images = [file for file in files if file.kind in _IMAGES]
            if len(images) <= 1 or all(_is_slice(file.path) for file in images):
                return source
            return _named(files, Path(tempfile.mkdtemp(dir=folder)) / source.stem, source.name)
    except OSError as error:
        if is_full_disk(error):
            raise ReadError(f"{source.name} could not be unpacked: the disk is full. Free some space.") from error
        raise ReadError(f"{source.name} could not be unpacked ({error.strerror}). Unpack it yourself.") from error


def parts(path: Path) -> Path | list[Path]:
    """Return the files that a mask consists of: a header without voxels goes with the file of its name beside it."""
    beside = [path.with_suffix(suffix) for suffix in _VOXELS] if path.suffix.lower() == ".mhd" else []
    found = [voxels for voxels in beside if voxels.is_file()]
    return [path, *found] if found else path


def _named(files: Sequence[GivenFile], folder: Path, name: str) -> Path:
    """Give unpacked files their own names, which `archive` made sure to lead nowhere else."""
    places = [PurePosixPath(file.order.replace("\\", "/")).parts for file in files]
    outer = _shared(places)
    for file, place in zip(files, places, strict=True):
        path = folder.joinpath(*place[outer:])
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise ReadError(f"{name} holds two files called {file.name}. Keep one of them, and make the .zip again.")
        file.path.rename(path)
    return folder


def _shared(places: Sequence[tuple[str, ...]]) -> int:
    """Count the folders that lie round all files."""
    first, last = min(place[:-1] for place in places), max(place[:-1] for place in places)
    alike = [one == other for one, other in zip(first, last, strict=False)]
    return [*alike, False].index(False)


def _is_one_mask(path: Path) -> bool:
    if path.is_file():
        return True
    inside = [entry for entry in path.iterdir() if not is_junk(entry.name)]
    return bool(inside) and all(entry.is_file() and _is_slice(entry) for entry in inside)


def _is_slice(path: Path) -> bool:
    """Say whether a file is DICOM and no segmentation, which would hold all slices in one file."""
    with path.open("rb") as file:
        head = file.read(8192)
    return recognised(path, path.name).kind is Kind.DICOM and not any(uid in head for uid in _SEGMENTATIONS)


def cases(folder: Path) -> dict[str, Path]:
    """Return the cases of a folder by their names, each a file or the folder of its slices.

    Raises:
        ReadError: Two files have the name of one case.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if is_junk(path.name) or not (_holds_images(path) if path.is_dir() else _has_suffix(path)):
            continue
        case = _case(path)
        if case in found:
            raise ReadError(
                f"{folder.name} holds two files of case {case}: {found[case].name} and {path.name}. Keep one."
            )
        found[case] = path
    return found


def _holds_images(folder: Path) -> bool:
    inside = (Path(where) / name for where, _, names in os.walk(folder) for name in names if not is_junk(name))
    return any(recognised(path, path.name).kind in _IMAGES for path in inside if path.is_file())


def _has_suffix(path: Path) -> bool:
    return path.name.lower().endswith(_SUFFIXES)


def _case(path: Path) -> str:
    if path.is_dir():
        return path.name
    ending = next((suffix for suffix in _SUFFIXES if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(ending)]
