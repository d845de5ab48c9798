"""What a model found by itself: proposals, which become the reader's when they are accepted.

An open proposal is an object like any other, to be shaped, relabelled or deleted, but it is in no label map and no
record. A new search replaces the proposals that nobody has touched, and never changes what a reader has drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.editing import fields
from core.editing.annotation import Annotation, Outline
from core.editing.asked import known_object
from core.editing.history import Move, State, Way
from core.editing.layers import Masks, drawn
from core.editing.outline import Finding, Made, Proposal
from core.errors import PromptError
from core.imaging.volume import LIVER, Volume
from core.imaging.window import Window
from core.segmentation.segmenter import ModelCard

STEP = "find liver and tumours"
THERE = 0.5  # of a proposal: where so much of it is drawn already, it is nothing new


@dataclass(frozen=True, eq=False)
class Found:
    """Something that a model found.

    Attributes:
        label: `volume.LIVER`, with the tumours in it, or `volume.TUMOUR`.
        masks: Slice, from 0, to ``(H, W)`` bool, none of them empty.
        score: How sure the model is, 0–1.
    """

    label: int
    masks: Masks
    score: float


@dataclass(frozen=True)
class Proposed:
    """What became of what a model found.

    Attributes:
        objects: Ids of the new proposals.
        there: How many were drawn already, by half or more, and so are not proposed.
    """

    objects: tuple[int, ...]
    there: int


def propose(annotation: Annotation, found: Sequence[Found], model: ModelCard, window: Window | None) -> Proposed:
    """Propose what a model found, in one step; no proposals and none to replace are no step.

    Proposals of before that nobody has touched go. The new ones leave out what has been drawn: a tumour what belongs
    to other objects than the liver, a liver what belongs to another liver, as a liver lies under everything.

    Args:
        annotation: Is changed; not by two threads at once.
        found: In the order in which they get their numbers.
        model: That found them.
        window: What it was shown; None without Hounsfield units.
    """
    untouched = {finding.id for finding in annotation.findings if _is_untouched(finding)}
    kept = tuple(outline for outline in annotation.outlines if outline.id not in untouched)
    outlines, identity, there = kept, annotation.next_id, 0
    for one in found:
        masks = _new(one, kept)
        if not masks:
            there += 1
            continue
        made: Made = {"score": one.score, "model": model, "window": window, "proposal": Proposal.OPEN}
        outlines = drawn(outlines, identity, one.label, masks, made, {})
        identity += 1
    if untouched or len(outlines) > len(kept):
        _step(annotation, STEP, outlines)
    return Proposed(tuple(range(annotation.next_id - (len(found) - there), annotation.next_id)), there)


def proposals(annotation: Annotation) -> tuple[Finding, ...]:
    """Return the open proposals, oldest first."""
    return tuple(finding for finding in annotation.findings if finding.is_proposed)


@dataclass(frozen=True)
class Accept:
    """Make a proposal the reader's own."""

    object: int = field(metadata=fields.of(fields.whole))

    def perform(self, annotation: Annotation, _: Volume) -> int:
        """Accept it, and return the object."""
        if not known_object(annotation, self.object).is_proposed:
            raise PromptError(f"Object {self.object} is no open proposal. Choose one in the list.")
        _accept(annotation, {self.object}, f"accept object {self.object}")
        return self.object


@dataclass(frozen=True)
class AcceptAll:
    """Make every open proposal the reader's own."""

    def perform(self, annotation: Annotation, _: Volume) -> None:
        """Accept them all; no object becomes active."""
        waiting = {finding.id for finding in _some(annotation)}
        _accept(annotation, waiting, f"accept {len(waiting)} proposals")


@dataclass(frozen=True)
class DropAll:
    """Take every open proposal away."""

    def perform(self, annotation: Annotation, _: Volume) -> None:
        """Delete them all."""
        waiting = {finding.id for finding in _some(annotation)}
        left = tuple(outline for outline in annotation.outlines if outline.id not in waiting)
        _step(annotation, f"delete {len(waiting)} proposals", left)


def _some(annotation: Annotation) -> tuple[Finding, ...]:
    found = proposals(annotation)
    if not found:
        raise PromptError("There is no open proposal. Find liver and tumours first.")
    return found


def _accept(annotation: Annotation, identities: set[int], name: str) -> None:
    outlines = (
        replace(o, proposal=Proposal.ACCEPTED) if o.id in identities and o.proposal is Proposal.OPEN else o
        for o in annotation.outlines
    )
    _step(annotation, name, tuple(outlines))


def _step(annotation: Annotation, name: str, outlines: tuple[Outline, ...]) -> None:
    annotation.follow(Move(Way.STEP, name, annotation.state, State(outlines, annotation.labels)))


def _is_untouched(finding: Finding) -> bool:
    return finding.is_proposed and not any(o.by_hand or o.box or o.points for o in finding.outlines)


def _new(found: Found, kept: tuple[Outline, ...]) -> Masks:
    """Return what of a finding is not drawn yet; nothing if half of it is."""
    beside = [o for o in kept if o.z in found.masks and (o.label == LIVER) == (found.label == LIVER)]
    left = {z: mask.copy() for z, mask in found.masks.items()}
    for outline in beside:
        mask, frame = left[outline.z], outline.frame
        mask[frame.y0 : frame.y1, frame.x0 : frame.x1] &= ~outline.crop
    before, after = (sum(int(np.count_nonzero(m)) for m in masks.values()) for masks in (found.masks, left))
    return {z: mask for z, mask in left.items() if mask.any()} if after > (1 - THERE) * before else {}
