"""How much one session and all of them may hold, on the disk or in memory; who asks for more is told the figures."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from core.errors import CaseError
from core.imaging.files import in_bytes


@dataclass(frozen=True)
class Limits:
    """What may be held, in bytes.

    Attributes:
        session: By one session.
        total: By all.
    """

    session: int
    total: int


DISK = Limits(session=20 * 2**30, total=100 * 2**30)
MEMORY = Limits(session=4 * 2**30, total=16 * 2**30)


class Quota:
    """Counts what sessions hold. Several threads may use it.

    Args:
        limits: What they may hold.
        where: ``disk`` or ``memory``, for the sentence.
    """

    def __init__(self, limits: Limits, where: str) -> None:
        self._limits, self._where = limits, where
        self._held: dict[str, dict[str, int]] = {}
        self._lock = Lock()

    @property
    def limits(self) -> Limits:
        """What sessions may hold."""
        return self._limits

    def take(self, session: str, what: str, nbytes: int) -> None:
        """Count what a session holds from now on; what it held under that name before is replaced.

        Raises:
            CaseError: It would be too much; then nothing is counted.
        """
        with self._lock:
            own = {name: held for name, held in self._held.get(session, {}).items() if name != what}
            mine = sum(own.values()) + nbytes
            others = sum(sum(held.values()) for name, held in self._held.items() if name != session)
            if mine > self._limits.session:
                raise self._too_much("This window", mine, self._limits.session, "Close a case you have open")
            if mine + others > self._limits.total:
                raise self._too_much("All windows together", mine + others, self._limits.total, "Try again later")
            self._held[session] = own | {what: nbytes}

    def give(self, session: str, what: str | None = None) -> None:
        """Count no longer what a session held under a name, or all that it held."""
        with self._lock:
            if what is None:
                self._held.pop(session, None)
            else:
                self._held.get(session, {}).pop(what, None)

    def held(self, session: str | None = None) -> int:
        """Return the bytes that a session holds, or all of them."""
        with self._lock:
            chosen = self._held.values() if session is None else [self._held.get(session, {})]
            return sum(sum(held.values()) for held in chosen)

    def _too_much(self, who: str, wanted: int, allowed: int, advice: str) -> CaseError:
        return CaseError(
            f"{who} would hold {in_bytes(wanted)} of {self._where}, and {in_bytes(allowed)} are allowed. {advice}, "
            "or use a smaller CT."
        )


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder; one that goes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            status = path.stat()
        except OSError:
            continue
        total += 0 if path.is_dir() else status.st_size
    return total
