"""Moves told before they are made, and an annotation that becomes what was written down."""

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.history import STEPS_KEPT, Move, Way
from core.errors import WriteError
from core.imaging.grid import Grid

GRID = Grid.from_geometry((6, 12, 15), (2.5, 0.5, 0.8))
TUMOUR = 2


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def annotation() -> Annotation:
    """Three steps, the last of them taken back: objects 1 and 2 are there, 3 can be redone."""
    annotation = Annotation(GRID)
    for z in range(3):
        annotation.draw({z: block(2, 3, 6 + z, 8)}, f"step {z}", label=TUMOUR)
    annotation.undo()
    return annotation


def test_every_move_is_told_before_it_is_made(annotation: Annotation) -> None:
    told: list[tuple[Way, str, int, int]] = []

    def listen(move: Move) -> None:
        assert annotation.state is move.before
        told.append((move.way, move.name, len(move.before.outlines), len(move.after.outlines)))

    annotation.ahead = listen
    annotation.redo()
    annotation.undo()
    annotation.remove(1)
    assert told == [
        (Way.REDO, "step 2", 2, 3),
        (Way.UNDO, "step 2", 3, 2),
        (Way.STEP, "delete on slice 1", 2, 1),
    ]


@pytest.mark.parametrize("act", ["draw", "undo", "redo", "add_label"])
def test_a_move_that_cannot_be_written_down_is_not_made(annotation: Annotation, act: str) -> None:
    def refuse(_: Move) -> None:
        raise WriteError("full")

    before, version, names = annotation.state, annotation.version, (annotation.undo_name, annotation.redo_name)
    annotation.ahead = refuse
    acts = {
        "draw": lambda: annotation.draw({4: block(1, 1, 3, 4)}, "new", label=TUMOUR),
        "undo": annotation.undo,
        "redo": annotation.redo,
        "add_label": lambda: annotation.add_label("cyst"),
    }
    with pytest.raises(WriteError, match="full"):
        acts[act]()
    assert annotation.state is before
    assert (annotation.version, annotation.next_id) == (version, 4)
    assert (annotation.undo_name, annotation.redo_name) == names


def test_an_annotation_recalled_from_its_trail_can_be_undone_and_redone_as_before(annotation: Annotation) -> None:
    again = Annotation(GRID)
    again.recall(*annotation.trail())
    assert again.state.outlines == annotation.state.outlines
    for step in (again.undo, again.undo, again.undo):
        step()
    assert not again.outlines
    assert [again.redo() for _ in range(4)] == ["step 0", "step 1", "step 2", ""]
    assert [finding.voxels for finding in again.findings] == [4 * 5, 5 * 5, 6 * 5]


def test_an_id_that_was_undone_is_not_given_again_after_recalling(annotation: Annotation) -> None:
    again = Annotation(GRID)
    again.recall(*annotation.trail())
    assert again.draw({5: block(0, 0, 1, 2)}, "new", label=TUMOUR) == 4


def test_a_trail_is_no_longer_than_what_can_be_undone() -> None:
    annotation = Annotation(GRID)
    for n in range(STEPS_KEPT + 3):
        annotation.draw({n % 6: block(2, 3, 6, 4 + n % 11)}, f"step {n}", label=TUMOUR)
    base, moves = annotation.trail()
    assert (len(base.outlines), len(moves)) == (3, STEPS_KEPT)


def test_who_knew_nothing_hears_of_every_slice_that_was_recalled(annotation: Annotation) -> None:
    again = Annotation(GRID)
    again.recall(annotation.state)
    assert again.changed_since(0) == {0, 1}
    assert again.undo_name == ""
