"""Where voxels lie in the patient: a shape and an affine, and turning arrays from one order to another.

Index order is ``(z, y, x)`` everywhere; the world is LPS millimetres ``(x, y, z)`` as in DICOM and ITK:
x grows to the patient's left, y to the back (posterior), z to the head (superior).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import GeometryError

_Scalar = TypeVar("_Scalar", bound=np.generic)
_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))


@dataclass(frozen=True, eq=False)
class Grid:
    """A lattice of voxels in space.

    Attributes:
        shape: Number of voxels ``(z, y, x)``, each at least 1.
        affine: ``(4, 4)`` float64, index ``(z, y, x, 1)`` to world ``(x, y, z, 1)`` in LPS mm. Read-only.
        has_spacing: False if the file gave no voxel size; the affine then counts voxels, not
            millimetres, and nothing in mm may be shown.
        has_direction: False if the file did not say how the patient lies; the affine is then a guess, mostly L-P-S.

    Raises:
        ValueError: A shape or affine that no image can have.
    """

    shape: tuple[int, int, int]
    affine: npt.NDArray[np.float64]
    has_spacing: bool = True
    has_direction: bool = True

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"shape must be three positive counts (z, y, x), got {self.shape}")
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError(f"affine must be a finite 4x4 matrix, got {affine!r}")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise ValueError("affine is singular: a voxel has no volume")
        affine.flags.writeable = False
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", affine)

    @classmethod
    def from_geometry(
        cls,
        shape: tuple[int, int, int],
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
        direction: npt.ArrayLike | None = None,
        has_spacing: bool = True,
        has_direction: bool = True,
    ) -> "Grid":
        """Build a grid from its parts.

        Args:
            shape: Voxels ``(z, y, x)``.
            spacing: Step between voxels in mm, ``(z, y, x)``.
            origin: World position ``(x, y, z)`` in mm of the voxel ``(0, 0, 0)``.
            direction: ``(3, 3)``; column ``k`` is the world direction in which index axis ``k`` of
                ``(z, y, x)`` grows. By default L-P-S.
            has_spacing: See `Grid`.
            has_direction: See `Grid`.
        """
        columns = np.eye(3)[:, ::-1] if direction is None else np.asarray(direction, dtype=np.float64)
        affine = np.eye(4)
        affine[:3, :3] = columns * np.asarray(spacing, dtype=np.float64)
        affine[:3, 3] = origin
        return cls(shape, affine, has_spacing, has_direction)

    @cached_property
    def spacing(self) -> tuple[float, float, float]:
        """Step between voxels ``(z, y, x)`` in mm (in voxels if ``has_spacing`` is False)."""
        z, y, x = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(z), float(y), float(x)

    @cached_property
    def orientation(self) -> str:
        """Three letters: where x, y and z grow to, nearest anatomical direction, as in ``LPS``."""
        columns = self.affine[:3, :3] / np.asarray(self.spacing)
        letters = []
        for axis in (2, 1, 0):
            world = int(np.argmax(np.abs(columns[:, axis])))
            letters.append(_LETTERS[world][int(columns[world, axis] > 0)])
        return "".join(letters)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in ml; ``nan`` if the voxel size is not known."""
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000 if self.has_spacing else float("nan")

    def to_world(self, indices: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Turn indices ``(..., 3)`` in ``(z, y, x)`` into LPS mm ``(..., 3)`` in ``(x, y, z)``."""
        return np.asarray(np.asarray(indices) @ self.affine[:3, :3].T + self.affine[:3, 3])

    def corners(self) -> npt.NDArray[np.float64]:
        """World positions ``(8, 3)`` of the centres of the corner voxels, in LPS mm."""
        last = np.asarray(self.shape) - 1
        return self.to_world(np.stack(np.meshgrid(*((0, n) for n in last), indexing="ij"), axis=-1).reshape(8, 3))

    def matches(self, other: "Grid", tolerance_voxels: float = 1e-3) -> bool:
        """Say whether two grids have one shape and no corner lies further apart than the tolerance."""
        if self.shape != other.shape:
            return False
        apart_mm = np.linalg.norm(self.corners() - other.corners(), axis=1).max()
        return bool(apart_mm <= tolerance_voxels * min(self.spacing))

    def in_lps(self) -> "Grid":
        """Return the same lattice with its axes permuted and flipped so that x, y, z grow nearest to L, P, S."""
        columns = self.affine[:3, :3] / np.asarray(self.spacing)
        order = max(permutations(range(3)), key=lambda p: sum(abs(columns[2 - k, p[k]]) for k in range(3)))
        affine = self.affine.copy()
        affine[:3, :3] = self.affine[:3, order]
        for k, axis in enumerate(order):
            if affine[2 - k, k] < 0:
                affine[:3, 3] += affine[:3, k] * (self.shape[axis] - 1)
                affine[:3, k] = -affine[:3, k]
        z, y, x = (self.shape[axis] for axis in order)
        return Grid((z, y, x), affine, self.has_spacing, self.has_direction)


def reorder(voxels: npt.NDArray[_Scalar], source: Grid, target: Grid) -> npt.NDArray[_Scalar]:
    """Lay voxels of one grid in the axis order of another grid of the same lattice.

    Only transposes and flips: no value is interpolated, so the way there and back is exact.

    Args:
        voxels: ``(z, y, x)`` of ``source``.
        source: The grid the voxels lie on.
        target: The same lattice, its axes in another order or direction.

    Returns:
        A view of ``voxels`` of shape ``target.shape``.

    Raises:
        GeometryError: The grids are not the same lattice.
        ValueError: The array does not have the shape of ``source``.
    """
    if voxels.shape != source.shape:
        raise ValueError(f"voxels have shape {voxels.shape}, their grid {source.shape}")
    steps = np.linalg.solve(target.affine, source.affine)[:3, :3]
    signs = np.rint(steps)
    is_permutation = (np.abs(signs).sum(axis=0) == 1).all() and (np.abs(signs).sum(axis=1) == 1).all()
    if not is_permutation or np.abs(steps - signs).max() * max(source.shape) > 0.01:
        raise GeometryError("The two images do not lie on the same voxel grid. Resample one onto the other first.")
    axes = [int(np.argmax(np.abs(signs[k]))) for k in range(3)]
    turned = voxels.transpose(axes)
    turned = turned[tuple(slice(None, None, -1) if signs[k, axes[k]] < 0 else slice(None) for k in range(3))]
    if turned.shape != target.shape:
        raise GeometryError(
            f"One image has {source.shape} voxels and the other {target.shape} (slices, rows, columns). "
            "Use images of the same size."
        )
    return turned
