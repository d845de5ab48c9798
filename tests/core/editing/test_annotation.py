import math

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.window import Window
from core.segmentation.prompt import Box
from core.segmentation.segmenter import ModelCard

GRID = Grid.from_geometry((5, 6, 9), (4.0, 0.5, 1.5))

CARD = ModelCard("m", "M", Window(40, 400), False, 39.4, "Apache-2.0", "somewhere", "ab" * 32)


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def annotation() -> Annotation:
    return Annotation(GRID)


def test_an_outline_gives_back_the_mask_it_was_made_of(annotation: Annotation) -> None:
    mask = np.random.default_rng(1).random(GRID.shape[1:]) > 0.6
    outline = annotation.add(3, mask, 2)
    assert (outline.mask(GRID.shape[1:]) == mask).all()
    assert outline.voxels == mask.sum()


def test_the_frame_is_the_smallest_half_open_box(annotation: Annotation) -> None:
    assert annotation.add(0, block(1, 2, 4, 8), 1).frame == Box(1, 2, 4, 8)


def test_an_outline_takes_one_bit_per_pixel_of_its_frame() -> None:
    wide = Annotation(Grid.from_geometry((3, 512, 640)))
    mask = np.zeros((512, 640), dtype=bool)
    mask[100:180, 200:240] = True
    assert wide.add(0, mask, 2).bits.nbytes == 80 * 40 / 8


def test_an_outline_remembers_how_it_was_made(annotation: Annotation) -> None:
    made = annotation.add(2, block(1, 1, 3, 3), 2, box=Box(0, 0, 4, 4), score=0.8, model=CARD, window=Window(40, 400))
    assert (made.box, made.score, made.model, made.window) == (Box(0, 0, 4, 4), 0.8, CARD, Window(40, 400))


def test_area_counts_rows_and_columns_of_unequal_pixels(annotation: Annotation) -> None:
    assert annotation.area_mm2(annotation.add(0, block(1, 2, 4, 8), 1)) == pytest.approx(3 * 0.5 * 6 * 1.5)


def test_area_without_voxel_size_is_nan() -> None:
    annotation = Annotation(Grid.from_geometry((2, 3, 4), has_spacing=False))
    assert math.isnan(annotation.area_mm2(annotation.add(0, np.ones((3, 4), dtype=bool), 1)))


def test_the_tumour_lies_on_the_liver_whichever_was_drawn_first(annotation: Annotation) -> None:
    annotation.add(1, block(2, 3, 4, 5), 2)
    annotation.add(1, block(1, 1, 5, 8), 1)
    labels = annotation.label_slice(1)
    assert (labels[2:4, 3:5] == 2).all()
    assert (labels == 1).sum() == 4 * 7 - 4


def test_of_two_other_objects_the_later_lies_on_top(annotation: Annotation) -> None:
    own = annotation.add_label("cyst").value
    annotation.add(1, block(1, 1, 4, 4), 2)
    annotation.add(1, block(3, 3, 5, 6), own)
    assert annotation.label_slice(1)[3, 3] == own


def test_the_label_map_holds_every_slice(annotation: Annotation) -> None:
    annotation.add(4, block(0, 0, 1, 1), 2)
    annotation.add(1, block(5, 8, 6, 9), 1)
    voxels = annotation.label_map().voxels
    assert np.argwhere(voxels).tolist() == [[1, 5, 8], [4, 0, 0]]
    assert (voxels[4] == annotation.label_slice(4)).all()
    assert annotation.slices_with_objects() == (1, 4)


def test_undo_names_the_step_and_counts_slices_from_1(annotation: Annotation) -> None:
    assert annotation.undo_name == ""
    annotation.add(3, block(0, 0, 2, 2), 2, box=Box(0, 0, 3, 3))
    assert annotation.undo_name == "box on slice 4"
    assert annotation.undo() == "box on slice 4"
    assert (len(annotation), annotation.undo_name, annotation.redo_name) == (0, "", "box on slice 4")


def test_every_kind_of_step_can_be_undone_and_redone(annotation: Annotation) -> None:
    first = annotation.add(0, block(0, 0, 2, 2), 1)
    steps = [
        lambda: annotation.add(1, block(0, 0, 1, 3), 2),
        lambda: annotation.relabel(first.id, 2),
        lambda: annotation.replace(first.id, block(1, 1, 4, 5)),
        lambda: annotation.add_label("cyst"),
        lambda: annotation.remove(first.id),
    ]
    states = [(annotation.label_map().voxels, annotation.labels)]
    for step in steps:
        step()
        states.append((annotation.label_map().voxels, annotation.labels))
    for voxels, labels in reversed(states[:-1]):
        assert annotation.undo() != ""
        assert (annotation.label_map().voxels == voxels).all()
        assert annotation.labels == labels
    for voxels, labels in states[1:]:
        assert annotation.redo() != ""
        assert (annotation.label_map().voxels == voxels).all()
        assert annotation.labels == labels


def test_a_new_step_forgets_what_was_undone(annotation: Annotation) -> None:
    annotation.add(0, block(0, 0, 2, 2), 1)
    annotation.undo()
    annotation.add(1, block(0, 0, 2, 2), 1)
    assert annotation.redo_name == ""
    assert annotation.redo() == ""


def test_at_least_fifty_steps_can_be_undone(annotation: Annotation) -> None:
    for _ in range(60):
        annotation.add(0, block(0, 0, 2, 2), 1)
    assert sum(bool(annotation.undo()) for _ in range(60)) >= 50


def test_history_does_not_grow_for_ever(annotation: Annotation) -> None:
    outline = annotation.add(0, block(0, 0, 2, 2), 1)
    for k in range(500):
        annotation.relabel(outline.id, 1 + (k + 1) % 2)
    undone = 0
    while annotation.undo():
        undone += 1
    assert undone < 300


def test_an_id_is_never_used_again(annotation: Annotation) -> None:
    first = annotation.add(0, block(0, 0, 2, 2), 1)
    annotation.remove(first.id)
    assert annotation.add(0, block(0, 0, 2, 2), 1).id != first.id


def test_replacing_a_shape_keeps_the_rest(annotation: Annotation) -> None:
    old = annotation.add(2, block(0, 0, 2, 2), 2, box=Box(0, 0, 3, 3), score=0.4, model=CARD)
    annotation.replace(old.id, block(1, 1, 4, 4), score=0.9)
    new = annotation.find(old.id)
    assert (new.box, new.score, new.model, new.voxels) == (Box(0, 0, 3, 3), 0.9, CARD, 9)
    assert annotation.undo_name == "edit on slice 3"


def test_giving_an_object_the_label_it_has_is_no_step(annotation: Annotation) -> None:
    outline = annotation.add(2, block(0, 0, 2, 2), 2)
    annotation.relabel(outline.id, 2)
    assert annotation.undo_name == "object on slice 3"


def test_several_objects_can_be_removed_in_one_step(annotation: Annotation) -> None:
    ids = [annotation.add(2, block(k, 0, k + 1, 2), 2).id for k in range(3)]
    annotation.remove(*ids[:2])
    assert [outline.id for outline in annotation.outlines] == ids[2:]
    annotation.undo()
    assert [outline.id for outline in annotation.outlines] == ids


def test_an_empty_mask_asks_for_a_larger_box(annotation: Annotation) -> None:
    with pytest.raises(PromptError, match="Nothing was found in the box on slice 4"):
        annotation.add(3, block(0, 0, 0, 0), 2, box=Box(0, 0, 3, 4))
    assert annotation.undo_name == ""


@pytest.mark.parametrize(("z", "label", "words"), [(5, 1, "z must lie in 0..4"), (-1, 1, "z must"), (0, 9, "label")])
def test_a_slice_or_label_that_is_not_there_is_a_programmers_mistake(
    annotation: Annotation, z: int, label: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        annotation.add(z, block(0, 0, 2, 2), label)


def test_a_transposed_mask_is_a_programmers_mistake(annotation: Annotation) -> None:
    with pytest.raises(ValueError, match=r"\(6, 9\)"):
        annotation.add(0, block(0, 0, 2, 2).T, 1)
