"""Uploads that are needed for longer than one run of the page: kept in a private folder until nobody needs them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import ReadError
from core.scoring.folders import unpacked
from pages.ui.keeping import Folder
from pages.ui.uploads import safe_name
from pages.ui.words import t


@dataclass(frozen=True, eq=False)
class Stored:
    """Uploaded label files of several cases on the disk, for as long as anybody holds this.

    Attributes:
        folder: Holds them.
        source: The folder in it whose entries are the cases, or a single file.
    """

    folder: Folder
    source: Path

    @property
    def count(self) -> int:
        """How many files and folders lie in it."""
        return sum(1 for _ in self.source.iterdir())

    def unused(self, used: Collection[Path | None]) -> int:
        """Count the files and folders in it that are not among the paths used."""
        return sum(entry not in used for entry in self.source.iterdir())


def uploader(title: str, key: str, taken: Callable[[], None]) -> list[UploadedFile]:
    """Take several files, a zip or a folder.

    Args:
        title: What they are.
        key: Of the widgets.
        taken: Called when the reader adds or removes files, and not when the widget merely was off the screen.
    """
    st.markdown(f"**{title}**")
    files, folder = st.tabs([t("stored.files_tab"), t("stored.folder_tab")])
    hidden: Any = {"label_visibility": "collapsed", "on_change": taken}
    return [
        *files.file_uploader(title, accept_multiple_files=True, key=f"{key}_files", **hidden),
        *folder.file_uploader(title, accept_multiple_files="directory", key=f"{key}_folder", **hidden),
    ]


def store(files: Sequence[UploadedFile], what: str) -> Stored:
    """Copy uploads into a private folder, and unpack them if they are a single zip.

    Args:
        files: From `uploader`.
        what: What to call them in messages, as in “prediction”.

    Raises:
        ReadError: Two files have one name, the zip cannot be unpacked, or the disk is full.
    """
    kept = Folder()
    inside = kept.path / what
    try:
        for file in files:
            path = inside.joinpath(*_parts(file.name))
            if path.exists():
                raise ReadError(t("stored.twice", what=t(f"stored.what.{what.replace(' ', '_')}"), name=path.name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.getbuffer())
    except OSError as error:
        raise _no_room(error) from error
    alone = next(inside.iterdir()) if len(files) == 1 else inside
    source = unpacked(alone, kept.path) if alone.is_file() else alone
    if source == alone:
        source = inside
    return Stored(kept, source)


def _parts(name: str) -> list[str]:
    """Return the folders and the name of a file below the folder that was uploaded."""
    parts = [safe_name(part) for part in PurePosixPath(name.replace("\\", "/")).parts if part != "/"]
    return parts[1:] if len(parts) > 1 else parts


def store_each(files: Sequence[UploadedFile], kept: Folder, what: str) -> list[Path]:
    """Copy uploads into a private folder, as they are.

    Args:
        files: From a file uploader.
        kept: Where to; files of one name lie in folders of their own.
        what: Name of the folder in it.

    Raises:
        ReadError: The disk is full.
    """
    paths = []
    try:
        for number, file in enumerate(files):
            path = kept.path / what / str(number) / safe_name(file.name)
            path.parent.mkdir(parents=True)
            path.write_bytes(file.getbuffer())
            paths.append(path)
    except OSError as error:
        raise _no_room(error) from error
    return paths


def _no_room(error: OSError) -> ReadError:
    return ReadError(t("uploads.not_stored", reason=error.strerror))
