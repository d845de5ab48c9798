"""The steps that were taken, back and forth, and which part of which slice each of them touched."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from core.editing.outline import Outline
from core.imaging.label import Label
from core.segmentation.prompt import Box

STEPS_KEPT = 200
_NEWS_KEPT = 2 * STEPS_KEPT
_Touched = Mapping[int, Box]


@dataclass(frozen=True)
class State:
    """Everything a step can change."""

    outlines: tuple[Outline, ...]
    labels: tuple[Label, ...]


class Way(StrEnum):
    """How a state comes after another."""

    STEP = "step"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True)
class Move:
    """One way from a state to the next.

    Attributes:
        way: Whether it is a new step, or one taken back or brought back.
        name: Of the step.
        before: The state that it leaves.
        after: The state that it leads to.
    """

    way: Way
    name: str
    before: State
    after: State


@dataclass(frozen=True)
class _Step:
    """A step as either side remembers it: the state on its far side, and slice to the box in which they differ."""

    name: str
    state: State
    touched: _Touched


class History:
    """A state with the named steps that led to it and those that were taken back.

    States share the outlines that a step does not touch, so remembering them costs next to nothing.

    Attributes:
        ahead: Told of every move before it is made, such as to write it down. If it raises, nothing has changed.
    """

    def __init__(self, state: State) -> None:
        self.ahead: Callable[[Move], None] | None = None
        self._state = state
        self._version = 0
        self._next_id = 1
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self._news: list[tuple[int, _Touched]] = []

    @property
    def version(self) -> int:
        """Rises by 1 with each change, also with undo and redo."""
        return self._version

    @property
    def next_id(self) -> int:
        """The id that the next object gets; ids rise and are never used twice."""
        return self._next_id

    @property
    def undo_name(self) -> str:
        """What `undo` would take back, or ``""``."""
        return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """What `redo` would bring back, or ``""``."""
        return self._undone[-1].name if self._undone else ""

    @property
    def state(self) -> State:
        """What there is now."""
        return self._state

    def undo(self) -> str:
        """Take the last step back and return its name; ``""`` if there is nothing to undo."""
        return self._travel(Way.UNDO, self._done, self._undone)

    def redo(self) -> str:
        """Bring the last undone step back and return its name; ``""`` if there is nothing to redo."""
        return self._travel(Way.REDO, self._undone, self._done)

    def trail(self) -> tuple[State, tuple[Move, ...]]:
        """Return the oldest state remembered, and the moves that lead from it to where `undo` and `redo` stand now."""
        steps = [(step.name, step.state) for step in self._done]
        names = [name for name, _ in steps] + [step.name for step in reversed(self._undone)]
        states = [state for _, state in steps] + [self._state] + [step.state for step in reversed(self._undone)]
        there = [Move(Way.STEP, names[k], states[k], states[k + 1]) for k in range(len(names))]
        back = [Move(Way.UNDO, move.name, move.after, move.before) for move in there[len(steps) :][::-1]]
        return states[0], (*there, *back)

    def recall(self, state: State, moves: Iterable[Move] = ()) -> None:
        """Become what was written down before; what is here now is forgotten.

        Args:
            state: The oldest state, from `trail`.
            moves: Those that came after it, which can be undone again; of an undo or redo only its way counts.
        """
        self._done, self._undone = [], []
        self._arrive(state, _differences(self._state.outlines, state.outlines))
        for move in moves:
            if move.way is Way.STEP:
                self._step(move.name, move.after)
            else:
                _ = self.undo() if move.way is Way.UNDO else self.redo()

    def changed_since(self, version: int) -> frozenset[int]:
        """Return the slices that may look different than they did at a version."""
        return frozenset(self.touched_since(version))

    def touched_since(self, version: int) -> dict[int, Box]:
        """Return the slices of `changed_since`, each with a box outside of which nothing changed."""
        touched: dict[int, Box] = {}
        for when, news in self._news:
            if when > version:
                _join(touched, news)
        return touched

    def _step(self, name: str, state: State) -> None:
        """Go on to a new state; what was undone is forgotten."""
        self._announce(Way.STEP, name, state)
        touched = _differences(self._state.outlines, state.outlines)
        self._done = [*self._done, _Step(name, self._state, touched)][-STEPS_KEPT:]
        self._undone = []
        self._arrive(state, touched)

    def _travel(self, way: Way, past: list[_Step], future: list[_Step]) -> str:
        if not past:
            return ""
        self._announce(way, past[-1].name, past[-1].state)
        step = past.pop()
        future.append(replace(step, state=self._state))
        self._arrive(step.state, step.touched)
        return step.name

    def _announce(self, way: Way, name: str, state: State) -> None:
        if self.ahead is not None:
            self.ahead(Move(way, name, self._state, state))

    def _arrive(self, state: State, touched: _Touched) -> None:
        news = [*self._news, (self._version + 1, touched)] if touched else self._news
        if len(news) > _NEWS_KEPT:  # who asks about the two oldest hears of both
            (_, oldest), (when, older), *later = news
            both = dict(oldest)
            _join(both, older)
            news = [(when, both), *later]
        self._state, self._news = state, news
        self._next_id = max([self._next_id, *(outline.id + 1 for outline in state.outlines[-1:])])
        self._version += 1


def _differences(before: Iterable[Outline], after: Iterable[Outline]) -> dict[int, Box]:
    """Return slice to the smallest box round what looks different there."""
    stayed = set(before) & set(after)
    old = {(o.id, o.z): o for o in before if o not in stayed}
    new = {(o.id, o.z): o for o in after if o not in stayed}
    touched: dict[int, Box] = {}
    for key in old.keys() | new.keys():
        box = _difference(old.get(key), new.get(key))
        if box is not None:
            _join(touched, {key[1]: box})
    return touched


def _difference(old: Outline | None, new: Outline | None) -> Box | None:
    """Return the smallest box round what two outlines of an object on a slice differ in; None if they look alike."""
    if old is None or new is None:
        return new.frame if new else old.frame if old else None
    hull = _hull(old.frame, new.frame)
    if old.label != new.label:
        return hull
    differ = np.zeros((hull.height, hull.width), dtype=bool)
    for outline in (old, new):
        y, x = outline.frame.y0 - hull.y0, outline.frame.x0 - hull.x0
        differ[y : y + outline.frame.height, x : x + outline.frame.width] ^= outline.crop
    rows = np.flatnonzero(differ.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(differ.any(axis=0))
    return Box(
        hull.y0 + int(rows[0]), hull.x0 + int(columns[0]), hull.y0 + int(rows[-1]) + 1, hull.x0 + int(columns[-1]) + 1
    )


def _join(touched: dict[int, Box], news: _Touched) -> None:
    """Add to slices and their boxes, in place; a box that was there grows round both."""
    for z, box in news.items():
        touched[z] = _hull(touched[z], box) if z in touched else box


def _hull(one: Box, other: Box) -> Box:
    return Box(min(one.y0, other.y0), min(one.x0, other.x0), max(one.y1, other.y1), max(one.x1, other.x1))
