"""What lies on the table of the Metrics page before anything is scored: a prediction, a reference, maybe a CT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from core.imaging.volume import Mask, Volume
from core.scoring.counterparts import Content, contents
from core.scoring.evidence import FileUsed
from pages.ui.words import t
from pages.ui.words.steps import known

if TYPE_CHECKING:
    from pages.ui.passport import Fitting
    from pages.ui.state import AppState, Case


class Origin(StrEnum):
    """Where a mask or a CT comes from."""

    FILE = "file"
    MINE = "mine"
    CASE = "case"
    NONE = "none"


@dataclass(frozen=True, eq=False, kw_only=True)
class Named:
    """Something with a name.

    Attributes:
        name: Of a file or of an open CT.
        said: Key of the words around the name; ``""`` for the name alone.
    """

    name: str
    said: str = ""

    @property
    def title(self) -> str:
        """What to call it on the screen."""
        return t(self.said, name=known(self.name)) if self.said else known(self.name)


@dataclass(frozen=True, eq=False, kw_only=True)
class Held(Named):
    """Something that was read.

    Attributes:
        code: What to call it in files: of an open CT it says nothing of the patient.
        files: What it was read from, to the byte.
    """

    code: str
    files: tuple[FileUsed, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldMask(Held):
    """A label map that was read.

    Attributes:
        mask: The labels.
        contents: What it holds.
    """

    mask: Mask
    contents: tuple[Content, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldCt(Held):
    """A CT that was read.

    Attributes:
        volume: The CT.
    """

    volume: Volume


@dataclass
class Slot:
    """A place on the table.

    Attributes:
        role: ``prediction``, ``reference`` or ``ct``.
        origin: Where it is to come from; None as long as the reader has not said.
        held: The file that was read last.
        trouble: Why a later file could not be read, or None.
        uploads: Counts files that were tried; a new count empties the upload widget.
    """

    role: str
    origin: Origin | None = None
    held: Held | None = None
    trouble: str | None = None
    uploads: int = 0


@dataclass
class Desk:
    """Everything that is chosen for one pair.

    Attributes:
        prediction: What is judged.
        reference: What it is judged by.
        ct: What lies underneath.
        links: For each value of the prediction what it is in the reference, as the reader changed it.
        names: What the reader calls labels.
        unscored: Labels that the reader does not want.
        whole_liver: Whether tumours count as liver too.
        read: Masks made of the open case, and of what.
        fitting: How the masks on a table fit, and the table.
        said_of: The table for which labels were matched.
        closed: Whether the choices are out of sight, as something was scored.
        arriving: Whether the figures are to be shown from the top, as they are new.
    """

    prediction: Slot = field(default_factory=lambda: Slot("prediction"))
    reference: Slot = field(default_factory=lambda: Slot("reference"))
    ct: Slot = field(default_factory=lambda: Slot("ct"))
    links: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    unscored: set[int] = field(default_factory=set)
    whole_liver: bool = False
    read: dict[Origin, tuple[tuple[object, ...], Held]] = field(default_factory=dict)
    fitting: tuple[Table, Fitting] | None = None
    said_of: Table | None = None
    closed: bool = False
    arriving: bool = False

    def hear_of(self, table: Table) -> None:
        """Drop what was said of labels if other masks are on the table now."""
        if self.said_of is None or not table.same_masks(self.said_of):
            self.links, self.names, self.unscored, self.whole_liver = {}, {}, set(), False
            self.said_of = table


@dataclass(frozen=True, eq=False)
class Table:
    """A prediction and a reference that are both there.

    Attributes:
        prediction: What is judged.
        reference: What it is judged by.
        ct: What lies underneath, or None.
        own: Whether the prediction was drawn in this session.
    """

    prediction: HeldMask
    reference: HeldMask
    ct: HeldCt | None
    own: bool

    def same_masks(self, other: Table) -> bool:
        """Say whether the same masks lie on both tables."""
        return self.prediction is other.prediction and self.reference is other.reference


def desk_of(state: AppState) -> Desk:
    """Return the session's table."""
    state.desk = state.desk or Desk()
    return state.desk


def offers(slot: Slot, case: Case | None) -> list[Origin]:
    """List where a mask or a CT can come from."""
    if slot.role == "ct":
        return [Origin.NONE, Origin.FILE, *([Origin.CASE] if case else [])]
    found = [Origin.FILE]
    if case is not None and len(case.annotation):
        found.append(Origin.MINE)
    if case is not None and case.reference is not None:
        found.append(Origin.CASE)
    return found


def origin_of(desk: Desk, slot: Slot, case: Case | None) -> Origin:
    """Return where a mask or a CT comes from: as chosen, else my masks against the reference of the open case."""
    offered = offers(slot, case)
    if slot.origin in offered:
        return slot.origin
    if slot.held is not None:
        return Origin.FILE
    if slot.role == "ct":
        uses_case = any(origin_of(desk, s, case) is not Origin.FILE for s in (desk.prediction, desk.reference))
        return Origin.CASE if uses_case else Origin.NONE
    usual = Origin.MINE if slot.role == "prediction" else Origin.CASE
    return usual if usual in offered else Origin.FILE


def lies_in(desk: Desk, slot: Slot, case: Case | None) -> Held | None:
    """Return what a slot holds, or None."""
    origin = origin_of(desk, slot, case)
    if origin is Origin.FILE:
        return slot.held
    if case is None or origin is Origin.NONE:
        return None
    if slot.role == "ct":
        volume = case.volume
        return _kept(
            desk, Origin.NONE, (volume,), lambda: HeldCt(name=volume.source.name, code=_code(volume), volume=volume)
        )
    if origin is Origin.MINE:
        return _kept(desk, origin, (case.annotation.outlines,), lambda: _mine(case))
    reference = case.reference
    return _kept(desk, origin, (reference,), lambda: _reference(case, reference)) if reference else None


def table(desk: Desk, case: Case | None) -> Table | None:
    """Return what can be compared, once both masks are there."""
    prediction, reference, ct = (lies_in(desk, slot, case) for slot in (desk.prediction, desk.reference, desk.ct))
    if not (isinstance(prediction, HeldMask) and isinstance(reference, HeldMask)):
        return None
    own = origin_of(desk, desk.prediction, case) is Origin.MINE
    return Table(prediction, reference, ct if isinstance(ct, HeldCt) else None, own)


def _kept(desk: Desk, origin: Origin, made_of: tuple[object, ...], make: Callable[[], Held]) -> Held:
    """Return what was made before, as long as it was made of the same."""
    before = desk.read.get(origin)
    if before is None or any(a is not b for a, b in zip(before[0], made_of, strict=True)):
        desk.read[origin] = (made_of, make())
    return desk.read[origin][1]


def _mine(case: Case) -> HeldMask:
    labels = {label.value: label.name for label in case.annotation.labels}
    mask = replace(case.annotation.label_map(), names=labels)
    name, code = case.volume.source.name, f"My masks on {_code(case.volume)}"
    return HeldMask(name=name, said="desk.my_masks", code=code, mask=mask, contents=contents(mask))


def _reference(case: Case, mask: Mask) -> HeldMask:
    name, code = case.volume.source.name, f"Labels of {_code(case.volume)}"
    return HeldMask(name=name, said="desk.labels", code=code, mask=mask, contents=contents(mask))


def _code(volume: Volume) -> str:
    return f"lobule-{volume.key[:8]}"
