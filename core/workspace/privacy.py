"""What would leave with an export, for a reader to look through before it does.

Of a DICOM series nothing that names the patient is kept at all; see `core.imaging.dicom.privacy`. What is left are
texts that people typed, times, and the pictures themselves.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from core.imaging.files import unnamed
from core.workspace.journal import Entry
from core.workspace.kept import KeptCase

_TELLING = re.compile(
    r"\d{5,}|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\^|@|\b(mr|mrs|ms|herr|frau|born|geb|dob)\b", re.IGNORECASE
)


class Export(StrEnum):
    """What can be taken away."""

    MASK = "label map (NIfTI, NRRD)"
    SLICER = "label map for 3D Slicer"
    PROMPTS = "prompts"
    RECORD = "record of the case"
    FIGURES = "figures, boxes, surfaces (CSV, COCO, STL, OBJ)"
    PICTURES = "pictures (PNG)"
    REPORT = "report"
    DICOM = "DICOM (segmentation, structure set)"


_ALL = tuple(Export)
_NAMES = (Export.SLICER, Export.PROMPTS, Export.RECORD, Export.FIGURES, Export.REPORT, Export.DICOM)
_SHOW = (Export.PICTURES, Export.REPORT)
_SLICES = "those that show a label"


@dataclass(frozen=True)
class Leaving:
    """One thing that would leave.

    Attributes:
        what: What it is.
        value: As it would be written.
        exports: In which it would be.
        look: Whether a person should look at it: it was typed by one, or looks like a name, number or date.
    """

    what: str
    value: str
    exports: tuple[Export, ...]
    look: bool = False


def leaving(kept: KeptCase) -> tuple[Leaving, ...]:
    """Return everything of a case that would be in an export beside the voxels of its masks.

    What is not listed does not leave: the name of the case and of its file, the series description.
    """
    grid, annotation, source = kept.volume.grid, kept.annotation, kept.volume.source
    origin = ", ".join(f"{mm:.1f}" for mm in grid.to_world((0, 0, 0)))
    entries = list(kept.entries())
    found = [
        Leaving("size and position of the CT", f"{grid.shape}, first voxel at {origin} mm", _ALL),
        Leaving("fingerprint of the CT", kept.key, _ALL),
        Leaving("slices of the CT, with what is burnt into them", _SLICES, _SHOW, look=not kept.volume.has_hu),
        *(
            Leaving("name of a label", label.name, _NAMES, label.value > 2 or is_telling(label.name))
            for label in annotation.labels
        ),
        *(Leaving("note on the CT", note, (Export.REPORT,), is_telling(note)) for note in map(unnamed, source.notes)),
        *(Leaving("name of a step", name, (Export.RECORD,), is_telling(name)) for name in _typed(entries)),
    ]
    if entries:
        first, last = (datetime.fromtimestamp(entry.at, UTC) for entry in (entries[0], entries[-1]))
        span = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        found.append(Leaving("when it was worked on", span, (Export.RECORD,)))
    if kept.reader:
        found.append(Leaving("initials of the reader, if you ask for them", kept.reader, (Export.RECORD,), look=True))
    patient = "name, number, birth date and sex of the patient, from the series you give"
    found.append(Leaving("who the patient is", patient, (Export.DICOM,), look=True))
    return tuple(found)


def is_telling(text: str) -> bool:
    """Say whether a text looks like a name, number or date of a person; a false alarm costs no more than a look."""
    return bool(_TELLING.search(text))


def _typed(entries: list[Entry]) -> list[str]:
    """Return the names of steps that hold what somebody typed: those of new labels."""
    return sorted({entry.name for entry in entries if entry.name.startswith("new label ")})
