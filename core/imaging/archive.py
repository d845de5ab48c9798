"""Unpacks a .zip of images without letting it write anywhere else, lie about its size, or hide another archive."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from core.errors import ReadError
from core.imaging.files import GivenFile, Kind, in_bytes, is_full_disk, is_junk, natural, recognised
from core.imaging.job import Limits

_BLOCK = 1 << 20


def unpacked(archive: GivenFile, folder: Path, limits: Limits) -> list[GivenFile]:
    """Unpack a .zip into a private folder and return its files in natural order.

    Entries are written under numbers, never under their own names.

    Args:
        archive: The .zip.
        folder: An existing private folder.
        limits: Most files and bytes to unpack; checked against what the archive declares before
            anything is written, and again against what really comes out.

    Raises:
        ReadError: Encrypted, damaged, unsafe, nested or too large.
        OSError: The disk is full.
    """
    try:
        with zipfile.ZipFile(archive.path) as pack:
            entries = [e for e in pack.infolist() if not e.is_dir()]
            _check(archive.name, entries, limits)
            files, left = [], limits.max_unpacked_bytes
            for number, entry in enumerate(e for e in entries if not is_junk(e.filename)):
                path = folder / f"{number:06d}"
                left -= _write(pack, entry, path, left, archive.name)
                files.append(recognised(path, entry.filename))
    except (ReadError, MemoryError):
        raise
    except NotImplementedError as error:
        raise ReadError(
            f"{archive.name} is packed in a way that is not read, such as Deflate64. Make a plain .zip of the images."
        ) from error
    except Exception as error:  # each way of packing has errors of its own
        if is_full_disk(error):
            raise
        raise ReadError(f"{archive.name} is damaged or incomplete. Make the .zip again.") from error
    if not files:
        raise ReadError(f"{archive.name} holds no files. Put the images of one case into it.")
    _refuse_nested(archive.name, files)
    return sorted(files, key=lambda f: natural(f.order))


def _check(name: str, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.max_files:
        raise ReadError(
            f"{name} holds {len(entries):,} files; at most {limits.max_files:,} are opened. Pack one series at a time."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise ReadError(f"{name} is encrypted. Unpack it with its password and open the folder.")
    for entry in entries:
        if _is_unsafe(entry):
            raise ReadError(
                f"{name} was refused: it holds a link or a name that leads outside it. Make a plain .zip of the images."
            )
    total = sum(entry.file_size for entry in entries)
    if total > limits.max_unpacked_bytes:
        raise ReadError(
            f"{name} unpacks to {in_bytes(total)}; at most {in_bytes(limits.max_unpacked_bytes)} are opened. "
            "Pack one series at a time."
        )


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename.replace("\\", "/")
    path = PurePosixPath(name)
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    return is_link or path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def _write(pack: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int, name: str) -> int:
    written = 0
    with pack.open(entry) as packed, path.open("wb") as file:
        while block := packed.read(_BLOCK):
            written += len(block)
            if written > left:
                raise ReadError(f"{name} unpacks to more than it declares. It was refused; make the .zip again.")
            file.write(block)
    return written


def _refuse_nested(name: str, files: list[GivenFile]) -> None:
    nested = [file for file in files if file.kind in (Kind.ARCHIVE, Kind.PACKED)]
    if nested:
        raise ReadError(
            f"{name} holds another archive, {nested[0].name}. Unpack it first and make one .zip of the images."
        )
