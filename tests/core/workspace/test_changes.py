"""What a step changed, there and back through bytes."""

import math

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.history import State
from core.workspace.changes import EMPTY, Change, figures, unpacked
from tests.core.workspace.cases import CARD, LIVER, answered, block, volume


@pytest.fixture
def annotation() -> Annotation:
    """Object 1, liver by hand on slices 1 and 2; object 2, tumour by a model on slice 2."""
    annotation = Annotation(volume().grid)
    annotation.draw({1: block(2, 3, 6, 9), 2: block(2, 3, 9, 9)}, "first", label=LIVER)
    answered(annotation, 2, block(3, 4, 6, 11))
    return annotation


def through_bytes(before: State, after: State) -> State:
    return unpacked(Change.between(before, after).packed()).applied(before)


def test_everything_of_an_outline_comes_back(annotation: Annotation) -> None:
    back = through_bytes(EMPTY, annotation.state)
    assert back.labels == annotation.labels
    for old, new in zip(annotation.outlines, back.outlines, strict=True):
        assert np.array_equal(old.crop, new.crop)
        for name in ("id", "z", "label", "frame", "box", "points", "model", "window", "by_hand"):
            assert getattr(old, name) == getattr(new, name)
    assert back.outlines[2].model == CARD
    assert back.outlines[2].score == 0.875
    assert math.isnan(back.outlines[0].score)


def test_a_change_holds_only_what_changed(annotation: Annotation) -> None:
    before = annotation.state
    annotation.draw({2: block(3, 4, 6, 10), 4: block(0, 0, 2, 3)}, "edit", identity=2)
    change = Change.between(before, annotation.state)
    assert [(o.id, o.z) for o in change.come] == [(2, 2), (2, 4)]
    assert (change.gone, change.labels) == ((), None)


def test_what_went_goes_and_what_stayed_is_the_same_object(annotation: Annotation) -> None:
    before = annotation.state
    annotation.remove(1, z=1)
    back = through_bytes(before, annotation.state)
    assert [(o.id, o.z) for o in back.outlines] == [(1, 2), (2, 2)]
    assert back.outlines[0] is before.outlines[1]


def test_outlines_come_back_in_their_order(annotation: Annotation) -> None:
    before = annotation.state
    annotation.draw({0: block(2, 3, 4, 9)}, "lower", identity=1)
    assert [(o.id, o.z) for o in through_bytes(before, annotation.state).outlines] == [(1, 0), (1, 1), (1, 2), (2, 2)]


def test_a_new_label_comes_back_with_its_colour(annotation: Annotation) -> None:
    before = annotation.state
    label = annotation.add_label("cyst, éè 囊肿")
    assert through_bytes(before, annotation.state).labels[-1] == label


def test_figures_count_lesions_and_voxels_by_hand(annotation: Annotation) -> None:
    assert figures(annotation.state) == (1, 3 * 7, 3 * 7 + 4 * 6 + 7 * 6)
    annotation.draw({4: block(0, 0, 2, 3)}, "more", identity=2)
    assert figures(annotation.state)[:2] == (1, 21 + 6)
    assert figures(EMPTY) == (0, 0, 0)


@pytest.mark.parametrize("cut", [0, 3, -4])
def test_a_change_that_was_cut_short_is_refused(annotation: Annotation, cut: int) -> None:
    data = Change.between(EMPTY, annotation.state).packed()
    with pytest.raises(ValueError, match="damaged"):
        unpacked(data[:cut])


def test_taking_off_what_is_not_there_is_refused(annotation: Annotation) -> None:
    before = annotation.state
    annotation.remove(2)
    change = Change.between(before, annotation.state)
    with pytest.raises(ValueError, match="object 2 is not on slice 3"):
        change.applied(annotation.state)


def test_a_stroke_takes_less_than_a_kilobyte(annotation: Annotation) -> None:
    before = annotation.state
    annotation.draw({3: block(3, 4, 9, 10)}, "stroke", identity=2)
    assert len(Change.between(before, annotation.state).packed()) < 1000
