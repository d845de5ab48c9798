"""A cohort whose figures can be told by hand: drawn tumours, one missed, one case with none, one that failed."""

from datetime import UTC, datetime

import numpy as np

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.batch import FileUsed, Row, error_pictures
from core.scoring.scorecard import USUAL, score
from core.scoring.surfaces import Definition
from tests.core.scoring.shapes import SPACING, drawn

CREATED = datetime(2026, 11, 3, 14, 2, tzinfo=UTC)
NASTY = "<script>alert('case')</script>"
_ROWS, _COLUMNS = 24, 30


def row(case: str, predicted: str, reference: str, *, name: str = "tumour", tools: bool = False) -> Row:
    """Score one line of voxels in the middle of slice 2 of 3; ``x`` is tumour."""
    grid = Grid.from_geometry((3, _ROWS, _COLUMNS), SPACING)
    masks = []
    for text in (predicted, reference):
        labels = np.zeros(grid.shape, np.uint8)
        labels[1, 12, 5 : 5 + len(text)] = 2 * drawn(text)[0, 0]
        masks.append(Mask(labels, grid))
    definitions = (*USUAL, Definition.MONAI, Definition.SURFEL) if tools else USUAL
    card = score(masks[0], masks[1], labels={2: name}, definitions=definitions, case=case)
    files = (FileUsed("prediction", f"{case}.nii.gz", "a" * 64), FileUsed("reference", f"{case}.nrrd", "b" * 64))
    return Row(case, card, files=files, pictures=error_pictures(*masks, card))


def cohort() -> list[Row]:
    """Dice 1, 0.8 and a false lesion, missed (0), undefined; and a file that could not be read."""
    return [
        row("perfect", "xxxx......", "xxxx......"),
        row(NASTY, "xxxx...x..", "xxx......."),
        row("missed", "..........", "....xxxx.x"),
        row("healthy", "..........", ".........."),
        Row("broken", None, "broken.nii is <b>empty</b>.", (FileUsed("prediction", "broken.nii", "c" * 64),)),
    ]
