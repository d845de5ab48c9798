"""The files a user gave, recognised by what is in them rather than by what they are called.

A name is used only in messages and for natural order. Contents decide the kind, because a name can lie.
"""

import errno
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.errors import ReadError
from core.imaging.job import Limits

_ZIP = "zip archive"
_BY_SUFFIX = (
    (".nii.gz", "NIfTI"),
    (".nii", "NIfTI"),
    (".nrrd", "NRRD"),
    (".mha", "MetaImage"),
    (".dcm", "DICOM"),
    (".png", "picture"),
    (".jpg", "picture"),
    (".jpeg", "picture"),
    (".webp", "picture"),
    (".zip", _ZIP),
)
_WORDS = {"picture": "picture", _ZIP: _ZIP}
_QUOTED = re.compile(r"“[^”]*”")
KNOWN = "a DICOM series (folder, files or .zip), NIfTI (.nii, .nii.gz), NRRD, MetaImage (.mha) or PNG/JPG/WebP pictures"


class Kind(StrEnum):
    """What a file holds, judged by its first bytes."""

    DICOM = "DICOM"
    NIFTI = "NIfTI"
    NRRD = "NRRD"
    METAIMAGE = "MetaImage"
    PICTURE = "picture"
    ARCHIVE = "archive"
    PACKED = "packed file"
    EMPTY = "empty file"
    TEXT = "text"
    OTHER = "unknown"


@dataclass(frozen=True)
class GivenFile:
    """One file of the user's.

    Attributes:
        name: What the user called it, without folders. The only name a message may show.
        path: Where its bytes lie now.
        kind: What it holds.
        order: Its folders and name, for natural order.
    """

    name: str
    path: Path
    kind: Kind
    order: str

    @property
    def suffix(self) -> str:
        """Ending of the name in lower case, ``""`` without one."""
        return Path(self.name).suffix.lower()

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.path.stat().st_size


def recognised(path: Path, order: str) -> GivenFile:
    """Look into a file and say what it holds."""
    with path.open("rb") as file:
        head = file.read(8192)
    name = "".join(letter if letter.isprintable() else "?" for letter in Path(order).name)
    kind = Kind.OTHER if head and Path(order).suffix.lower() in (".raw", ".zraw") else _kind(head)
    return GivenFile(name, path, kind, order)


def listed(paths: Sequence[Path], limits: Limits) -> list[GivenFile]:
    """Return the files among ``paths``, folders searched to their depths, in natural order.

    Raises:
        ReadError: A path does not exist, nothing is there, or there are too many files.
    """
    found: list[tuple[Path, str]] = []
    for path in paths:
        if not path.exists():
            raise ReadError(f"{path.name} does not exist. Choose the file again.")
        found += _inside(path) if path.is_dir() else [(path, path.name)]
        if len(found) > limits.max_files:
            raise ReadError(f"{path.name} holds more than {limits.max_files:,} files. Open one series at a time.")
    if len(found) > 1:
        found = [(path, order) for path, order in found if not is_junk(order)]
    if not found:
        what = paths[0].name if paths else "The selection"
        raise ReadError(f"{what} holds no images. Choose {KNOWN}.")
    files = [recognised(path, order) for path, order in found]
    return sorted(files, key=lambda f: natural(f.order))


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts slice2 before slice10."""
    parts = re.split(r"([0-9]{1,18})", name.lower())
    return [(0, int(part), "") if i % 2 else (1, 0, part) for i, part in enumerate(parts)]


def is_junk(name: str) -> bool:
    """Say whether an operating system or viewer left this file behind."""
    parts = Path(name).parts
    return (
        "__MACOSX" in parts
        or parts[-1].startswith(".")
        or parts[-1].lower() in ("thumbs.db", "desktop.ini", "dicomdir")
    )


def not_an_image(file: GivenFile) -> ReadError:
    """Say in words why a file that holds no image was refused."""
    if file.kind is Kind.EMPTY:
        return ReadError(f"{file.name} is empty (0 bytes). Copy or export it again.")
    if file.suffix in (".hdr", ".img"):
        return ReadError(f"{file.name} is half of a .hdr/.img pair. Save the image as one .nii file and open that.")
    claim = _claim(file)
    if claim:
        return ReadError(
            f"{file.name} does not hold a {_WORDS.get(claim, f'{claim} image')}, whatever its name says "
            f"({in_bytes(file.size)}). "
            "It is damaged or wrongly named: copy or export it again."
        )
    return ReadError(f"{file.name} is not an image that Lobule can open. Open {KNOWN}.")


def misnamed(file: GivenFile) -> tuple[str, ...]:
    """Return a note if a file's name claims another format than it holds."""
    if _claim(file) in ("", file.kind):
        return ()
    return (f"{quoted([file])} holds {file.kind}, whatever its name says, and was read so.",)


def claims_in_vain(file: GivenFile) -> bool:
    """Say whether a file is named as an image of a kind that it does not hold."""
    return _claim(file) not in ("", _ZIP, file.kind)


def numbers_aside(name: str) -> str:
    """Return a name without its numbers, alike for all slices that were numbered by one program."""
    return re.sub(r"[0-9]+", "#", name.lower())


def _claim(file: GivenFile) -> str:
    """Return the format that a name stands for, ``""`` if none."""
    return next((kind for suffix, kind in _BY_SUFFIX if file.name.lower().endswith(suffix)), "")


def is_full_disk(error: Exception) -> bool:
    """Say whether an error is that of a disk or quota without room, for which no file is to blame."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def in_bytes(count: float) -> str:
    """Write a number of bytes for people, as in ``3.6 kB``."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def counted(count: int, noun: str) -> str:
    """Write a number of things for people, as in ``1 slice`` or ``1,200 slices``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def names(files: Iterable[GivenFile]) -> str:
    """Write a few file names for a message."""
    return _few([file.name for file in files])


def quoted(files: Iterable[GivenFile]) -> str:
    """Write a few file names for a note, in marks by which `unnamed` finds them."""
    return _few([f"“{file.name.replace('”', '’')}”" for file in files])


def _few(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:3])
    return shown if len(texts) <= 3 else f"{shown} and {len(texts) - 3} more"


def unnamed(note: str) -> str:
    """Return a note without names of files, which may be those of patients: for what is kept or given away."""
    return _QUOTED.sub("[file]", note)


def _inside(folder: Path) -> list[tuple[Path, str]]:
    found = []
    for where, _, file_names in os.walk(folder):
        for name in file_names:
            path = Path(where) / name
            if path.is_file():
                found.append((path, str(path.relative_to(folder))))
    return found


def _kind(head: bytes) -> Kind:
    if not head:
        return Kind.EMPTY
    if head[:2] == b"\x1f\x8b":
        return Kind.NIFTI if _is_nifti(_unpacked_head(head)) else Kind.PACKED
    signs = (
        (head[128:132] == b"DICM", Kind.DICOM),
        (head[:7] == b"NRRD000", Kind.NRRD),
        (_is_nifti(head), Kind.NIFTI),
        (_is_picture(head), Kind.PICTURE),
        (head[:4] in (b"PK\x03\x04", b"PK\x05\x06"), Kind.ARCHIVE),
        (_is_packed(head), Kind.PACKED),
        (re.search(rb"(?m)^\s*NDims\s*=", head[:4096]) is not None, Kind.METAIMAGE),
        (_is_bare_dicom(head), Kind.DICOM),
        (b"\0" not in head and max(head) < 0xFE, Kind.TEXT),
    )
    return next((kind for found, kind in signs if found), Kind.OTHER)


def _unpacked_head(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, 1024)
    except zlib.error:
        return b""


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _is_picture(head: bytes) -> bool:
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head[:8] == b"\x89PNG\r\n\x1a\n" or head[:3] == b"\xff\xd8\xff" or is_webp


def _is_packed(head: bytes) -> bool:
    return head[:4] == b"Rar!" or head[:6] in (b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\0") or head[257:262] == b"ustar"


def _is_bare_dicom(head: bytes) -> bool:
    """Recognise DICOM without its 128-byte preamble: a first tag of group 2 or 8, and a sensible length."""
    if head[:2] not in (b"\x02\0", b"\x08\0") or head[3:4] != b"\0":
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    length = int.from_bytes(head[6:8] if explicit else head[4:8], "little")
    return explicit or length < 1024
