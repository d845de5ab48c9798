"""How a comparison on the Metrics page is measured, and how its errors are looked at."""

from dataclasses import dataclass

from core.imaging.window import PRESETS, Window
from core.scoring.surfaces import Definition

VIEWS = ERRORS, DISTANCE, SIDE, PLANES, SURFACE = "Errors", "Distances", "Side by side", "Planes", "3-D surface"


@dataclass(frozen=True)
class Settings:
    """What the reader may choose of the definitions.

    Attributes:
        tolerance_mm: Of the normalised surface Dice.
        percentile: Of the Hausdorff distance beside the classic one.
        others: Definitions of other tools to measure as well.
    """

    tolerance_mm: float = 2.0
    percentile: float = 95.0
    others: tuple[Definition, ...] = ()


@dataclass
class View:
    """How the errors are shown.

    Attributes:
        z: The slice, from 0.
        label: Value of the label.
        shows: Errors, distances, side by side, the viewer with its planes, or the surface.
        surface_of: Whose surface, ``prediction`` or ``reference``.
        zoomed: Whether only the part around the label is shown.
        opacity: Of the errors, 0–1.
        limit: Where the colours of distances end, in mm, or voxels where their size is not known.
        height: Of the picture, in pixels.
        window: Of the CT.
        moves: Counts the moves to a slice that the viewer did not ask for.
    """

    z: int
    label: int
    shows: str = ERRORS
    surface_of: str = "prediction"
    zoomed: bool = True
    opacity: float = 0.4
    limit: float = 5.0
    height: int = 376
    window: Window = PRESETS["Abdomen"]
    moves: int = 0

    def go_to(self, z: int) -> None:
        """Show a slice, and tell the viewer."""
        self.z = z
        self.moves += 1
