"""What a reader shows the model: a box round the object, or points on and off it."""

from dataclasses import dataclass

from core.errors import PromptError


@dataclass(frozen=True)
class Box:
    """Half-open box on a slice: rows ``y0`` to ``y1 - 1``, columns ``x0`` to ``x1 - 1``, in voxels."""

    y0: int
    x0: int
    y1: int
    x1: int

    def __post_init__(self) -> None:
        if self.y1 <= self.y0 or self.x1 <= self.x0:
            raise PromptError(
                f"The box is empty: rows {self.y0} to {self.y1}, columns {self.x0} to {self.x1}. "
                "Draw it from one corner to the opposite one."
            )

    @property
    def height(self) -> int:
        """Rows."""
        return self.y1 - self.y0

    @property
    def width(self) -> int:
        """Columns."""
        return self.x1 - self.x0

    def clip(self, shape: tuple[int, int]) -> "Box":
        """Return the part of the box inside a slice of ``(H, W)``.

        Raises:
            PromptError: The box lies wholly outside the slice.
        """
        y0, y1 = max(0, self.y0), min(shape[0], self.y1)
        x0, x1 = max(0, self.x0), min(shape[1], self.x1)
        if y1 <= y0 or x1 <= x0:
            raise PromptError(
                f"The box (rows {self.y0} to {self.y1}, columns {self.x0} to {self.x1}) lies outside the slice "
                f"of {shape[0]} rows and {shape[1]} columns. Draw it on the picture."
            )
        return Box(y0, x0, y1, x1)


@dataclass(frozen=True)
class Point:
    """A voxel of a slice that belongs to the object (``positive``) or does not."""

    y: int
    x: int
    positive: bool = True


@dataclass(frozen=True)
class Prompt:
    """Everything the model is told about one object on one slice.

    Raises:
        PromptError: Neither a box nor a point.
    """

    box: Box | None = None
    points: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        if self.box is None and not self.points:
            raise PromptError("Nothing was marked. Draw a box round the object or click on it.")
