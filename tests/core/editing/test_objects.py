"""Objects that span several slices."""

import math

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.window import Window
from core.segmentation.prompt import Box, Point
from core.segmentation.segmenter import ModelCard

GRID = Grid.from_geometry((5, 6, 9), (4.0, 0.5, 1.5))
CARD = ModelCard("m", "M", Window(40, 400), False, 39.4, "Apache-2.0", "somewhere", "ab" * 32)


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


EMPTY = block(0, 0, 0, 0)


@pytest.fixture
def annotation() -> Annotation:
    """Object 1, tumour, on slices 1 (6 voxels) and 2 (4 voxels); object 2, liver, on slice 2."""
    annotation = Annotation(GRID)
    annotation.draw({2: block(1, 1, 3, 3), 1: block(1, 1, 3, 4)}, "first", label=2)
    annotation.draw({2: block(0, 0, 5, 8)}, "second", label=1)
    return annotation


def test_an_object_has_slices_voxels_and_millilitres(annotation: Annotation) -> None:
    first, second = annotation.findings
    assert (first.id, first.label, first.slices, first.voxels) == (1, 2, (1, 2), 10)
    assert first.volume_ml(GRID) == pytest.approx(10 * 4.0 * 0.5 * 1.5 / 1000)
    assert (second.id, second.label, second.slices) == (2, 1, (2,))


def test_millilitres_without_a_voxel_size_are_not_known(annotation: Annotation) -> None:
    assert math.isnan(annotation.findings[0].volume_ml(Grid.from_geometry(GRID.shape, has_spacing=False)))


def test_the_score_of_an_object_is_the_lowest_of_its_slices(annotation: Annotation) -> None:
    annotation.draw({0: block(1, 1, 2, 2)}, "box", identity=1, score=0.7, model=CARD)
    annotation.draw({3: block(1, 1, 2, 2)}, "box", identity=1, score=0.9, model=CARD)
    assert annotation.finding(1).score == 0.7
    assert math.isnan(annotation.finding(2).score)


def test_drawing_on_some_slices_leaves_the_others(annotation: Annotation) -> None:
    kept = annotation.find(1, 1)
    annotation.draw({2: block(4, 4, 5, 6), 3: block(4, 4, 5, 5)}, "paint", identity=1)
    assert annotation.finding(1).slices == (1, 2, 3)
    assert annotation.find(1, 1) is kept
    assert (annotation.find(1, 2).mask((6, 9)) == block(4, 4, 5, 6)).all()


def test_an_empty_mask_takes_an_object_off_a_slice_and_the_last_one_takes_it_away(annotation: Annotation) -> None:
    annotation.draw({1: EMPTY}, "erase", identity=1)
    assert annotation.finding(1).slices == (2,)
    annotation.draw({2: EMPTY}, "erase", identity=1)
    assert [finding.id for finding in annotation.findings] == [2]
    annotation.undo()
    annotation.undo()
    assert annotation.finding(1).slices == (1, 2)


def test_an_object_keeps_its_label_and_its_age_whatever_is_drawn_of_it(annotation: Annotation) -> None:
    annotation.draw({4: block(0, 0, 1, 2)}, "paint", identity=1, label=1)
    assert [(o.id, o.z, o.label) for o in annotation.outlines] == [(1, 1, 2), (1, 2, 2), (1, 4, 2), (2, 2, 1)]


def test_a_new_object_needs_a_label_and_a_voxel(annotation: Annotation) -> None:
    with pytest.raises(ValueError, match="label must be given"):
        annotation.draw({1: block(0, 0, 1, 1)}, "paint")
    with pytest.raises(PromptError, match="Nothing was found on slices 2–4"):
        annotation.draw({1: EMPTY, 3: EMPTY}, "paint", label=2)
    assert annotation.next_id == 3


def test_drawing_an_object_that_is_not_there_is_a_programmers_mistake(annotation: Annotation) -> None:
    with pytest.raises(KeyError):
        annotation.draw({1: block(0, 0, 1, 1)}, "paint", identity=7)


def test_what_changes_nothing_is_no_step(annotation: Annotation) -> None:
    version = annotation.version
    annotation.draw({2: block(1, 1, 3, 3), 4: EMPTY}, "paint", identity=1)
    assert (annotation.version, annotation.undo_name) == (version, "second")


def test_a_new_prompt_with_the_same_mask_is_a_step_that_changes_no_slice(annotation: Annotation) -> None:
    version = annotation.version
    annotation.draw({2: block(1, 1, 3, 3)}, "point", identity=1, points=(Point(2, 2),), model=CARD)
    assert annotation.find(1, 2).points == (Point(2, 2),)
    assert annotation.version > version
    assert annotation.changed_since(version) == frozenset()


def test_several_objects_are_drawn_in_one_step(annotation: Annotation) -> None:
    annotation.draw_many({1: {2: EMPTY}, 2: {2: block(0, 0, 1, 8)}}, "erase on slice 3")
    assert annotation.finding(1).slices == (1,)
    assert annotation.finding(2).voxels == 8
    assert annotation.undo() == "erase on slice 3"
    assert [finding.voxels for finding in annotation.findings] == [10, 40]


def test_a_hand_has_the_last_word_until_a_model_is_asked_again(annotation: Annotation) -> None:
    assert annotation.find(1, 1).by_hand
    annotation.draw({1: block(2, 2, 4, 4)}, "box", identity=1, box=Box(1, 1, 5, 5), score=0.8, model=CARD)
    assert not annotation.find(1, 1).by_hand
    annotation.draw({1: block(2, 2, 4, 5)}, "paint", identity=1)
    assert annotation.find(1, 1).by_hand
    assert annotation.find(1, 1).box == Box(1, 1, 5, 5)


def test_an_object_is_found_by_slice_or_on_its_lowest(annotation: Annotation) -> None:
    assert annotation.find(1).z == 1
    assert annotation.find(1, 2).z == 2
    with pytest.raises(KeyError):
        annotation.find(2, 1)


def test_one_slice_of_an_object_is_replaced_and_the_others_stay(annotation: Annotation) -> None:
    annotation.replace(1, block(0, 0, 4, 5), 2)
    assert [outline.voxels for outline in annotation.finding(1).outlines] == [6, 20]
    assert annotation.undo_name == "edit on slice 3"


def test_removing_and_relabelling_mean_the_whole_object(annotation: Annotation) -> None:
    annotation.relabel(1, 1)
    assert [outline.label for outline in annotation.outlines] == [1, 1, 1]
    assert annotation.undo_name == "label of object 1"
    annotation.remove(1)
    assert [outline.id for outline in annotation.outlines] == [2]
    assert annotation.undo_name == "delete object 1"


def test_removing_from_one_slice_leaves_the_rest_of_the_object(annotation: Annotation) -> None:
    annotation.remove(1, 2, z=2)
    assert [(o.id, o.z) for o in annotation.outlines] == [(1, 1)]
    assert annotation.undo_name == "delete on slice 3"


def test_the_map_of_objects_is_painted_like_the_labels(annotation: Annotation) -> None:
    ids = annotation.object_slice(2)
    assert ids.dtype == np.uint16
    assert (ids[1:3, 1:3] == 1).all(), "the tumour lies on the liver, though it is older"
    assert np.bincount(ids.ravel()).tolist() == [54 - 40, 4, 36]
    labels = {1: 2, 2: 1}
    assert all(
        annotation.label_slice(2)[ids == number].tolist() == [labels[number]] * (ids == number).sum()
        for number in labels
    )
    assert not annotation.object_slice(0).any()


def test_a_version_tells_which_slices_changed_since(annotation: Annotation) -> None:
    assert annotation.changed_since(0) == {1, 2}
    version = annotation.version
    assert annotation.changed_since(version) == frozenset()
    annotation.draw({2: block(1, 1, 3, 4), 4: block(0, 0, 1, 1)}, "paint", identity=1)
    assert annotation.version > version
    assert annotation.changed_since(version) == {2, 4}
    later = annotation.version
    annotation.undo()
    assert annotation.version > later
    assert annotation.changed_since(later) == {2, 4}
    annotation.redo()
    assert annotation.changed_since(later) == {2, 4}


def test_a_change_is_told_with_the_smallest_box_round_it(annotation: Annotation) -> None:
    version = annotation.version
    annotation.draw({2: block(1, 1, 3, 4), 4: block(2, 3, 4, 8)}, "paint", identity=1)
    assert annotation.touched_since(version) == {2: Box(1, 3, 3, 4), 4: Box(2, 3, 4, 8)}
    annotation.draw({2: block(1, 0, 3, 4)}, "paint", identity=1)
    assert annotation.touched_since(version)[2] == Box(1, 0, 3, 4)
    annotation.relabel(2, 2)
    assert annotation.touched_since(version)[2] == Box(0, 0, 5, 8)


def test_news_of_very_old_versions_are_joined_and_none_is_lost(annotation: Annotation) -> None:
    version = annotation.version
    annotation.draw({4: block(5, 8, 6, 9)}, "paint", identity=1)
    for k in range(1000):
        annotation.draw({3: block(0, 0, 1, 1 + k % 2)}, "paint", identity=1)
    told = annotation.touched_since(version)
    assert (told[3], told[4]) == (Box(0, 0, 1, 2), Box(5, 8, 6, 9))
    assert len(annotation._news) <= 400
    assert annotation.changed_since(annotation.version - 1) == {3}
