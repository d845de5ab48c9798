"""What the work on a case cost: seconds, prompts and edits per lesion, and how much of it was drawn by hand."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from core.editing.annotation import Annotation
from core.editing.history import State, Way
from core.editing.outline import Outline
from core.workspace.changes import Change
from core.workspace.journal import CARRY, FIND, Entry, Session
from core.workspace.kept import KeptCase
from core.workspace.recalling import followed

PAUSE_S = 60.0
_Answers = dict[tuple[int, int], Outline]


@dataclass(frozen=True)
class Row:
    """What one object cost.

    Attributes:
        object: Its id.
        label: Name of its label.
        seconds: Before each action on it since the action before, or since the case was opened; of a gap longer than
            a minute one minute counts, for the reader was away. Shared where an action changed several objects.
        prompts: Boxes and points that a model answered for it.
        carried: How often it was carried through slices.
        found: How often a model proposed it, or what is now in its place, without a prompt.
        edits: Other steps on it, by hand or by a tool, or to accept it.
        undone: Steps on it that were taken back or brought back.
        slices: On which it lies.
        voxels: That it covers.
        by_hand: Voxels that are not as a model left them last, over all that either covers; 1 where no model answered,
            0 where nothing was changed.
    """

    object: int
    label: str
    seconds: float
    prompts: int
    carried: int
    found: int
    edits: int
    undone: int
    slices: int
    voxels: int
    by_hand: float


@dataclass(frozen=True)
class Ledger:
    """What a case cost.

    Attributes:
        rows: One for each object that is there, oldest first; none for a proposal that nobody has accepted.
        seconds: In all, also for objects that are gone.
        actions: In all, with undo and redo.
    """

    rows: tuple[Row, ...]
    seconds: float
    actions: int


def ledger(kept: KeptCase) -> Ledger:
    """Return what a case cost its reader; takes as long as doing every action again without a model."""
    seconds: Counter[int] = Counter()
    counts: dict[str, Counter[int]] = {name: Counter() for name in ("prompts", "carried", "found", "edits", "undone")}
    answers: _Answers = {}
    annotation, total, actions = Annotation(kept.volume.grid), 0.0, 0
    for entry, gap in _timed(kept.entries(), kept.sessions()):
        before = annotation.state
        followed(annotation, [entry])
        change = Change.between(before, annotation.state)
        touched = {o.id for o in change.come} | {identity for identity, _ in change.gone}
        total, actions = total + gap, actions + 1
        for identity in touched:
            seconds[identity] += gap / len(touched)  # type: ignore[assignment]
            counts[_kind(entry, [o for o in change.come if o.id == identity], before)][identity] += 1
        answers |= {(o.id, o.z): o for o in change.come if o.model and not o.by_hand}
    names = {label.value: label.name for label in annotation.labels}
    rows = tuple(
        Row(
            finding.id,
            names[finding.label],
            float(seconds[finding.id]),
            counts["prompts"][finding.id],
            counts["carried"][finding.id],
            counts["found"][finding.id],
            counts["edits"][finding.id],
            counts["undone"][finding.id],
            len(finding.slices),
            finding.voxels,
            _by_hand({o.z: o for o in finding.outlines}, {z: o for (i, z), o in answers.items() if i == finding.id}),
        )
        for finding in annotation.findings
        if not finding.is_proposed
    )
    return Ledger(rows, total, actions)


def ledger_csv(found: Ledger) -> str:
    """Return one line an object, with the names of `Row`; names that a spreadsheet would run get an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Row)])
    writer.writeheader()
    for row in found.rows:
        label = f"'{row.label}" if row.label[:1] in "=+-@" else row.label
        writer.writerow(
            asdict(row) | {"label": label, "seconds": f"{row.seconds:.1f}", "by_hand": f"{row.by_hand:.4f}"}
        )
    return text.getvalue()


def _timed(entries: Iterable[Entry], sessions: Mapping[int, Session]) -> Iterable[tuple[Entry, float]]:
    """Yield actions, each with the seconds that went by before it."""
    session, last = 0, 0.0
    for entry in entries:
        if entry.session != session:
            session = entry.session
            last = sessions[session].opened if session in sessions else entry.at
        yield entry, min(max(entry.at - last, 0.0), PAUSE_S)
        last = entry.at


def _kind(entry: Entry, come: list[Outline], before: State) -> str:
    """Say what an action was to an object."""
    if entry.way in (Way.UNDO, Way.REDO):
        return "undone"
    asked = json.loads(entry.asked) if entry.asked else {}
    if asked.get("do") in (CARRY, FIND):
        return "carried" if asked["do"] == CARRY else "found"
    old = {(o.id, o.z): (o.box, o.points, o.score) for o in before.outlines}
    prompted = (o for o in come if o.model and not o.by_hand and (o.box or o.points))
    is_new = any(old.get((o.id, o.z)) != (o.box, o.points, o.score) for o in prompted)
    return "prompts" if is_new else "edits"


def _by_hand(now: Mapping[int, Outline], answered: Mapping[int, Outline]) -> float:
    """Return the share of voxels that are not as a model left them: those that differ over those of either."""
    differ = either = 0
    for z in now.keys() | answered.keys():
        outlines = [outlines[z] for outlines in (now, answered) if z in outlines]
        shape = (max(o.frame.y1 for o in outlines), max(o.frame.x1 for o in outlines))
        union, common = outlines[0].mask(shape), outlines[0].mask(shape)
        for outline in outlines[1:]:
            union |= outline.mask(shape)
            common &= outline.mask(shape)
        same = int(common.sum()) if len(outlines) == 2 else 0
        differ, either = differ + int(union.sum()) - same, either + int(union.sum())
    return differ / either if either else 0.0
