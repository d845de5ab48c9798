"""Fields of a command as they come from the browser: each is read strictly, or refused by name."""

import math
from collections.abc import Callable
from typing import Any

Reader = Callable[[Any], Any]
FARTHEST = 1e6
_MOST_POINTS = 20_000


def of(reader: Reader) -> dict[str, Reader]:
    """Return the metadata of a dataclass field that says how it is read."""
    return {"read": reader}


def whole(value: Any) -> int:
    """Read a whole number; 3.0 is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"a whole number was expected, got {value!r}")
    return value


def number(value: Any) -> float:
    """Read a number that a place or a length may have."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"a number was expected, got {value!r}")
    if abs(value) > FARTHEST:
        raise ValueError(f"a number up to {FARTHEST:g} was expected, got {value!r}")
    return float(value)


def within(low: float, high: float) -> Callable[[Any], float]:
    """Return a reader of numbers from ``low`` to ``high``, both included, other than 0."""

    def read(value: Any) -> float:
        found = number(value)
        if not low <= found <= high or found == 0:
            raise ValueError(f"a number in {low:g}..{high:g}, not 0, was expected, got {value!r}")
        return found

    return read


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"true or false was expected, got {value!r}")
    return value


def text(value: Any) -> str:
    """Read text."""
    if not isinstance(value, str):
        raise ValueError(f"text was expected, got {value!r}")
    return value


def maybe(reader: Reader) -> Reader:
    """Return a reader that also takes null."""
    return lambda value: None if value is None else reader(value)


def tuple_of(count: int) -> Callable[[Any], tuple[float, ...]]:
    """Return a reader of so many numbers."""

    def read(value: Any) -> tuple[float, ...]:
        if not isinstance(value, list) or len(value) != count:
            raise ValueError(f"{count} numbers were expected, got {value!r}")
        return tuple(number(item) for item in value)

    return read


def places(count: int) -> Callable[[Any], tuple[tuple[float, ...], ...]]:
    """Return a reader of a list of places of so many numbers each, at least one."""
    read_one = tuple_of(count)

    def read(value: Any) -> tuple[tuple[float, ...], ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= _MOST_POINTS:
            raise ValueError(f"a list of 1..{_MOST_POINTS} places was expected")
        return tuple(read_one(item) for item in value)

    return read
