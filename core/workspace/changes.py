"""What a step changed, as a few bytes: which outlines went, which came, and the labels if they did."""

import json
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from core.editing.history import State
from core.editing.outline import Outline, Proposal
from core.imaging.label import Label
from core.imaging.volume import LIVER
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point
from core.segmentation.segmenter import ModelCard

EMPTY = State((), ())
_Key = tuple[int, int]  # object, slice
_LENGTH = struct.Struct("<I")
_CARD = frozenset(field.name for field in fields(ModelCard))


@dataclass(frozen=True, eq=False)
class Change:
    """What makes a state of another; the masks themselves are in it, so that no model is needed to do it again.

    Attributes:
        gone: Object and slice of outlines that are no longer there.
        come: Outlines that are new, or as they are now.
        labels: All labels, or None if they stayed.
    """

    gone: tuple[_Key, ...]
    come: tuple[Outline, ...]
    labels: tuple[Label, ...] | None

    @classmethod
    def between(cls, before: State, after: State) -> "Change":
        """Return what changed; outlines that both states share are not looked at."""
        stayed = set(before.outlines) & set(after.outlines)
        come = tuple(outline for outline in after.outlines if outline not in stayed)
        there = {_key(outline) for outline in come}
        gone = tuple(_key(o) for o in before.outlines if o not in stayed and _key(o) not in there)
        return cls(gone, come, after.labels if after.labels != before.labels else None)

    def applied(self, state: State) -> State:
        """Return the state after the change.

        Raises:
            ValueError: An outline that should go is not there.
        """
        outlines = {_key(outline): outline for outline in state.outlines}
        for key in self.gone:
            if outlines.pop(key, None) is None:
                raise ValueError(f"object {key[0]} is not on slice {key[1] + 1}")
        outlines |= {_key(outline): outline for outline in self.come}
        ordered = tuple(outlines[key] for key in sorted(outlines))
        return State(ordered, state.labels if self.labels is None else self.labels)

    def packed(self) -> bytes:
        """Return it as bytes that `unpacked` reads; about 0.5 KB for a stroke."""
        models = list(dict.fromkeys(outline.model for outline in self.come if outline.model))
        header: dict[str, Any] = {
            "gone": self.gone,
            "come": [_told(outline, models) for outline in self.come],
            "models": [asdict(model) for model in models],
        }
        if self.labels is not None:
            header["labels"] = [(label.value, label.name, label.colour) for label in self.labels]
        head = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
        bits = (outline.bits.tobytes() for outline in self.come)
        return zlib.compress(b"".join((_LENGTH.pack(len(head)), head, *bits)), 1)


def figures(state: State) -> tuple[int, int, int]:
    """Return how many objects other than liver there are, what they cover and what all objects cover, in voxels.

    Proposals count once they are accepted.
    """
    settled = [outline for outline in state.outlines if outline.proposal is not Proposal.OPEN]
    lesions = [outline for outline in settled if outline.label != LIVER]
    voxels = sum(outline.voxels for outline in lesions)
    return len({o.id for o in lesions}), voxels, voxels + sum(o.voxels for o in settled if o.label == LIVER)


def unpacked(data: bytes) -> Change:
    """Read what `Change.packed` returned.

    Raises:
        ValueError: It is damaged.
    """
    try:
        plain = zlib.decompress(data)
        (length,) = _LENGTH.unpack_from(plain)
        header = json.loads(plain[_LENGTH.size : _LENGTH.size + length])
        models = [_card(model) for model in header["models"]]
        come = tuple(_outlines(header["come"], models, memoryview(plain)[_LENGTH.size + length :]))
        labels = None
        if "labels" in header:
            labels = tuple(Label(value, name, (r, g, b)) for value, name, (r, g, b) in header["labels"])
        return Change(tuple((int(i), int(z)) for i, z in header["gone"]), come, labels)
    except (zlib.error, struct.error, KeyError, TypeError, IndexError) as error:
        raise ValueError("the change is damaged") from error


def _key(outline: Outline) -> _Key:
    return outline.id, outline.z


def _told(outline: Outline, models: list[ModelCard]) -> list[Any]:
    box, window, frame = outline.box, outline.window, outline.frame
    return [
        outline.id,
        outline.z,
        outline.label,
        (frame.y0, frame.x0, frame.y1, frame.x1),
        (box.y0, box.x0, box.y1, box.x1) if box else None,
        outline.score if math.isfinite(outline.score) else None,
        models.index(outline.model) if outline.model else None,
        (window.level_hu, window.width_hu) if window else None,
        [(point.y, point.x, point.positive) for point in outline.points],
        outline.by_hand,
        outline.proposal.value,
    ]


def _outlines(told: list[list[Any]], models: list[ModelCard], bits: memoryview) -> Iterator[Outline]:
    start = 0
    for identity, z, label, edges, box, score, model, window, points, by_hand, *proposal in told:
        frame = Box(*edges)
        end = start + (frame.height * frame.width + 7) // 8
        if end > len(bits):
            raise ValueError("the change is cut short")
        yield Outline(
            identity,
            z,
            label,
            frame,
            np.frombuffer(bits[start:end], np.uint8),
            Box(*box) if box else None,
            math.nan if score is None else score,
            None if model is None else models[model],
            Window(*window) if window else None,
            tuple(Point(y, x, positive) for y, x, positive in points),
            by_hand,
            Proposal(*proposal),  # none in journals of before there were any
        )
        start = end


def _card(told: dict[str, Any]) -> ModelCard:
    known = {name: told[name] for name in _CARD}
    return ModelCard(**known | {"window": Window(**told["window"])})
