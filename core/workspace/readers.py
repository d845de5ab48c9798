"""Masks that readers drew elsewhere, brought into a case so that they can be compared there."""

import contextlib
from collections.abc import Mapping

import numpy as np

from core.editing.annotation import Annotation
from core.errors import CaseError
from core.imaging.label import clean_name
from core.imaging.volume import TUMOUR, Mask, Volume
from core.workspace.kept import Window
from core.workspace.library import Library


def keep_mask(library: Library, volume: Volume, reader: str, mask: Mask) -> None:
    """Keep a label map as the masks of a reader, one object a label; it counts as drawn by hand.

    Args:
        library: Where the case is kept.
        volume: The CT.
        reader: Initials of who drew it, at least one character.
        mask: On the grid of the CT; a bool mask is tumour. Names that it gives its values count before the numbers.

    Raises:
        CaseError: The reader has drawn on the case already or has it open, the mask is empty or lies on another grid,
            or it could not be saved.
    """
    if not reader.strip():
        raise CaseError("A mask of another reader needs their initials. Type them.")
    if not mask.grid.matches(volume.grid):
        raise CaseError("The mask does not lie on the voxels of this CT. Resample it on the Metrics page first.")
    values = [int(value) for value in np.unique(mask.voxels) if value]
    if not values:
        raise CaseError("The mask is empty: it has no voxel of any label. Choose another file.")
    with contextlib.closing(library.open(volume, Window(reader))) as kept:
        if kept.annotation.outlines:
            raise CaseError(f"{reader} has drawn on this case already. Use other initials.")
        for value in values:
            chosen = TUMOUR if mask.voxels.dtype == np.bool_ else value
            slices = np.flatnonzero((mask.voxels == value).any(axis=(1, 2)))
            masks = {int(z): np.asarray(mask.voxels[z] == value) for z in slices}
            kept.annotation.draw(masks, "mask from a file", label=_label(kept.annotation, chosen, mask.names))


def _label(annotation: Annotation, value: int, names: Mapping[int, str]) -> int:
    """Return the value of the label that the file names, which is added if there is none of that name.

    The number alone counts only where the file has no name for it: other programs number as they like.
    """
    name = clean_name(names.get(value, ""))
    if not name and value in (label.value for label in annotation.labels[:2]):
        return value
    name = name or f"label {value}"
    known = {_spelt(label.name): label.value for label in annotation.labels}
    return known.get(_spelt(name)) or annotation.add_label(name).value


def _spelt(name: str) -> str:
    return name.casefold().replace("tumor", "tumour")
