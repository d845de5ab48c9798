"""What a folder of training data holds, case by case: to be looked at before anything is learnt from it."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from core.imaging.picture import jpeg, overlay, resize
from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning.cases import VALUES, Case
from core.learning.dataset import SOFT_TISSUE, Reading
from core.learning.pairing import Pairs

COLOURS = {LIVER: (64, 196, 128), TUMOUR: (255, 180, 84)}
_HEIGHT, _WIDEST = 220, 330


@dataclass(frozen=True, eq=False)
class CaseSeen:
    """One case of the folder.

    Attributes:
        name: Of the case.
        patient: Whose it is.
        shape: Slices, rows and columns.
        liver_slices: That show liver or tumour.
        tumour_slices: That show tumour.
        has_spacing: Whether the size of a voxel is known.
        jpeg: The slice with most tumour, or else most liver, with its labels in `COLOURS`.
    """

    name: str
    patient: str
    shape: tuple[int, int, int]
    liver_slices: int
    tumour_slices: int
    has_spacing: bool
    jpeg: bytes


@dataclass(frozen=True, eq=False)
class Look:
    """What looking at one case gave.

    Attributes:
        name: Of the case.
        seen: What it holds; None if it cannot be used.
        problems: A sentence for every file that is left out, and for what would make a test unfair.
    """

    name: str
    seen: CaseSeen | None
    problems: tuple[str, ...]


def look_at(
    pairs: Pairs, window: Window = SOFT_TISSUE, values: Mapping[int, int] = VALUES
) -> Generator[Look, None, None]:
    """Read one case after the other, keeping none of them in memory.

    Args:
        pairs: From `pairing.find_pairs`.
        window: As for `dataset.read_dataset`.
        values: As for `dataset.read_dataset`.
    """
    owners: dict[str, str] = {}
    for name, files in pairs.stacks.items():
        reading = Reading(window, dict(values))
        case = reading.case(name, files)
        if case is None:
            yield Look(name, None, tuple(reading.skipped))
            continue
        yield Look(name, _seen(case), (*reading.skipped, *_twice(case, owners)))


def _twice(case: Case, owners: dict[str, str]) -> tuple[str, ...]:
    """Say whether another patient has one of the pictures, and remember these."""
    others = {owners[digest] for digest in case.hashes if owners.get(digest, case.patient) != case.patient}
    owners.update(dict.fromkeys(case.hashes, case.patient))
    return tuple(
        f"{case.name} holds a picture of {other}: they are one patient under two names, and no test would be fair. "
        "Give both the same patient in patients.csv, or remove one."
        for other in sorted(others)
    )


def _seen(case: Case) -> CaseSeen:
    sizes = case.tumour_px if case.has_tumour else case.liver_px
    z = int(np.argmax(sizes)) if sizes.any() else case.slices // 2
    rows, columns = case.grey.shape[1:]
    row_mm, column_mm = case.grid.spacing[1:] if case.grid.has_spacing else (1.0, 1.0)
    scale = min(_HEIGHT / (rows * row_mm), _WIDEST / (columns * column_mm))
    size = max(1, round(rows * row_mm * scale)), max(1, round(columns * column_mm * scale))
    picture = overlay(resize(case.grey[z], size), resize(case.labels[z], size, smooth=False), COLOURS, 0.2)
    return CaseSeen(
        case.name,
        case.patient,
        (case.slices, rows, columns),
        int(np.count_nonzero(case.liver_px)),
        int(np.count_nonzero(case.tumour_px)),
        case.grid.has_spacing,
        jpeg(picture, 85),
    )
