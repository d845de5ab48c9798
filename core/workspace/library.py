"""All cases on the disk: opened, listed, given a status, put into the bin and taken out again.

::

    LOBULE_HOME/cases/
      open/KEY/               KEY is the fingerprint of the CT
        volume.npy, .json     the CT; of the patient no more than the name of its file may tell
        journal.sqlite        every move of every reader
        reference.npz         labels that came with it
        thumbnail.jpg
        readers/HASH/         lock, who holds it, and the last five snapshots: state and labels
      bin/KEY-NUMBER/         deleted, until the bin is emptied
"""

import contextlib
import shutil
import time
import weakref
from pathlib import Path
from threading import RLock

from core.editing.annotation import Annotation
from core.errors import CaseError
from core.imaging.files import in_bytes
from core.imaging.volume import Volume
from core.segmentation.cachefolder import data_folder, make_private
from core.workspace import quota, stored, thumbnails
from core.workspace.binning import Bin
from core.workspace.caselist import CaseRow, Status, origin_of, row_of
from core.workspace.journal import FILE, Journal
from core.workspace.kept import KeptCase, Window, reader_folder
from core.workspace.later import later
from core.workspace.quota import DISK, Limits, Quota

_SPARE_BYTES = 256 * 2**20  # left free on the disk, for journals
_TAKEN = "This case was taken over by another window. Open it again to change it here."
_holding: weakref.WeakValueDictionary[Path, KeptCase] = weakref.WeakValueDictionary()
_opening = RLock()


class Library:
    """The cases of a folder; several threads and processes may use it.

    Args:
        folder: Where they are; by default in the user's data folder, or in ``LOBULE_HOME``.
        limits: What it may take on the disk, in all and of CTs that one session opens.
    """

    def __init__(self, folder: Path | None = None, limits: Limits = DISK) -> None:
        self.folder = data_folder() / "cases" if folder is None else folder
        self._open = self.folder / "open"
        self.bin = Bin(self._open, self.folder / "bin")
        self._limits, self._sessions = limits, Quota(limits, "disk")

    def open(
        self,
        volume: Volume,
        window: Window = Window(),  # noqa: B008  frozen
        *,
        origin: Path | None = None,
        take_over: bool = False,
        session: str = "",
    ) -> KeptCase:
        """Open the case of a CT, and begin it if there is none.

        The CT itself is written in the background: `KeptCase.saving` tells when, or why not.

        Args:
            volume: The CT.
            window: Who opens it.
            origin: The file or folder it was read from, so that a work-list knows it again.
            take_over: Whether another window of this server loses it, if it has it.
            session: By what its share is counted; ``""`` has no limit but that of all.

        Raises:
            CaseError: It cannot be kept: the disk is full, or a limit is reached.
        """
        folder = self._open / volume.key
        need = 0 if stored.has_volume(folder) else volume.hu.nbytes
        if need:
            self._make_room(need, volume.key)
            if session:
                self._sessions.take(session, volume.key, need)
        try:
            make_private(folder)
            kept = self._kept(volume, folder, window, take_over)
        except BaseException as error:
            self.give(session, volume.key)
            if not isinstance(error, OSError):
                raise
            raise CaseError(f"The case cannot be kept: {error.strerror}. Check the folder {self.folder}.") from error
        if kept.may_change:
            facts = kept.facts()
            noted = _facts(volume) if "opened" not in facts else {}
            if origin is not None and facts.get("origin") != (known := origin_of(origin)):
                noted["origin"] = known
            kept.note(**noted)
        if need:
            kept.saving = later(_keep_volume, volume, folder)
        return kept

    def give(self, session: str, key: str | None = None) -> None:
        """Count no longer a case that a session has closed; without a key nothing of it, for it has ended."""
        self._sessions.give(session, key)

    def reopen(self, key: str, window: Window = Window(), *, take_over: bool = False) -> KeptCase:  # noqa: B008
        """Open a case from the list, without its file; 512 × 512 × 300 voxels take less than a second.

        Raises:
            CaseError: There is no such case, or its CT was not kept or is damaged.
        """
        return self._kept(self.volume(key), self._known(key), window, take_over)

    def volume(self, key: str) -> Volume:
        """Return the CT of a case.

        Raises:
            CaseError: There is no such case, or its CT was not kept or is damaged.
        """
        return stored.read_volume(self._known(key))

    def cases(self) -> list[CaseRow]:
        """Return all cases; about 2 ms each. Sort and search them with `caselist.listed`."""
        return [row_of(folder) for folder in sorted(self._open.glob("*")) if (folder / FILE).is_file()]

    def find(self, text: str) -> str:
        """Return the key of the one case whose key begins so, or whose name it is.

        Raises:
            CaseError: There is none, or there are several.
        """
        rows = self.cases()
        found = [row.key for row in rows if row.key.startswith(text) or row.name == text]
        if len(found) != 1:
            what = f"{len(found)} cases are" if found else "no case is"
            raise CaseError(f"In {self.folder} {what} called “{text}”. `cases` lists them with their keys.")
        return found[0]

    def mark(self, key: str, status: Status) -> None:
        """Give a case a status; new or in work take a person's word back.

        Raises:
            CaseError: There is no such case, or it could not be saved.
        """
        folder = self._known(key)
        with contextlib.closing(Journal(folder)) as journal:
            if status in (Status.DONE, Status.REVIEWED):
                journal.note(status=status.value)
            else:
                journal.forget("status")

    def rename(self, key: str, name: str) -> None:
        """Call a case otherwise in the list.

        Raises:
            CaseError: There is no such case, the name is empty, or it could not be saved.
        """
        if not (short := " ".join(name.split())[:80]):
            raise CaseError("A case needs a name. Type one.")
        with contextlib.closing(Journal(self._known(key))) as journal:
            journal.note(name=short)

    @property
    def nbytes(self) -> int:
        """Bytes on the disk, with the bin."""
        return quota.size_of(self.folder)

    @property
    def limits(self) -> Limits:
        """What may be on the disk, in all and of one session."""
        return self._limits

    def _known(self, key: str) -> Path:
        folder = self._open / key
        if not key.isalnum() or not (folder / FILE).is_file():
            raise CaseError("There is no such case, or no longer. Look at the list again.")
        return folder

    def _kept(self, volume: Volume, folder: Path, window: Window, take_over: bool) -> KeptCase:
        own = reader_folder(folder, window.reader)
        with _opening:
            if take_over and (other := _holding.get(own)) is not None:
                other.give_up(_TAKEN)
            kept = KeptCase(volume, folder, window)
            if kept.may_change:
                _holding[own] = kept
            return kept

    def _make_room(self, need: int, key: str) -> None:
        """See to it that a CT fits: CTs on which nothing was drawn give way, those opened longest ago first.

        Raises:
            CaseError: It does not.
        """
        excess = self.nbytes + need - self._limits.total
        if excess > 0:
            rows = [row for row in self.cases() if row.status is Status.NEW and row.has_volume and row.key != key]
            for row in sorted(rows, key=lambda row: row.changed):
                if excess > 0:
                    excess -= stored.forget_volume(self._open / row.key)
        if excess > 0:
            raise CaseError(
                f"The cases take {in_bytes(self.nbytes)}, and {in_bytes(self._limits.total)} are allowed. "
                "Delete some and empty the bin."
            )
        there = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())
        if (free := shutil.disk_usage(there).free) < need + _SPARE_BYTES:
            raise CaseError(
                f"The case cannot be kept: it needs {in_bytes(need)}, and the disk has {in_bytes(free)} left. "
                "Free some space and open it again."
            )


def _facts(volume: Volume) -> dict[str, str]:
    return {
        "opened": repr(time.time()),
        "name": volume.source.name,
        "kind": volume.source.format,
        "shape": " ".join(str(n) for n in volume.grid.shape),
        "voxel_ml": repr(volume.grid.voxel_ml),
    }


def _keep_volume(volume: Volume, folder: Path) -> None:
    stored.save_volume(volume, folder)
    if not (folder / thumbnails.FILE).exists():
        thumbnails.save_thumbnail(volume, Annotation(volume.grid), folder)
