"""Files from the browser: put into a private folder for as long as they are read, then gone."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from streamlit.runtime.uploaded_file_manager import UploadedFile

_Read = TypeVar("_Read")


def read_uploads(files: Sequence[UploadedFile], read: Callable[[list[Path]], _Read]) -> _Read:
    """Call ``read`` with the uploaded files as paths, in folders as they were; the copies are deleted after.

    Args:
        files: From a file uploader.
        read: Reads the paths while they exist.

    Returns:
        What ``read`` returned.
    """
    with tempfile.TemporaryDirectory(prefix="lobule-upload-") as folder:
        paths = [_place(Path(folder), file.name) for file in files]
        for path, file in zip(_apart(paths), files, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.getbuffer())
        return read(list(_apart(paths)))


def _place(folder: Path, name: str) -> Path:
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    return folder.joinpath(*parts) if parts else folder / "file"


def _apart(paths: Iterable[Path]) -> list[Path]:
    """Give files of one name folders of their own, so that none overwrites another."""
    seen: dict[Path, int] = {}
    places = []
    for path in paths:
        seen[path] = seen.get(path, 0) + 1
        places.append(path if seen[path] == 1 else path.parent / str(seen[path]) / path.name)
    return places
