"""What a reader is asked for, and how much of the machine it may use."""

from collections.abc import Callable
from dataclasses import dataclass

_GiB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """How much one opened case may cost the machine.

    Attributes:
        max_voxels: Largest volume. 600 million is 2,300 slices of 512 × 512; as int16 it takes 1.2 GB.
        max_unpacked_bytes: What an archive or compressed file may unpack to.
        max_files: Files in one folder, list or archive.
        memory_bytes: Address space of the process that decodes. 6 GiB holds the largest volume (1.2 GB), one
            multi-frame DICOM file of that size beside it, and the libraries.
        seconds: Time to decode, of the clock and of the processor.
    """

    max_voxels: int = 600_000_000
    max_unpacked_bytes: int = 4 * _GiB
    max_files: int = 20_000
    memory_bytes: int = 6 * _GiB
    seconds: int = 180


LIMITS = Limits()


@dataclass(frozen=True)
class Job:
    """What a format's reader needs to know beside the file itself.

    Attributes:
        limits: See `Limits`.
        started: Told the name of each file before its bytes are decoded, so that a crash can be blamed on it.
        series: Key of the series wanted, if several were offered.
        wants_labels: Whether a mask is asked for, not a CT.
        steps: Steps ``(x, y, z)`` in LPS mm from voxel to voxel along each axis of the CT that labels belong to, if
            there is one: a DICOM segmentation need not say how far apart the slices of its CT lie.
    """

    limits: Limits = LIMITS
    started: Callable[[str], None] = lambda name: None
    series: str | None = None
    wants_labels: bool = False
    steps: tuple[tuple[float, float, float], ...] = ()
