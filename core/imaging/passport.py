"""Two geometries side by side, before anything is compared: where they differ, and what would have to be done."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.lattice import EXACT_VOXELS, Aligned, aligned

_UNKNOWN = "not stated"
_TILT_DEGREES = 0.05
_SAMPLES = 32  # per axis, to estimate how much one image covers of another


class Fit(StrEnum):
    """What it takes to lay one image on another."""

    SAME = "same voxels"
    REORDER = "same voxels in another order"
    RESAMPLE = "other voxels of the same place"
    APART = "no way to lay one on the other"


@dataclass(frozen=True)
class Fact:
    """One line of a passport.

    Attributes:
        name: What is compared: Size, Voxel, Origin, Direction or Covers.
        first: Of the first image, for people; ``not stated`` if its file does not say.
        second: Of the second.
        differs: Whether they differ by more than rounding.
    """

    name: str
    first: str
    second: str
    differs: bool


@dataclass(frozen=True)
class Passport:
    """What two images say of their geometry.

    Attributes:
        facts: Sizes and places as of L-P-S order, so that a mere flip is a difference of direction only.
        fit: What it takes to lay the first on the second; agrees with what `matching.laid_on` accepts.
        sentence: The same in plain words.
    """

    facts: tuple[Fact, ...]
    fit: Fit
    sentence: str


def passport(first: Grid, second: Grid, names: tuple[str, str] = ("the first file", "the second")) -> Passport:
    """Compare two grids.

    Args:
        first: Of the image that would be laid on the other.
        second: Of the other.
        names: What to call them in the sentence.
    """
    ours, theirs = first.in_lps(), second.in_lps()
    size, voxel = (
        _fact("Size", _times([f"{n}" for n in ours.shape]), _times([f"{n}" for n in theirs.shape])),
        _measured("Voxel", first, second, [_lengths(grid.spacing) for grid in (ours, theirs)]),
    )
    origin = _measured("Origin", first, second, [_triple(grid.affine[:3, 3]) for grid in (ours, theirs)])
    covers = _measured("Covers", first, second, [_lengths(_extent(grid)) for grid in (ours, theirs)])
    direction = _directions(first, second)
    fit, sentence = _judged(first, second, names)
    return Passport((size, voxel, origin, direction, covers), fit, sentence)


def _judged(first: Grid, second: Grid, names: tuple[str, str]) -> tuple[Fit, str]:
    if first.has_spacing != second.has_spacing:
        silent, other = names[::-1] if first.has_spacing else names
        return Fit.APART, (
            f"{_large(silent)} does not say where its voxels lie, so it cannot be laid on {other}. "
            "Save both with the geometry of the CT, or choose the CT they were drawn on."
        )
    if not first.has_spacing:
        return _by_shape(first, second, names)
    found = aligned(first, second)
    if found is not None and found.covers(second.shape):
        fit, sentence = _one_lattice(found, second)
        return fit, sentence + _sure(first, second)
    if not _overlap(first, second):
        return Fit.APART, f"{_large(names[0])} and {names[1]} do not overlap in space: they show different places."
    return Fit.RESAMPLE, _resampling(first, second, names) + _sure(first, second)


def _by_shape(first: Grid, second: Grid, names: tuple[str, str]) -> tuple[Fit, str]:
    if first.shape != second.shape:
        return Fit.APART, (
            f"{_large(names[0])} and {names[1]} differ in size and do not say where their voxels lie. "
            "Use masks that were drawn on one image."
        )
    sentence = "Neither says where its voxels lie, but both have one size: voxel is laid on voxel."
    return Fit.SAME, sentence + _sure(first, second)


def _sure(first: Grid, second: Grid) -> str:
    if first.has_direction == second.has_direction:
        return ""
    return " Only one of them says how the patient lies: check left and right."


def _one_lattice(found: Aligned, second: Grid) -> tuple[Fit, str]:
    turned = not found.grid.matches(second)
    if found.moved:
        also = " They are turned too." if turned else ""
        return Fit.REORDER, (
            f"The voxels lie up to {found.off_mm:.3g} mm beside each other and are moved onto one another.{also} "
            "No value changes."
        )
    if turned:
        return Fit.REORDER, "Both hold the same voxels, stored in another order. They are turned; no value changes."
    return Fit.SAME, "Both lie on the same voxels. Nothing has to be done."


def _resampling(first: Grid, second: Grid, names: tuple[str, str]) -> str:
    share = _share(second, first)
    outside = (
        "" if share == 1 else f" It covers {min(99, max(1, round(100 * share)))} % of {names[1]}; the rest is empty."
    )
    return (
        f"{_large(names[0])} would be resampled onto the voxels of {names[1]}, each voxel taking the nearest label. "
        f"That changes borders and volumes a little.{outside}"
    )


def _fact(name: str, first: str, second: str) -> Fact:
    return Fact(name, first, second, first != second)


def _measured(name: str, first: Grid, second: Grid, texts: list[str]) -> Fact:
    """Return a fact in mm; files that differ by less than rounding may still be written differently."""
    known = [text if grid.has_spacing else _UNKNOWN for grid, text in zip((first, second), texts, strict=True)]
    same = first.has_spacing and second.has_spacing and _nearly(name, first.in_lps(), second.in_lps())
    return Fact(name, known[0], known[1], known[0] != known[1] and not same)


def _nearly(name: str, first: Grid, second: Grid) -> bool:
    least = EXACT_VOXELS * min(second.spacing)
    if name == "Origin":
        return bool(np.linalg.norm(first.affine[:3, 3] - second.affine[:3, 3]) <= least)
    off = np.abs(np.subtract(first.spacing, second.spacing)) * second.shape
    return first.shape == second.shape and bool((off <= least).all())


def _directions(first: Grid, second: Grid) -> Fact:
    """Compare letters and tilt; two files may be tilted by one angle to different sides."""
    ours, theirs = _axes(first), _axes(second)
    apart = _degrees(ours @ theirs.T)
    known = first.has_direction and second.has_direction
    beside = f", {apart:.1f}° from the other" if known and apart > _TILT_DEGREES else ""
    texts = [_direction(first), _direction(second) + beside]
    same = known and not beside and first.orientation == second.orientation
    return Fact("Direction", texts[0], texts[1], texts[0] != texts[1] and not same)


def _direction(grid: Grid) -> str:
    if not grid.has_direction:
        return _UNKNOWN
    degrees = _degrees(_axes(grid))
    return grid.orientation + (f", tilted by {degrees:.1f}°" if degrees > _TILT_DEGREES else "")


def _axes(grid: Grid) -> npt.NDArray[np.float64]:
    lps = grid.in_lps()
    axes: npt.NDArray[np.float64] = (lps.affine[:3, :3] / np.asarray(lps.spacing))[:, ::-1]
    return axes


def _degrees(rotation: npt.NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def _extent(grid: Grid) -> tuple[float, float, float]:
    z, y, x = (n * mm for n, mm in zip(grid.shape, grid.spacing, strict=True))
    return z, y, x


def _lengths(zyx: tuple[float, float, float]) -> str:
    return _times([_number(v) for v in zyx]) + " mm"


def _times(zyx: list[str]) -> str:
    """Write three things of ``(z, y, x)`` as people do, x first."""
    return " × ".join(zyx[::-1])


def _triple(xyz: npt.NDArray[np.float64]) -> str:
    return ", ".join(_number(float(v)) for v in xyz) + " mm"


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _large(name: str) -> str:
    return name[:1].upper() + name[1:]


def _overlap(first: Grid, second: Grid) -> bool:
    """Say whether the boxes of two grids share space, by the separating axis theorem."""
    halves = [grid.affine[:3, :3] * (np.asarray(grid.shape) / 2) for grid in (first, second)]
    middles = [grid.to_world((np.asarray(grid.shape) - 1) / 2) for grid in (first, second)]
    edges = [half / np.linalg.norm(half, axis=0) for half in halves]
    crossed = np.cross(edges[0].T[:, None], edges[1].T[None]).reshape(-1, 3)
    for axis in np.concatenate([edges[0].T, edges[1].T, crossed]):
        reach = sum(float(np.abs(axis @ half).sum()) for half in halves)
        if abs(float(axis @ (middles[0] - middles[1]))) >= reach - 1e-9 and np.linalg.norm(axis) > 1e-6:
            return False
    return True


def _share(of: Grid, covered_by: Grid) -> float:
    """Estimate which part of the voxels of one grid lies in the box of another."""
    places = np.meshgrid(*(np.linspace(0, n - 1, min(n, _SAMPLES)) for n in of.shape), indexing="ij")
    world = of.to_world(np.stack(places, axis=-1).reshape(-1, 3))
    index = (world - covered_by.affine[:3, 3]) @ np.linalg.inv(covered_by.affine[:3, :3]).T
    inside = (index >= -0.5 - EXACT_VOXELS) & (index <= np.asarray(covered_by.shape) - 0.5 + EXACT_VOXELS)
    return float(inside.all(axis=1).mean())
