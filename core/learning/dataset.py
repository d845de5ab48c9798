"""Training data from a folder: every case read and checked, what cannot be used named and left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from core.errors import LearningError, LobuleError
from core.imaging.grid import Grid
from core.imaging.job import LIMITS, Limits
from core.imaging.preprocess import Preprocessing, preprocess
from core.imaging.reading import read_labels, read_mask, read_volume
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.learning.cases import VALUES, Case, Grey
from core.learning.pairing import FilePair, find_pairs

SOFT_TISSUE = Window(60, 200)
Progress = Callable[[int, int, str], object]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Cases to learn from.

    Attributes:
        cases: In natural order of their names.
        window: In which their grey values were made.
        skipped: A sentence for every file that was left out, with its name and the reason.
    """

    cases: tuple[Case, ...]
    window: Window
    skipped: tuple[str, ...] = ()

    @property
    def patients(self) -> tuple[str, ...]:
        """Every patient once, in the order of the cases."""
        return tuple(dict.fromkeys(case.patient for case in self.cases))

    def of(self, patients: Sequence[str]) -> "Dataset":
        """Return the cases of some patients."""
        wanted = set(patients)
        return replace(self, cases=tuple(case for case in self.cases if case.patient in wanted))


def read_dataset(
    folder: Path,
    window: Window = SOFT_TISSUE,
    *,
    values: Mapping[int, int] = VALUES,
    steps: Preprocessing | None = None,
    only: Sequence[str] | None = None,
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> Dataset:
    """Read the cases of a folder; see `pairing` for how it may be laid out.

    All slices are held in memory, two bytes a voxel: 27 patients of 70 slices of 384² take 0.5 GB.

    Args:
        folder: Of the training data.
        window: Which HU of a CT become black and white. Pictures are taken as they are: then it says in which
            window they were made.
        values: Value in the mask files to `volume.LIVER` or `volume.TUMOUR`; other values are background.
        steps: What to do with every CT first (denoise, resample); nothing by default.
        only: Patients to read; by default all.
        limits: How much a case may cost.
        progress: Called before each case with how many are done, how many there are, and its name.

    Raises:
        LearningError: Nothing in the folder can be used.
    """
    pairs = find_pairs(folder)
    wanted = {name: files for name, files in pairs.stacks.items() if only is None or files[0].patient in only}
    skipped = [f"{name} was left out: it has no partner of the same name." for name in pairs.alone]
    reading = Reading(window, dict(values), steps or Preprocessing(), limits, skipped)
    cases = []
    for done, (name, files) in enumerate(wanted.items()):
        if progress:
            progress(done, len(wanted), name)
        case = reading.case(name, files)
        if case is not None:
            cases.append(case)
    if not cases:
        raise LearningError(f"Nothing in {folder.name} can be used. {' '.join(skipped[:3])}".strip())
    return Dataset(tuple(cases), window, tuple(skipped))


@dataclass(frozen=True)
class Reading:
    """How to read every case, and what was left out.

    Attributes:
        window: As for `read_dataset`.
        values: As for `read_dataset`.
        steps: As for `read_dataset`.
        limits: As for `read_dataset`.
        skipped: Gets a sentence for every file that is left out.
    """

    window: Window
    values: dict[int, int]
    steps: Preprocessing = field(default_factory=Preprocessing)
    limits: Limits = LIMITS
    skipped: list[str] = field(default_factory=list)

    def case(self, name: str, files: Sequence[FilePair]) -> Case | None:
        """Read one case; None if it cannot be used."""
        if files[0].is_picture:
            return self._stack(name, files)
        try:
            return self._ct(files[0])
        except LobuleError as problem:
            self._skip(files[0], problem)
            return None

    def _ct(self, pair: FilePair) -> Case:
        volume = read_volume(pair.image, limits=self.limits)
        mask = read_mask(pair.mask, volume, limits=self.limits)
        if self.steps != Preprocessing():
            from core.imaging.preprocess import resample_mask

            volume = preprocess(volume, self.steps)
            mask = resample_mask(mask, volume.grid)
        return self._made(pair.name, pair.patient, self._shown(volume), mask.voxels.astype(np.uint8), volume.grid, ())

    def _shown(self, volume: Volume) -> Grey:
        return self.window.apply(volume.hu) if volume.has_hu else np.clip(volume.hu, 0, 255).astype(np.uint8)

    def _stack(self, name: str, files: Sequence[FilePair]) -> Case | None:
        """Read the pictures of one patient at once; if that fails, without those that are to blame."""
        try:
            return self._pictures(name, files)
        except LobuleError:
            good = self._good(files)
        try:
            return self._pictures(name, good) if good else None
        except LobuleError as problem:  # each can be read, but not together
            self._skip(good[0], problem, f"{name} ({len(good)} pictures)")
            return None

    def _good(self, files: Sequence[FilePair]) -> list[FilePair]:
        try:
            self._pictures("", files)
        except LobuleError as problem:
            if len(files) == 1:
                self._skip(files[0], problem)
                return []
            half = len(files) // 2
            return self._good(files[:half]) + self._good(files[half:])
        return list(files)

    def _pictures(self, name: str, files: Sequence[FilePair]) -> Case:
        volume = read_volume([file.image for file in files], limits=self.limits)
        mask = read_labels([file.mask for file in files], limits=self.limits)
        if volume.hu.shape != mask.voxels.shape:
            sizes = " and ".join(" × ".join(map(str, shape[1:])) for shape in (volume.hu.shape, mask.voxels.shape))
            raise LearningError(f"image and mask have {sizes} pixels, which must be alike")
        numbers = [file.number for file in files]
        known = tuple(n for n in numbers if n is not None)
        grid = Grid.from_geometry(volume.hu.shape, has_spacing=False)
        numbers_known = known if len(known) == len(files) else ()
        return self._made(
            name, files[0].patient, self._shown(volume), mask.voxels.astype(np.uint8), grid, numbers_known
        )

    def _made(self, name: str, patient: str, grey: Grey, labels: Grey, grid: Grid, numbers: tuple[int, ...]) -> Case:
        table = np.zeros(256, np.uint8)
        table[list(self.values)] = list(self.values.values())
        return Case(name, patient, grey, table[labels], numbers or tuple(range(len(grey))), grid)

    def _skip(self, file: FilePair, problem: LobuleError, what: str = "") -> None:
        self.skipped.append(f"{what or file.image.name} was left out: {problem}")
