"""What people are told of slices, objects and lengths; slices count from 1."""

from collections.abc import Collection, Iterable

from core.editing.outline import Finding, Made
from core.errors import PromptError
from core.imaging.grid import Grid


def on_slices(slices: Iterable[int]) -> str:
    """Return “on slice 41” or “on slices 40–44” for slices from 0; at least one."""
    listed = sorted(slices)
    if listed[0] == listed[-1]:
        return f"on slice {listed[0] + 1}"
    return f"on slices {listed[0] + 1}–{listed[-1] + 1}"


def place(finding: Finding) -> str:
    """Say where an object is, for the name of a step: its slice, or its number if it has several."""
    return on_slices(finding.slices) if len(finding.slices) == 1 else f"of object {finding.id}"


def length(mm: float, grid: Grid) -> str:
    """Return “2 mm”, or “2 voxels” where the voxel size is not known."""
    return f"{mm:g} mm" if grid.has_spacing else f"{mm:g} voxels"


def found_nothing(slices: Collection[int], made: Made) -> PromptError:
    """Return the error for masks that are all empty, by the prompt that they answer."""
    where = f" {on_slices(slices)}" if slices else ""
    if made.get("box"):
        return PromptError(f"Nothing was found in the box{where}. Draw it again, a little larger than the object.")
    return PromptError(f"Nothing was found{where}. Mark the object again, well inside its edge.")
