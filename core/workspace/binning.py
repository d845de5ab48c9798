"""The bin: deleted cases come back as they were, until it is emptied."""

import shutil
import time
from pathlib import Path

from core.errors import CaseError
from core.segmentation.cachefolder import make_private, sync_folder
from core.workspace.caselist import CaseRow, row_of
from core.workspace.journal import FILE
from core.workspace.lock import Holder, Lock


class Bin:
    """Takes cases from one folder to another and back.

    Args:
        open_: Of the cases that are in the list.
        binned: Of those that were deleted.
    """

    def __init__(self, open_: Path, binned: Path) -> None:
        self._open, self._bin = open_, binned

    def discard(self, key: str) -> str:
        """Put a case into the bin, and return by what `restore` gets it back.

        Raises:
            CaseError: There is no such case, or somebody has it open.
        """
        folder = self._open / key
        if not key.isalnum() or not (folder / FILE).is_file():
            raise CaseError("There is no such case, or no longer. Look at the list again.")
        for own in (folder / "readers").glob("*"):
            lock = Lock(own)
            held = lock.take(Holder.here("", time.time()))
            if held is not None:
                raise CaseError("The case is open in a window. Close it there, then delete it.")
            lock.release()
        make_private(self._bin)
        name = f"{key}-{time.time_ns()}"
        folder.rename(self._bin / name)
        sync_folder(self._open)
        return name

    def cases(self) -> list[tuple[str, CaseRow]]:
        """Return what is in the bin, last deleted first: by what it comes back, and what it is."""
        folders = sorted(self._bin.glob("*-*"), key=lambda folder: folder.name.rpartition("-")[2], reverse=True)
        return [(folder.name, row_of(folder)) for folder in folders if (folder / FILE).is_file()]

    def restore(self, name: str) -> str:
        """Take a case out of the bin, and return its key.

        Raises:
            CaseError: It is not there, or the CT was opened anew meanwhile.
        """
        binned, key = self._bin / name, name.rpartition("-")[0]
        if "/" in name or not (binned / FILE).is_file():
            raise CaseError("The case is no longer in the bin.")
        if (self._open / key).exists():
            raise CaseError("The same CT was opened anew meanwhile. Delete that case first, then restore this one.")
        binned.rename(self._open / key)
        sync_folder(self._open)
        return key

    def empty(self, older_than_s: float = 0.0) -> int:
        """Delete for good what lies in the bin, or for so long; return how many cases that were."""
        until = time.time_ns() - int(older_than_s * 1e9)
        gone = [f for f in self._bin.glob("*-*") if int(f.name.rpartition("-")[2]) <= until]
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)
        return len(gone)
