"""While an object is worked on elsewhere nobody changes it, whichever way they try; all others stay free."""

from collections.abc import Callable

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.commands import from_json, perform
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume

GRID = Grid.from_geometry((3, 6, 9), (4.0, 0.75, 0.5))
WHY = "Object 1 is being carried. Wait."


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def annotation() -> Annotation:
    """Objects 1 and 2, side by side on slice 2; object 1 is held."""
    annotation = Annotation(GRID)
    annotation.add(1, block(0, 0, 4, 3), 2)
    annotation.add(1, block(0, 5, 4, 8), 2)
    annotation.hold(1, WHY)
    return annotation


def erase_everywhere(annotation: Annotation) -> None:
    command = {"do": "paint", "object": None, "label": 2, "points": [[1, 2, 2]], "radius_mm": 1, "erase": True}
    perform(from_json(command), annotation, Volume(np.zeros(GRID.shape, np.int16), GRID, Source("", "", GRID)))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.draw({1: block(1, 1, 2, 3)}, "paint", identity=1),
        lambda a: a.remove(1),
        lambda a: a.remove(2, 1),
        lambda a: a.relabel(1, 1),
        erase_everywhere,
    ],
)
def test_an_object_that_is_held_is_not_changed(annotation: Annotation, change: Callable[[Annotation], None]) -> None:
    before, version = annotation.outlines, annotation.version
    with pytest.raises(PromptError, match=WHY):
        change(annotation)
    assert annotation.outlines is before
    assert annotation.version == version


def test_other_objects_and_labels_are_free(annotation: Annotation) -> None:
    annotation.draw({2: block(1, 5, 3, 8)}, "paint", identity=2)
    annotation.add_label("cyst")
    annotation.remove(2)
    assert [finding.id for finding in annotation.findings] == [1]


def test_undo_goes_back_to_where_the_object_would_change_and_no_further(annotation: Annotation) -> None:
    assert annotation.undo() == "object on slice 2"  # object 2
    with pytest.raises(PromptError, match=WHY):
        annotation.undo()
    assert [finding.id for finding in annotation.findings] == [1]
    annotation.redo()
    assert [finding.id for finding in annotation.findings] == [1, 2]


def test_once_released_it_can_be_undone(annotation: Annotation) -> None:
    annotation.release(1)
    annotation.undo()
    annotation.undo()
    assert not annotation.outlines
    annotation.hold(1, WHY)
    with pytest.raises(PromptError, match=WHY):
        annotation.redo()
    assert annotation.redo_name == "object on slice 2"
