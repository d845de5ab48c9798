"""Files from the browser: put into a private folder for as long as they are read, then gone."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import ReadError
from pages.ui.words import t

_Read = TypeVar("_Read")
_LONGEST = 60


def read_uploads(files: Sequence[UploadedFile], read: Callable[[list[Path]], _Read]) -> _Read:
    """Call ``read`` with the uploaded files as paths; the copies are deleted after.

    Every path ends in the file's own name. Files of one name, from several folders, lie in folders of their own.

    Args:
        files: From a file uploader.
        read: Reads the paths while they exist.

    Returns:
        What ``read`` returned.

    Raises:
        ReadError: The copies cannot be stored.
    """
    with tempfile.TemporaryDirectory(prefix="lobule-upload-") as folder:
        try:
            paths = _store(files, Path(folder))
        except OSError as error:
            raise ReadError(t("uploads.not_stored", reason=error.strerror)) from error
        return read(paths)


def _store(files: Sequence[UploadedFile], folder: Path) -> list[Path]:
    seen: Counter[str] = Counter()
    paths = []
    for file in files:
        name = safe_name(file.name)
        path = folder / str(seen[name.casefold()]) / name
        seen[name.casefold()] += 1
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file.getbuffer())
        paths.append(path)
    return paths


def safe_name(uploaded: str) -> str:
    """Return the last part of a name, short enough for every file system and free of control characters."""
    last = "".join(c if c.isprintable() else "_" for c in PurePosixPath(uploaded.replace("\\", "/")).name)
    return last[-_LONGEST:] if last.strip(". ") else "file"
