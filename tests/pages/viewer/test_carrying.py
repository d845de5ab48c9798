"""Carrying objects beside the page: shown as it comes, one step at the end, and nothing lost on the way."""

from collections.abc import Callable
from threading import Event, RLock

import pytest

from core.editing.annotation import Annotation
from core.errors import PromptError
from core.segmentation.embeddings import Embeddings
from core.segmentation.likeness import Stop
from core.segmentation.prompt import Box, Prompt
from core.segmentation.segmenter import Embedding, Prediction
from pages.ui.viewer.carried import Asked, Ended, Shown
from pages.ui.viewer.carrying import Run
from tests.core.segmentation.bright import Bright, block, bright_volume

DEPTH, FIRST, LAST, MARKED = 15, 3, 10, 6
BODY, BESIDE = block(10, 12, 18, 24), block(20, 30, 26, 37)
VOLUME = bright_volume({z: BODY | (BESIDE if z < 9 else False) for z in range(FIRST, LAST + 1)}, DEPTH)


class Gated(Bright):
    """Answers freely until it has answered ``free`` times, then waits until `gate` is open."""

    def __init__(self, free: int) -> None:
        super().__init__()
        self.gate, self.free, self.waits = Event(), free, Event()

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        if len(self.asked) >= self.free:
            self.waits.set()
            assert self.gate.wait(20)
        return super().predict(embedding, prompt)


@pytest.fixture
def annotation() -> Annotation:
    """Objects 1 and 2 with a box each on slice 7."""
    annotation = Annotation(VOLUME.grid)
    for mask, box in ((BODY, Box(9, 11, 19, 25)), (BESIDE, Box(19, 29, 27, 38))):
        annotation.add(MARKED, mask, 2, box=box, score=0.9, model=Bright.card, window=Bright.card.window)
    return annotation


def begun(annotation: Annotation, segmenter: Bright, asked: Asked, turn: object = None) -> Run:
    lock = turn or RLock()
    return Run(asked, VOLUME, annotation, lock, segmenter, Embeddings(1 << 20), Bright.card.window)  # type: ignore[arg-type]


def done(run: Run) -> Run:
    assert run.wait(20)
    assert not run.trouble
    return run


def test_an_object_is_carried_to_all_slices_that_show_it_in_one_step(annotation: Annotation) -> None:
    run = done(begun(annotation, Bright(), Asked(1)))
    assert annotation.finding(1).slices == tuple(range(FIRST, LAST + 1))
    assert annotation.undo_name == f"carry object 1 through slices {FIRST + 1}–{LAST + 1}"
    annotation.undo()
    assert annotation.finding(1).slices == (MARKED,)
    *shown, ended = run.told
    assert ended == Ended(1, tuple(range(FIRST, LAST + 1)), Stop.DIED, Stop.DIED)
    assert {one.z for one in shown if isinstance(one, Shown) and one.frame} == set(range(FIRST, LAST + 1))
    (seventh,) = [one for one in shown if isinstance(one, Shown) and one.z == 7]
    assert seventh.frame == Box(10, 12, 18, 24)


def test_stopped_in_the_middle_it_keeps_what_was_found_as_one_step(annotation: Annotation) -> None:
    segmenter = Gated(free=3)
    run = begun(annotation, segmenter, Asked(1))
    assert segmenter.waits.wait(20)
    run.stop()
    segmenter.gate.set()
    done(run)
    slices = annotation.finding(1).slices
    assert 4 <= len(slices) < LAST + 1 - FIRST
    assert slices == tuple(range(slices[0], slices[-1] + 1))
    annotation.undo()
    assert annotation.finding(1).slices == (MARKED,)
    annotation.redo()
    assert annotation.finding(1).slices == slices


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.draw({MARKED: BESIDE}, "paint", identity=1),
        lambda a: a.remove(1),
        lambda a: (a.undo(), a.undo()),
    ],
)
def test_while_it_is_carried_an_object_is_not_changed_but_others_are(
    annotation: Annotation, change: Callable[[Annotation], None]
) -> None:
    segmenter, turn = Gated(free=2), RLock()
    run = begun(annotation, segmenter, Asked(1), turn)
    assert segmenter.waits.wait(20)
    with turn, pytest.raises(PromptError, match=r"Object 1 is being carried.*stop it"):
        change(annotation)
    with turn:
        annotation.draw({2: BESIDE}, "paint", label=1)
    segmenter.gate.set()
    done(run)
    assert annotation.finding(1).slices == tuple(range(FIRST, LAST + 1))
    assert annotation.finding(3).slices == (2,)
    annotation.remove(1)  # free again


def test_objects_wait_for_each_other_and_are_a_step_each(annotation: Annotation) -> None:
    segmenter = Gated(free=1)
    run = begun(annotation, segmenter, Asked(1))
    assert segmenter.waits.wait(20)
    assert run.add(Asked(2))
    assert run.add(Asked(2))  # once is enough
    assert (run.now, run.waiting) == (1, (2,))
    segmenter.gate.set()
    done(run)
    assert [news.object for news in run.told if isinstance(news, Ended)] == [1, 2]
    assert annotation.finding(2).slices == tuple(range(FIRST, 9))
    annotation.undo()
    assert annotation.finding(2).slices == (MARKED,)
    assert len(annotation.finding(1).slices) == LAST + 1 - FIRST
    assert not run.add(Asked(1)), "a run that has ended takes nothing on"


def test_an_object_that_went_before_its_turn_is_told_and_the_next_is_carried(annotation: Annotation) -> None:
    segmenter, turn = Gated(free=1), RLock()
    run = begun(annotation, segmenter, Asked(1), turn)
    assert segmenter.waits.wait(20)
    third = annotation.draw({MARKED: BESIDE}, "paint", label=2)
    run.add(Asked(2))
    run.add(Asked(third))
    with turn:
        annotation.remove(2)
    segmenter.gate.set()
    done(run)
    first, second, last = [news for news in run.told if isinstance(news, Ended)]
    assert (first.trouble, last.trouble) == ("", "")
    assert "Object 2 is no longer there" in second.trouble
    assert last.slices == tuple(range(FIRST, 9))


def test_the_limits_that_are_given_are_kept(annotation: Annotation) -> None:
    done(begun(annotation, Bright(), Asked(1, first=5, last=8)))
    assert annotation.finding(1).slices == (5, 6, 7, 8)


def test_limits_in_the_wrong_order_are_told(annotation: Annotation) -> None:
    (ended,) = done(begun(annotation, Bright(), Asked(1, first=9, last=4))).told
    assert isinstance(ended, Ended)
    assert ended.trouble == "The first slice, 10, lies above the last, 5. Change one of them."
    annotation.remove(1)  # not held


def test_carrying_on_from_a_slice_changes_only_what_lies_up_to_the_next_marks(annotation: Annotation) -> None:
    done(begun(annotation, Bright(), Asked(1)))
    annotation.draw({8: block(10, 12, 18, 20)}, "erase", identity=1)  # slice 9 by hand
    before = {outline.z: outline for outline in annotation.finding(1).outlines}
    done(begun(annotation, Bright(), Asked(1, z=8)))
    after = {outline.z: outline for outline in annotation.finding(1).outlines}
    assert all(after[z] is before[z] for z in (*range(FIRST, MARKED + 1), 8))
    assert after[9].frame == Box(10, 12, 18, 21)  # the box asked is that of slice 9, a voxel larger on each side
    assert after[10].frame == Box(10, 12, 18, 22)


def test_a_run_ends_when_nobody_holds_it_any_more(annotation: Annotation) -> None:
    segmenter = Gated(free=2)
    run = begun(annotation, segmenter, Asked(1))
    assert segmenter.waits.wait(20)
    working = run._working
    shared = working._shared
    del run, working
    assert shared.stop.is_set()
    segmenter.gate.set()
    assert shared.ended.wait(20)
