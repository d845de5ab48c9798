"""Work beside the page: it goes on, tells how far it is, can be stopped, and ends with the session."""

import gc
import logging
from collections.abc import Generator
from threading import Event

import pytest

from core.errors import ReadError
from pages.ui.working import Working

NAMES = ("a", "b", "c", "d")


def test_what_is_made_is_there_at_once_and_the_rest_is_estimated() -> None:
    on = Event()

    def make() -> Generator[str]:
        yield "A"
        on.wait(10)
        yield from "BCD"

    work = Working(make, NAMES)
    while not work.made:
        pass
    assert work.made == ("A",)
    assert not work.has_ended
    assert work.left_s is not None
    assert work.left_s > 0
    on.set()
    assert work.wait(10)
    assert work.made == tuple("ABCD")
    assert not work.trouble


def test_a_stop_keeps_what_is_made_and_closes_the_maker() -> None:
    on, closed = Event(), Event()

    def make() -> Generator[str]:
        try:
            on.wait(10)
            yield from "ABCD"
        finally:
            closed.set()

    work = Working(make, NAMES)
    work.stop()
    on.set()
    assert work.wait(10)
    assert work.made == ("A",)
    assert closed.is_set()
    assert not work.trouble, "a stop is no trouble"


def test_work_that_nobody_holds_any_more_stops() -> None:
    on, closed = Event(), Event()

    def make() -> Generator[str]:
        try:
            while True:
                on.wait(10)
                yield "again"
        finally:
            closed.set()

    work = Working(make, NAMES)
    del work
    on.set()
    assert closed.wait(10)


def test_an_error_for_the_reader_is_kept_in_words() -> None:
    def make() -> Generator[str]:
        yield "A"
        raise ReadError("Give two files.")

    work = Working(make, NAMES)
    assert work.wait(10)
    assert (work.made, work.trouble) == (("A",), "Give two files.")


def test_a_fault_ends_the_work_and_its_text_goes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> Generator[str]:
        yield "A"
        raise KeyError("Miller, John")

    with caplog.at_level(logging.WARNING):
        work = Working(make, NAMES)
        assert work.wait(10)
    assert work.made == ("A",)
    assert "KeyError" in work.trouble
    assert "Miller" not in work.trouble + caplog.text


def test_while_work_is_under_way_old_objects_are_left_alone_and_afterwards_not() -> None:
    on = Event()

    def make() -> Generator[str]:
        yield "A"
        on.wait(10)

    before = gc.get_freeze_count()
    first, second = Working(make, NAMES), Working(make, NAMES)
    while not (first.made and second.made):
        pass
    assert gc.get_freeze_count() > before + 1000
    on.set()
    assert first.wait(10)
    assert second.wait(10)
    assert gc.get_freeze_count() == 0
