"""The steps that were taken, back and forth, and which part of which slice each of them touched."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from core.editing.outline import Outline
from core.editing.touched import Touched, differences, join
from core.errors import PromptError
from core.imaging.label import Label
from core.segmentation.prompt import Box

STEPS_KEPT = 200
_NEWS_KEPT = 2 * STEPS_KEPT


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
    touched: Touched


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
        self._news: list[tuple[int, Touched]] = []
        self._held: dict[int, str] = {}

    def hold(self, identity: int, sentence: str) -> None:
        """Keep an object as it is until `release`: what would change it is refused, also undo and redo.

        Args:
            identity: The object.
            sentence: Why, and what to do; told to whoever tries.
        """
        self._held[identity] = sentence

    def release(self, identity: int) -> None:
        """Let an object be changed again."""
        self._held.pop(identity, None)

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
        """Take the last step back and return its name; ``""`` if there is nothing to undo.

        Raises:
            PromptError: It would change an object that is held.
        """
        return self._travel(Way.UNDO, self._done, self._undone)

    def redo(self) -> str:
        """Bring the last undone step back and return its name; ``""`` if there is nothing to redo.

        Raises:
            PromptError: It would change an object that is held.
        """
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
        self._arrive(state, differences(self._state.outlines, state.outlines))
        for move in moves:
            self.follow(move)

    def follow(self, move: Move) -> None:
        """Make a move that was written down; of an undo or redo only its way counts."""
        if move.way is Way.STEP:
            self._step(move.name, move.after)
        elif move.way is Way.UNDO:
            self.undo()
        else:
            self.redo()

    def changed_since(self, version: int) -> frozenset[int]:
        """Return the slices that may look different than they did at a version."""
        return frozenset(self.touched_since(version))

    def touched_since(self, version: int) -> dict[int, Box]:
        """Return the slices of `changed_since`, each with a box outside of which nothing changed."""
        touched: dict[int, Box] = {}
        for when, news in self._news:
            if when > version:
                join(touched, news)
        return touched

    def _step(self, name: str, state: State) -> None:
        """Go on to a new state; what was undone is forgotten."""
        self._check_held(state)
        self._announce(Way.STEP, name, state)
        touched = differences(self._state.outlines, state.outlines)
        self._done = [*self._done, _Step(name, self._state, touched)][-STEPS_KEPT:]
        self._undone = []
        self._arrive(state, touched)

    def _travel(self, way: Way, past: list[_Step], future: list[_Step]) -> str:
        if not past:
            return ""
        self._check_held(past[-1].state)
        self._announce(way, past[-1].name, past[-1].state)
        step = past.pop()
        future.append(replace(step, state=self._state))
        self._arrive(step.state, step.touched)
        return step.name

    def _announce(self, way: Way, name: str, state: State) -> None:
        if self.ahead is not None:
            self.ahead(Move(way, name, self._state, state))

    def _check_held(self, state: State) -> None:
        """Refuse a state in which an object that is held is another."""
        for identity, sentence in self._held.items():
            before, after = ([o for o in s.outlines if o.id == identity] for s in (self._state, state))
            if before != after:
                raise PromptError(sentence)

    def _arrive(self, state: State, touched: Touched) -> None:
        news = [*self._news, (self._version + 1, touched)] if touched else self._news
        if len(news) > _NEWS_KEPT:  # who asks about the two oldest hears of both
            (_, oldest), (when, older), *later = news
            both = dict(oldest)
            join(both, older)
            news = [(when, both), *later]
        self._state, self._news = state, news
        self._next_id = max([self._next_id, *(outline.id + 1 for outline in state.outlines[-1:])])
        self._version += 1
