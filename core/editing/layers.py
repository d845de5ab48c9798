"""Outlines one over another: setting some of an object's anew, and painting those of a slice."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.editing.outline import Made, Outline, Proposal, pack
from core.imaging.volume import LIVER

Masks = Mapping[int, npt.NDArray[np.bool_]]


def drawn(
    outlines: tuple[Outline, ...], identity: int, label: int, masks: Masks, made: Made, each: Mapping[int, Made]
) -> tuple[Outline, ...]:
    """Return the outlines with some of one object's set anew.

    Args:
        outlines: By rising id, those of one object from the feet up.
        identity: The object; it need not be there yet.
        label: Its label.
        masks: Slice to ``(H, W)`` bool; empty takes the object off the slice.
        made: How the masks came about.
        each: The same for single slices, over ``made``.

    Returns:
        In the same order; an outline that stays as it was is the same object. What is added to a proposal belongs to
        it, and waits with it to be accepted.
    """
    own = {outline.z: outline for outline in outlines if outline.id == identity}
    waits = any(outline.proposal is Proposal.OPEN for outline in own.values())
    answered: Made = {"proposal": Proposal.OPEN if waits else Proposal.NONE}
    for z, mask in masks.items():
        old = own.pop(z, None)
        if mask.any():
            how: Made = {**made, **each.get(z, {})}
            if old is None or how.get("model") is not None:
                how = {**answered, **how}
            own[z] = _shaped(old, identity, z, label, mask, how)
    before = (outline for outline in outlines if outline.id < identity)
    after = (outline for outline in outlines if outline.id > identity)
    return (*before, *(own[z] for z in sorted(own)), *after)


def _shaped(old: Outline | None, identity: int, z: int, label: int, mask: npt.NDArray[np.bool_], made: Made) -> Outline:
    frame, bits = pack(mask)
    by_hand = made.get("model") is None
    if old is None:
        return Outline(identity, z, label, frame, bits, by_hand=by_hand, **made)
    if old.frame == frame and np.array_equal(old.bits, bits):
        same = replace(old, by_hand=by_hand and old.by_hand, **made)
        return old if all(getattr(same, name) == getattr(old, name) for name in ("by_hand", *made)) else same
    return replace(old, frame=frame, bits=bits, by_hand=by_hand, **made)


def paint(canvas: npt.NDArray[np.integer], outlines: Iterable[Outline], value: Callable[[Outline], int]) -> None:
    """Paint the outlines of one slice onto ``(H, W)`` in place, each with its value; the liver first."""
    for outline in sorted(outlines, key=lambda o: o.label != LIVER):
        frame = outline.frame
        canvas[frame.y0 : frame.y1, frame.x0 : frame.x1][outline.crop] = value(outline)
