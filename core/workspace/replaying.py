"""Doing again what a record says, command by command and prompt by prompt, and saying where the outcome differs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from core.editing.annotation import Annotation
from core.editing.carrying import carry
from core.editing.commands import KINDS, from_json, perform
from core.editing.history import Move, State, Way
from core.editing.outline import Outline, pack
from core.errors import CaseError, LobuleError
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.opinion import second_opinion
from core.segmentation.prompt import Prompt
from core.segmentation.propagation import Step, propagate
from core.segmentation.segmenter import Segmenter
from core.workspace.asked import plan_of
from core.workspace.audit import Action, Record, fingerprint
from core.workspace.changes import EMPTY, Change
from core.workspace.journal import CARRY, FIND
from core.workspace.recalling import BASE
from core.workspace.searching import Networks, detector_of, networks_here, search

Models = Callable[[str], Segmenter | None]
_MEMORY_BYTES = 2**28


@dataclass(frozen=True, eq=False)
class Replayed:
    """What came of a replay.

    Attributes:
        annotation: What there is now.
        same: Whether its label map is that of the record, byte for byte.
        repeated: Actions that were done again: edits, undo and redo.
        asked_again: Answers of a model that were asked for again.
        taken: Actions that were taken from the record as they are, for what was asked is not known or its model is
            not here.
        differences: Sentences, one for each action whose outcome is not that of the record.
    """

    annotation: Annotation
    same: bool
    repeated: int
    asked_again: int
    taken: int
    differences: tuple[str, ...]


def replay(
    record: Record,
    volume: Volume,
    models: Models | None = None,
    progress: Callable[[int, int], None] | None = None,
    networks: Networks | None = None,
) -> Replayed:
    """Do everything again.

    Args:
        record: From `read_record`.
        volume: The CT that it was made on.
        models: Returns the model of a sha256, or None if it is not here; None takes all answers from the record.
        progress: Told after every action how many are done, and how many there are.
        networks: Returns the network of a sha256, as ``models`` does models; by default one that is here, unless all
            answers are taken from the record.

    Raises:
        CaseError: It is another CT, or the record does not fit together.
    """
    if record.image != volume.key or record.shape != volume.grid.shape:
        raise CaseError(
            f"This is not the CT that the record was made on: it has the fingerprint {volume.key}, and the record "
            f"names {record.image}. Give the right one."
        )
    nothing: Callable[[str], None] = lambda _: None  # noqa: E731
    again = _Replay(volume, models or nothing, networks or (networks_here() if models else nothing))
    try:
        for number, action in enumerate(record.actions, 1):
            again.do(number, action)
            if progress:
                progress(number, len(record.actions))
    except ValueError as error:
        raise CaseError(f"The record does not fit together ({error}). Export it again.") from error
    same = fingerprint(again.made) == record.result
    return Replayed(again.made, same, again.repeated, again.asked_again, again.taken, tuple(again.differences))


def weights_here() -> Models:
    """Return what finds a model by its sha256 among those that can be loaded here."""
    cards = {card.sha256: card for card in weights.available().cards}

    @cache
    def found(sha256: str) -> Segmenter | None:
        return weights.load(cards[sha256].name) if sha256 in cards else None

    return found


class _Replay:
    """The annotation that is made anew, beside the one that the record tells of."""

    def __init__(self, volume: Volume, models: Models, networks: Networks) -> None:
        self.volume, self.models, self.networks = volume, models, networks
        self.made, self.told = Annotation(volume.grid), Annotation(volume.grid)
        self.embeddings = Embeddings(_MEMORY_BYTES)
        self.repeated = self.asked_again = self.taken = 0
        self.differences: list[str] = []

    def do(self, number: int, action: Action) -> None:
        before = self.told.state
        _follow(self.told, action)
        where = f"Action {number}, “{action.name}”"
        try:
            self._again(action, before)
        except (LobuleError, KeyError, ValueError) as error:
            self.differences.append(f"{where}: it could not be done again. {error}")
            self.made.recall(*self.told.trail())
            self.taken += 1
            return
        if voxels := _apart(self.made.state, self.told.state):
            self.differences.append(f"{where}: {voxels} voxels are not as they were.")

    def _again(self, action: Action, before: State) -> None:
        if action.change is None or action.way == BASE:
            _follow(self.made, action)
            self.repeated += 1
        elif action.asked and action.asked.get("do") in KINDS:
            perform(from_json(action.asked), self.made, self.volume)
            self.repeated += 1
        elif action.asked and action.asked.get("do") == CARRY:
            self._carry(action)
        elif action.asked and action.asked.get("do") == FIND:
            self._search(action, action.asked)
        else:
            self._answer(action, action.change, before)

    def _carry(self, action: Action) -> None:
        asked = action.asked or {}
        segmenter = self.models(str(asked["model"]))
        if segmenter is None:
            self._take(action)
            return
        identity, (_, *shape) = asked["object"], self.volume.grid.shape
        finding = None if identity is None else self.made.finding(identity)
        plan, window = plan_of(asked, finding, (shape[0], shape[1])), Window(*asked["window"])
        steps = propagate(
            self.volume, plan.seeds, segmenter, self.embeddings, first=plan.first, last=plan.last, window=window
        )
        done = list(_until(steps, set(asked["slices"])))
        carry(self.made, done, model=segmenter.card, window=window, identity=identity, label=asked["label"])
        self.asked_again += sum(step.prompt is not None for step in done)

    def _search(self, action: Action, asked: Mapping[str, Any]) -> None:
        detector = detector_of(asked, self.networks, self.models)
        if detector is None:
            self._take(action)
        else:
            self.asked_again += search(detector, self.volume, self.made, self.embeddings)

    def _answer(self, action: Action, change: Change, before: State) -> None:
        """Ask again for the answers in a change, and take the rest of it as it is."""
        old = {(outline.id, outline.z): outline for outline in before.outlines}
        come = []
        for outline in change.come:
            segmenter = self.models(outline.model.sha256) if outline.model else None
            if segmenter is None or not _is_answer(outline, old.get((outline.id, outline.z))):
                come.append(outline)
            else:
                come.append(self._answered(outline, segmenter))
                self.asked_again += 1
        if all(new is outline for new, outline in zip(come, change.come, strict=True)):
            self.taken += 1
        after = replace(change, come=tuple(come)).applied(self.made.state)
        self.made.follow(Move(Way.STEP, action.name, self.made.state, after))

    def _answered(self, outline: Outline, segmenter: Segmenter) -> Outline:
        """Return an outline as the model answers now; on the enlarged picture if the whole slice does not give it."""
        prompt, (_, height, width) = Prompt(outline.box, outline.points), self.volume.grid.shape
        how = (self.volume, outline.z, prompt, segmenter, self.embeddings, outline.window)
        mask = segment_slice(*how).mask
        if not np.array_equal(mask, outline.mask((height, width))):
            mask = second_opinion(*how).prediction.mask
        if not mask.any():
            raise CaseError(f"The model finds nothing on slice {outline.z + 1} now.")
        frame, bits = pack(mask)
        return replace(outline, frame=frame, bits=bits)

    def _take(self, action: Action) -> None:
        if action.change is not None:
            after = action.change.applied(self.made.state)
            self.made.follow(Move(Way.STEP, action.name, self.made.state, after))
            self.taken += 1


def _follow(annotation: Annotation, action: Action) -> None:
    state = annotation.state
    if action.way == BASE:
        annotation.recall(action.change.applied(EMPTY) if action.change else EMPTY)
    else:
        after = action.change.applied(state) if action.change else state
        annotation.follow(Move(Way(action.way), action.name, state, after))


def _is_answer(outline: Outline, old: Outline | None) -> bool:
    """Say whether a model answered a prompt here, rather than that something else was changed about its answer."""
    if outline.by_hand or not (outline.box or outline.points):
        return False
    fields = ("box", "points", "score", "model", "window")
    return old is None or any(getattr(outline, name) != getattr(old, name) for name in fields)


def _until(steps: Iterator[Step], wanted: set[int]) -> Iterator[Step]:
    """Yield the steps that were done then; the walk ends with the last of them."""
    left = set(wanted)
    with closing(steps) as walk:  # type: ignore[type-var]
        while left and (step := next(walk, None)) is not None:
            if step.z in wanted:
                left.discard(step.z)
                yield step


def _apart(one: State, other: State) -> int:
    """Return the voxels in which the outlines of two states differ, or whose label does."""
    mine, yours = ({(o.id, o.z): o for o in state.outlines} for state in (one, other))
    count = 0
    for key in mine.keys() | yours.keys():
        a, b = mine.get(key), yours.get(key)
        if a is None or b is None:
            count += sum(outline.voxels for outline in (a, b) if outline)
        elif a is not b:
            count += _voxels_apart(a, b)
    return count


def _voxels_apart(a: Outline, b: Outline) -> int:
    if a.label != b.label:
        return a.voxels + b.voxels
    if a.frame == b.frame and np.array_equal(a.bits, b.bits):
        return 0
    shape = (max(a.frame.y1, b.frame.y1), max(a.frame.x1, b.frame.x1))
    return int((a.mask(shape) ^ b.mask(shape)).sum())
