"""What was propagated becomes one step of an object, and never touches what a reader marked or drew."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from core.editing.annotation import Annotation
from core.editing.carrying import carry, course, marked
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.window import Window
from core.segmentation.embeddings import Embeddings
from core.segmentation.likeness import Stop
from core.segmentation.prompt import Box, Prompt
from core.segmentation.propagation import Step, propagate
from tests.core.segmentation.bright import SHAPE, SPACING, Bright, block, bright_volume

TUMOUR = 2
CARD = Bright.card
GRID = Grid.from_geometry((14, *SHAPE), SPACING)
BODY, OTHER, DRAWN = block(10, 12, 18, 24), block(11, 12, 18, 23), block(9, 12, 18, 24)
ROUND_IT = Prompt(Box(8, 10, 20, 26))
EMPTY = np.zeros(SHAPE, np.bool_)


def step(z: int, mask: npt.NDArray[np.bool_], origin: int, stopped: Stop | None = None) -> Step:
    return Step(z, mask, 0.75, Prompt(Box(9, 11, 19, 25)), origin, stopped)


@pytest.fixture
def annotation() -> Annotation:
    """Object 1: a box on slice 6, carried to slices 3–9; slice 8 was then shaped by hand."""
    annotation = Annotation(GRID)
    annotation.add(6, BODY, TUMOUR, box=ROUND_IT.box, score=0.9, model=CARD, window=CARD.window)
    steps = [step(z, BODY, 6) for z in (7, 5, 8, 4, 9, 3)]
    carry(annotation, [*steps, step(10, EMPTY, 6, Stop.DIED)], model=CARD, identity=1)
    annotation.draw({8: DRAWN}, "paint", identity=1)
    return annotation


def test_carrying_is_one_step_that_is_undone_and_redone_as_a_whole() -> None:
    annotation = Annotation(GRID)
    annotation.add(6, BODY, TUMOUR, box=ROUND_IT.box, score=0.9, model=CARD)
    carry(annotation, [step(7, OTHER, 6), step(5, BODY, 6)], model=CARD, identity=1)
    assert annotation.undo_name == "carry object 1 through slices 6–8"
    annotation.undo()
    assert annotation.finding(1).slices == (6,)
    annotation.redo()
    assert annotation.finding(1).slices == (5, 6, 7)
    assert np.array_equal(annotation.find(1, 7).mask(SHAPE), OTHER)


def test_a_carried_slice_has_a_score_and_a_model_and_no_box_of_its_own(annotation: Annotation) -> None:
    carried = annotation.find(1, 4)
    assert (carried.box, carried.score, carried.model, carried.window) == (None, 0.75, CARD, CARD.window)
    assert not carried.by_hand
    assert annotation.find(1, 6).score == 0.9


def test_slices_with_a_box_or_shaped_by_hand_are_marked(annotation: Annotation) -> None:
    assert marked(annotation.finding(1)) == (6, 8)


def test_carrying_again_replaces_no_marked_slice(annotation: Annotation) -> None:
    carry(annotation, [step(z, OTHER, 6) for z in range(3, 10) if z != 6], model=CARD, identity=1)
    shapes = {o.z: o.mask(SHAPE) for o in annotation.finding(1).outlines}
    assert [z for z in shapes if np.array_equal(shapes[z], OTHER)] == [3, 4, 5, 7, 9]
    assert np.array_equal(shapes[8], DRAWN)
    assert np.array_equal(shapes[6], BODY)


def test_what_was_shaped_by_hand_while_it_was_carried_stays(annotation: Annotation) -> None:
    found = [step(z, OTHER, 6) for z in (5, 4, 3)]
    annotation.draw({4: DRAWN}, "paint", identity=1)
    carry(annotation, found, model=CARD, identity=1)
    assert np.array_equal(annotation.find(1, 4).mask(SHAPE), DRAWN)
    assert np.array_equal(annotation.find(1, 3).mask(SHAPE), OTHER)


def test_a_slice_asked_for_anew_is_replaced_with_its_prompt(annotation: Annotation) -> None:
    asked = Prompt(Box(9, 10, 19, 24))
    carry(annotation, [Step(8, OTHER, 0.6, asked, 8)], model=CARD, window=Window(60, 200), identity=1)
    outline = annotation.find(1, 8)
    assert (outline.box, outline.score, outline.by_hand, outline.window) == (asked.box, 0.6, False, Window(60, 200))
    assert np.array_equal(outline.mask(SHAPE), OTHER)


def test_slices_beyond_the_new_end_are_taken_off_up_to_the_next_marked_one(annotation: Annotation) -> None:
    carry(annotation, [step(5, BODY, 6), step(4, EMPTY, 6, Stop.DRIFTED)], model=CARD, identity=1)
    assert annotation.finding(1).slices == (5, 6, 7, 8, 9)
    carry(annotation, [step(7, EMPTY, 6, Stop.DRIFTED)], model=CARD, identity=1)
    assert annotation.finding(1).slices == (5, 6, 8, 9), "9 lies beyond slice 8, which is the reader's"


def test_a_cancelled_carrying_leaves_what_lies_beyond(annotation: Annotation) -> None:
    carry(annotation, [step(5, OTHER, 6)], model=CARD, identity=1)
    assert annotation.finding(1).slices == (3, 4, 5, 6, 7, 8, 9)


def test_nothing_new_is_no_step(annotation: Annotation) -> None:
    before = annotation.version
    carry(annotation, [Step(6, BODY, math.nan, None, 6), step(5, BODY, 6)], model=CARD, identity=1)
    assert annotation.version == before


def test_a_new_object_is_made_in_the_same_step() -> None:
    annotation = Annotation(GRID)
    steps = [Step(6, BODY, 0.9, ROUND_IT, 6), step(7, OTHER, 6), step(5, EMPTY, 6, Stop.DIED)]
    assert carry(annotation, steps, model=CARD, label=TUMOUR) == 1
    assert annotation.finding(1).slices == (6, 7)
    assert annotation.find(1, 6).box == ROUND_IT.box
    assert annotation.undo_name == "carry object 1 through slices 7–8"


def test_an_object_is_carried_from_all_its_marked_slices(annotation: Annotation) -> None:
    whole = course(annotation, 1)
    assert sorted(whole.seeds) == [6, 8]
    assert np.array_equal(whole.seeds[8], DRAWN)
    assert (whole.first, whole.last) == (None, None)


def test_from_one_slice_it_is_carried_to_the_next_marked_ones_only(annotation: Annotation) -> None:
    again = course(annotation, 1, 7, ROUND_IT)
    assert sorted(again.seeds) == [6, 7, 8]
    assert again.seeds[7] == ROUND_IT
    assert (again.first, again.last) == (6, 8)
    below = course(annotation, 1, 4)
    assert sorted(below.seeds) == [4, 6]
    assert np.array_equal(below.seeds[4], BODY)
    assert (below.first, below.last) == (None, 6)


def test_a_second_prompt_changes_the_slices_on_its_side_only(annotation: Annotation) -> None:
    """The object is now found on slices 2 to 5 in another shape; the reader marks slice 4 again."""
    slices = {z: OTHER if z < 6 else BODY for z in range(2, 10)}
    volume = bright_volume(slices, 14)
    how = course(annotation, 1, 4, ROUND_IT)
    steps = propagate(volume, how.seeds, Bright(), Embeddings(10**6), first=how.first, last=how.last)
    before = {o.z: o for o in annotation.finding(1).outlines}
    carry(annotation, steps, model=CARD, identity=1)
    after = {o.z: o for o in annotation.finding(1).outlines}
    assert sorted(after) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(after[z] is before[z] for z in (6, 7, 8, 9))
    assert all(np.array_equal(after[z].mask(SHAPE), OTHER) for z in (2, 3, 4, 5))
    assert after[4].box == ROUND_IT.box


def test_what_cannot_be_carried_is_told(annotation: Annotation) -> None:
    with pytest.raises(PromptError, match="Object 7 is no longer there"):
        course(annotation, 7)
    with pytest.raises(PromptError, match="Object 1 is not on slice 12"):
        course(annotation, 1, 11)
    with pytest.raises(PromptError, match="Object 7 is no longer there"):
        carry(annotation, [], model=CARD, identity=7)
    only = Annotation(GRID)
    only.draw({3: BODY}, "made", label=TUMOUR, model=CARD)
    with pytest.raises(PromptError, match="no slice that was marked or drawn"):
        course(only, 1)


def test_a_mark_within_a_walk_is_a_wall_even_if_it_is_new(annotation: Annotation) -> None:
    asked = Step(4, OTHER, 0.8, replace(ROUND_IT), 4)
    carry(annotation, [asked, step(5, EMPTY, 6, Stop.STRAYED)], model=CARD, identity=1)
    assert annotation.finding(1).slices == (3, 4, 6, 7, 8, 9)
