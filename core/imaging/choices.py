"""What a user chooses from when the files hold more than one series."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.files import counted


@dataclass(frozen=True, eq=False)
class SeriesSummary:
    """One series that could be opened, without anything that names the patient.

    Attributes:
        key: Opaque; give it to `read_volume` as ``series``.
        description: The series description, or ``DICOM series``.
        modality: ``CT``, ``MR``... or ``""``.
        slices: Number of images.
        size: Rows and columns.
        spacing: Step ``(z, y, x)`` in mm; ``nan`` where the files do not say.
        thumbnail: The middle slice, uint8 ``(h, w)``, at most 128 pixels each way.
    """

    key: str
    description: str
    modality: str
    slices: int
    size: tuple[int, int]
    spacing: tuple[float, float, float]
    thumbnail: npt.NDArray[np.uint8]

    def __str__(self) -> str:
        rows, columns = self.size
        slices = counted(self.slices, "slice")
        return f"{self.description} ({self.modality or 'unknown'}, {slices} of {rows} × {columns})"


class SeveralSeries(ReadError):  # noqa: N818 - a question to the user more than an error
    """The files hold more than one series, and the user has to choose.

    Attributes:
        choices: What there is, the largest axial CT first.
    """

    def __init__(self, choices: tuple[SeriesSummary, ...]) -> None:
        self.choices = choices
        listed = "; ".join(str(choice) for choice in choices[:4])
        more = f"; and {len(choices) - 4} more" if len(choices) > 4 else ""
        super().__init__(f"These files hold {len(choices)} series: {listed}{more}. Choose one.")
