"""Whether two grids are one lattice of voxels, and in words how they differ if they are not."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid

EXACT_VOXELS = 1e-3
NEAR_VOXELS = 0.05
Index = tuple[int, int, int]


@dataclass(frozen=True)
class Aligned:
    """A grid as it lies on the lattice of another.

    Attributes:
        grid: The first grid, moved onto the lattice exactly; its axes keep their order and direction.
        first: Lowest index ``(z, y, x)`` of the other grid that it takes up; may be negative.
        last: Highest index, included; may lie beyond the other grid.
        off_voxels: How far that moved it at most.
        off_mm: The same in mm.
    """

    grid: Grid
    first: Index
    last: Index
    off_voxels: float
    off_mm: float

    @property
    def moved(self) -> bool:
        """Whether it lay further away than rounding explains."""
        return self.off_voxels > EXACT_VOXELS

    @property
    def shape(self) -> Index:
        """Voxels ``(z, y, x)`` in the axis order of the other grid."""
        z, y, x = (last - first + 1 for first, last in zip(self.first, self.last, strict=True))
        return z, y, x

    def covers(self, shape: Index) -> bool:
        """Say whether it takes up all voxels of a grid of this shape, and none beyond."""
        return self.first == (0, 0, 0) and self.shape == shape


def aligned(theirs: Grid, ours: Grid) -> Aligned | None:
    """Lay one grid on the lattice of another, if no voxel moves by more than 0.05 of one.

    Args:
        theirs: The grid to lay; both grids must have a voxel size.
        ours: The grid whose lattice is meant, thought to go on for ever.

    Returns:
        Where it lies; None if the steps between voxels differ in length or direction, or it lies between voxels.
    """
    steps = np.linalg.solve(ours.affine, theirs.affine)  # their index to our index
    exact = np.rint(steps)
    reach = np.maximum(np.asarray(theirs.shape) - 1, 1)  # a single slice too must have its thickness
    ends = np.array([(*corner, 1) for corner in product(*((0, n) for n in reach))]).T
    off = ((steps - exact) @ ends)[:3]
    turns = np.abs(exact[:3, :3])
    if np.abs(off).max() > NEAR_VOXELS or not ((turns.sum(axis=0) == 1).all() and (turns.sum(axis=1) == 1).all()):
        return None
    corners = exact[:3] @ np.array([(0, 0, 0, 1), (*(np.asarray(theirs.shape) - 1), 1)]).T
    return Aligned(
        grid=Grid(theirs.shape, ours.affine @ exact, has_direction=theirs.has_direction),
        first=_index(corners.min(axis=1)),
        last=_index(corners.max(axis=1)),
        off_voxels=float(np.abs(off).max()),
        off_mm=float(np.linalg.norm(ours.affine[:3, :3] @ off, axis=0).max()),
    )


def part(grid: Grid, first: Index, shape: Index) -> Grid:
    """Return the voxels of a grid's lattice from index ``first``, which may lie outside the grid."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world(first)
    return Grid(shape, affine, grid.has_spacing, grid.has_direction)


def difference(theirs: Grid, ours: Grid, onto: str, sparse: bool = False) -> str:
    """Say in a sentence what keeps two grids from being one lattice.

    Args:
        theirs: One grid.
        ours: The other.
        onto: What to call the other.
        sparse: Whether the first may have fewer slices, so that its size is no reason.
    """
    turned = theirs.in_lps()
    if not sparse and turned.shape != ours.shape:
        return f"It holds {counts(turned.shape)} voxels, {onto} {counts(ours.shape)} (z × y × x)."
    if not np.allclose(turned.spacing, ours.spacing, rtol=1e-3):
        return f"Its voxels measure {_mm(turned.spacing)}, those of {onto} {_mm(ours.spacing)} (z × y × x)."
    if turned.shape != ours.shape:
        return f"Its voxels begin at {_place(turned)}, those of {onto} at {_place(ours)}: they do not fall together."
    apart = np.linalg.norm(turned.corners() - ours.corners(), axis=1)
    shift = turned.affine[:3, 3] - ours.affine[:3, 3]
    if apart.max() - apart.min() < 0.01 * min(ours.spacing):
        x, y, z = shift
        return f"Both have {counts(ours.shape)} voxels, but it is shifted by {x:.4g}, {y:.4g}, {z:.4g} mm (x, y, z)."
    return f"Both have {counts(ours.shape)} voxels, but it is turned: corners lie up to {apart.max():.4g} mm apart."


def counts(shape: tuple[int, ...]) -> str:
    """Write a shape for people, in its own order."""
    return " × ".join(str(n) for n in shape)


def _index(values: npt.NDArray[np.float64]) -> Index:
    z, y, x = (int(value) for value in values)
    return z, y, x


def _place(grid: Grid) -> str:
    return ", ".join(f"{v:.4g}" for v in grid.affine[:3, 3]) + " mm (x, y, z)"


def _mm(spacing: tuple[float, float, float]) -> str:
    return " × ".join(f"{v:.4g}" for v in spacing) + " mm"
