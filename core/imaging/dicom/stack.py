"""Puts the slices of a DICOM series in order along the body, and refuses a stack that is not a straight, even box."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging.dicom.headers import Header
from core.imaging.dicom.series import named
from core.imaging.files import counted
from core.imaging.grid import Grid
from core.imaging.job import Limits

_SAME_DIRECTION = 1e-3
_EVEN = 0.03  # part of a step by which a slice may lie off its place
_TILT_DEGREES = 0.2
_SAME_PLACE_MM = 0.01
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """Slices in order.

    Attributes:
        headers: One per slice, along the normal.
        grid: ``(z, y, x)`` of the series as acquired.
        notes: What a reader must know.
    """

    headers: tuple[Header, ...]
    grid: Grid
    notes: tuple[str, ...]


def stacked(headers: Sequence[Header], limits: Limits) -> Stack:
    """Order slices by position along their normal and build their grid.

    Args:
        headers: The slices of one series, positions all different.
        limits: See `Limits`.

    Raises:
        ReadError: Slices that do not form one straight, evenly spaced box.
    """
    _check_alike(headers, limits)
    axes, spacing = axes_of(headers), spacing_of(headers)
    positions = np.array([header.position for header in headers], dtype=np.float64)
    order = np.argsort(positions @ axes[0], kind="stable")
    ordered = tuple(headers[i] for i in order)
    step, has_spacing, notes = _step(ordered, positions[order], axes)
    affine = np.eye(4)
    affine[:3, :3] = axes.T * (step, *spacing)
    affine[:3, 3] = positions[order[0]]
    shape = (len(ordered), ordered[0].rows, ordered[0].columns)
    return Stack(ordered, Grid(shape, affine, has_spacing), tuple(notes))


def repeated(headers: Sequence[Header]) -> list[list[Header]]:
    """Return groups of two or more slices that lie at one position."""
    if _nowhere(headers):
        return []
    heights = np.array([header.position for header in headers]) @ axes_of(headers)[0]
    order = np.argsort(heights, kind="stable")
    groups = [[headers[order[0]]]]
    for before, here in pairwise(order):
        if heights[here] - heights[before] <= _SAME_PLACE_MM:
            groups[-1].append(headers[here])
        else:
            groups.append([headers[here]])
    return [group for group in groups if len(group) > 1]


def _check_alike(headers: Sequence[Header], limits: Limits) -> None:
    colour = [h for h in headers if h.samples != 1]
    if colour:
        raise ReadError(f"{named(colour)}: a colour picture stored as DICOM, not a CT slice. Leave it out.")
    nowhere = _nowhere(headers)
    if nowhere:
        raise ReadError(
            f"{named(nowhere)}: the slice position or orientation is missing, so slices cannot be put in order. "
            "Export the original CT series."
        )
    sizes = {(h.rows, h.columns) for h in headers}
    if len(sizes) > 1:
        shown = " and ".join(f"{r} × {c}" for r, c in sorted(sizes)[:3])
        raise ReadError(f"The slices of this series have different sizes ({shown}). Open one series at a time.")
    if len({h.place for h in headers}) > 1:
        raise ReadError("The slices of this series come from different studies or positions. Open one scan at a time.")
    count = len(headers) * headers[0].rows * headers[0].columns
    if count > limits.max_voxels:
        raise ReadError(
            f"{named(headers)}: {len(headers)} slices of {headers[0].rows:,} × {headers[0].columns:,} pixels are "
            f"{count:,} voxels; at most {limits.max_voxels:,} are opened."
        )


def _nowhere(headers: Sequence[Header]) -> list[Header]:
    """Return the slices that do not say where they lie."""
    places = [(header, (*(header.position or ()), *(header.orientation or ()))) for header in headers]
    return [header for header, place in places if len(place) != 9 or not np.isfinite(place).all()]


def axes_of(headers: Sequence[Header]) -> Array:
    """Return unit vectors ``(3, 3)``: the normal, down a column, along a row.

    Raises:
        ReadError: The slices lie in different orientations, or in none.
    """
    all_axes = np.array([header.orientation for header in headers], dtype=np.float64)
    usual = np.median(all_axes, axis=0)
    odd = [h for h, axes in zip(headers, all_axes, strict=True) if np.abs(axes - usual).max() > _SAME_DIRECTION]
    if odd:
        raise ReadError(
            f"The slices of this series lie in different orientations ({len(odd)} of {len(headers)} differ: "
            f"{named(odd)}). Open one series at a time."
        )
    row, column = all_axes[0, :3], all_axes[0, 3:]
    lengths = np.linalg.norm([row, column], axis=1)
    if np.abs(lengths - 1).max() > 0.01 or abs(float(row @ column)) > 0.01:
        raise ReadError(f"{named(headers)}: the orientation of the slices is not a right angle. Export it again.")
    row = row / lengths[0]
    column = column - row * float(row @ column)
    column /= np.linalg.norm(column)
    return np.array([np.cross(row, column), column, row])


def spacing_of(headers: Sequence[Header]) -> tuple[float, float]:
    """Return the mm from pixel to pixel ``(y, x)``; ReadError if it is missing or changes."""
    values = [header.spacing or (float("nan"),) * 2 for header in headers]
    bad = [h for h, v in zip(headers, values, strict=True) if not (np.isfinite(v).all() and min(v) > 0)]
    if bad:
        raise ReadError(
            f"{named(bad)}: the pixel spacing is missing, zero or not a number, so nothing could be measured. "
            "Export the original CT series."
        )
    spacings = np.array(values)
    if np.abs(spacings / spacings[0] - 1).max() > 1e-3:
        raise ReadError(
            f"The pixel spacing changes within this series ({spacings.min():.4g} to {spacings.max():.4g} mm). "
            "Open one series at a time."
        )
    return float(spacings[0, 0]), float(spacings[0, 1])


def _step(headers: Sequence[Header], positions: Array, axes: Array) -> tuple[float, bool, list[str]]:
    """Return mm from slice to slice, whether it is known, and notes."""
    thickness = headers[0].thickness
    if len(headers) == 1:
        if thickness > 0:
            return thickness, True, ["This is a single slice; its thickness was taken as its depth."]
        return 1.0, False, ["This is a single slice of unknown thickness: nothing can be measured in millimetres."]
    heights = positions @ axes[0]
    _refuse_uneven(headers, heights)
    step = float(heights[-1] - heights[0]) / (len(headers) - 1)
    _refuse_tilt(positions, axes, step)
    notes = []
    if thickness > 0 and abs(thickness - step) > 0.01 * step:
        notes.append(f"Slices are {thickness:g} mm thick and {step:.4g} mm apart; the distance was used.")
    return step, True, notes


def _refuse_uneven(headers: Sequence[Header], heights: Array) -> None:
    steps = np.diff(heights)
    usual = float(np.median(steps))
    even = np.linspace(heights[0], heights[-1], len(heights))
    if np.abs(heights - even).max() <= _EVEN * usual:
        return
    counts = np.rint(steps / usual)
    if np.abs(steps - counts * usual).max() <= 0.1 * usual and counts.max() > 1:
        missing, gap = int((counts - 1).sum()), int(np.argmax(counts))
        lost = f"{counted(missing, 'slice')} {'is' if missing == 1 else 'are'} missing"
        raise ReadError(
            f"{lost} after {headers[gap].file.name} ({heights[gap]:.1f} mm): the next lies "
            f"{steps[gap]:.4g} mm further, where slices are {usual:.4g} mm apart. Export the whole series again."
        )
    raise ReadError(
        f"The distance between slices varies from {steps.min():.4g} to {steps.max():.4g} mm. "
        "Volumes would be wrong: open an evenly spaced series, or resample this one first."
    )


def _refuse_tilt(positions: Array, axes: Array, step: float) -> None:
    sideways = positions - positions[0] - np.outer((positions - positions[0]) @ axes[0], axes[0])
    along = float(np.linalg.norm(positions[-1] - positions[0]))
    degrees = float(np.degrees(np.arcsin(min(1.0, float(np.linalg.norm(sideways[-1])) / along))))
    if degrees > _TILT_DEGREES:
        raise ReadError(
            f"The gantry was tilted by {degrees:.1f}°: the slices form a slanted stack. "
            "Resample it to a straight volume first (most viewers call this gantry tilt correction)."
        )
    line = np.outer(np.linspace(0, 1, len(positions)), sideways[-1])
    off = float(np.linalg.norm(sideways - line, axis=1).max())
    if off > max(0.1 * step, 0.1):
        raise ReadError(
            f"The slices are shifted sideways against each other by up to {off:.1f} mm. Open a series of one scan."
        )
