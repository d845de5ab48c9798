"""What every model of a comparison found on a case that it did not learn from, slice by slice, as pictures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import LearningError
from core.imaging.picture import Pixels, overlay
from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import Window
from core.learning.cases import VALUES, Case, Grey
from core.learning.crossval import FOUND, read_lines
from core.learning.dataset import read_dataset
from core.learning.runs import read_config
from core.learning.study import Study
from core.learning.survey import COLOURS
from core.scoring.crop import joint_box
from core.scoring.errormap import COLOURS as OUTCOMES
from core.scoring.errormap import outcomes
from core.scoring.framing import Frame, part_around, whole_slice
from core.scoring.overlap import Confusion, confusion

_OPACITY = 0.4


@dataclass(frozen=True, eq=False)
class Exhibits:
    """A case with its reference and what was found on it.

    Attributes:
        case: The case.
        slices: Indices of the slices that were scored, ascending.
        found: Labels ``(n, y, x)`` on those slices, by the key of the model's row.
    """

    case: Case
    slices: npt.NDArray[np.int64]
    found: Mapping[str, Grey]

    @property
    def truth(self) -> Grey:
        """The reference on the slices that were scored."""
        return self.case.labels[self.slices]

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Voxels of tumour, or of liver if there is none, on each scored slice."""
        counts = self.case.tumour_px[self.slices]
        return counts if counts.any() else self.case.liver_px[self.slices]

    @property
    def fullest(self) -> int:
        """Which of the scored slices shows most tumour, or else most liver."""
        return int(np.argmax(self.sizes))

    def worst(self, row: str, label: int) -> int:
        """Return which of the scored slices has most wrong voxels of a label; the fullest if none is wrong."""
        wrong = [int(np.count_nonzero(ours != theirs)) for ours, theirs in self._pairs(row, label)]
        return int(np.argmax(wrong)) if any(wrong) else self.fullest

    def counts(self, row: str, k: int, label: int) -> Confusion:
        """Return how many voxels of a label were found, made up and missed on one of the scored slices."""
        return confusion(_of(self.found[row][k], label), _of(self.truth[k], label))

    def frame(self, height: int) -> Frame:
        """Return the part of every slice around the liver, ``height`` pixels tall."""
        grid = self.case.grid
        whole = whole_slice(grid, height, 2 * height)
        liver = self.case.labels > 0
        return part_around(joint_box(liver, liver), whole)

    def picture(self, k: int, row: str | None = None, label: int = 0, *, bare: bool = False, frame: Frame) -> Pixels:
        """Draw one of the scored slices.

        Args:
            k: Which of them.
            row: Whose labels; None for the reference.
            label: What was found, made up and missed of this label is shown; 0 shows the labels as they are.
            bare: Whether to show the slice alone.
            frame: From `frame`.

        Returns:
            ``(H, W, 3)`` uint8.
        """
        grey = frame.cut(self.case.grey[self.slices[k]], smooth=True)
        labels = self.truth[k] if row is None else self.found[row][k]
        if bare:
            return np.repeat(grey[:, :, None], 3, axis=2)
        if label and row is not None:
            mapped = outcomes(_of(labels, label), _of(self.truth[k], label))
            return overlay(grey, frame.cut(mapped), OUTCOMES, _OPACITY)
        return overlay(grey, frame.cut(labels), COLOURS, _OPACITY)

    def _pairs(self, row: str, label: int) -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
        both = zip(self.found[row], self.truth, strict=True)
        return [(_of(ours, label), _of(theirs, label)) for ours, theirs in both]


def open_case(folder: Path, name: str) -> Exhibits:
    """Read a case of a study, its data and what was found on it.

    Raises:
        LearningError: The data or the findings are not there any more.
        ReadError: They cannot be read.
    """
    study = Study.from_json(read_config(folder))
    owner = next((line.patient for line in read_lines(folder) if line.case == name), name)
    window = Window(study.level_hu, study.width_hu)
    data = read_dataset(Path(study.data), window, values=study.values or VALUES, only=[owner])
    case = next((one for one in data.cases if one.name == name), None)
    found = {path.parent.name: path for path in (folder / FOUND).glob(f"*/{escape(name)}.npz")}
    if case is None or not found:
        raise LearningError(f"What was found on {name} is not kept here. Go on with the comparison, or choose another.")
    labels, slices = {}, np.zeros(0, np.int64)
    for row, path in found.items():
        with np.load(path, allow_pickle=False) as file:
            labels[row], slices = file["found"], file["slices"]
    if slices.max(initial=0) >= case.slices or any(one.shape[1:] != case.grey.shape[1:] for one in labels.values()):
        raise LearningError(f"The data of {name} have changed since. Start a new comparison.")
    return Exhibits(case, slices, labels)


def dice_words(counts: Confusion) -> str:
    """Write the Dice of a slice with two digits; a dash where neither shows the label."""
    return "–" if math.isnan(counts.dice) else f"{counts.dice:.2f}"


def _of(labels: Grey, label: int) -> npt.NDArray[np.bool_]:
    """Return where a label is; the liver with its tumours."""
    return np.asarray(labels > 0 if label == LIVER else labels == TUMOUR)
