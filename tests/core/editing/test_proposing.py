"""What a model proposes: in no label map until it is accepted, and never over what a reader has drawn."""

import json

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.commands import from_json, perform
from core.editing.outline import Proposal
from core.editing.proposing import Found, Proposed, proposals, propose
from core.editing.record import prompts_json
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR, Source, Volume
from core.imaging.window import Window
from core.reporting.making import making_of
from core.segmentation.prompt import Box
from core.segmentation.segmenter import ModelCard
from core.workspace.changes import Change, figures, unpacked

GRID = Grid.from_geometry((5, 9, 14), (3.0, 0.7, 0.9))
VOLUME = Volume(np.zeros(GRID.shape, np.int16), GRID, Source("x", "NIfTI", GRID))
UNET = ModelCard("unet", "U-Net", Window(60, 200), False, 3.9, "research", "LiTS", "ab" * 32)


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], bool)
    mask[y0:y1, x0:x1] = True
    return mask


ORGAN = Found(LIVER, {z: block(1, 1, 8, 12) for z in range(4)}, 0.97)
SPOT = Found(TUMOUR, {1: block(2, 2, 5, 6), 2: block(2, 2, 5, 7)}, 0.81)
OTHER = Found(TUMOUR, {3: block(5, 8, 8, 11)}, 0.62)


def proposed(*found: Found) -> Annotation:
    annotation = Annotation(GRID)
    propose(annotation, found or (ORGAN, SPOT), UNET, UNET.window)
    return annotation


def do(annotation: Annotation, what: str, **fields: object) -> int | None:
    return perform(from_json({"do": what, **fields}), annotation, VOLUME)


def test_everything_found_is_one_step_and_in_no_label_map_until_it_is_accepted() -> None:
    annotation = proposed()
    assert [(f.id, f.label, f.score) for f in proposals(annotation)] == [(1, LIVER, 0.97), (2, TUMOUR, 0.81)]
    assert annotation.undo_name == "find liver and tumours"
    assert not annotation.label_map().voxels.any()
    assert annotation.object_slice(1)[3, 3] == 2  # but it is shown
    assert do(annotation, "accept", object=2) == 2
    assert (annotation.label_map().voxels == TUMOUR).sum() == 12 + 15
    assert [f.id for f in proposals(annotation)] == [1]
    annotation.undo()
    annotation.undo()
    assert annotation.outlines == ()


def test_all_are_accepted_or_deleted_in_one_step() -> None:
    annotation = proposed(ORGAN, SPOT, OTHER)
    do(annotation, "accept", object=1)
    do(annotation, "accept_all")
    assert annotation.undo_name == "accept 2 proposals"
    assert {o.proposal for o in annotation.outlines} == {Proposal.ACCEPTED}
    annotation.undo()
    do(annotation, "drop_all")
    assert [f.id for f in annotation.findings] == [1]
    for command in ("accept_all", "drop_all"):
        with pytest.raises(PromptError, match="There is no open proposal"):
            do(annotation, command)
    with pytest.raises(PromptError, match="Object 1 is no open proposal"):
        do(annotation, "accept", object=1)


def test_what_a_reader_has_drawn_stays_and_proposals_give_way_to_it() -> None:
    annotation = Annotation(GRID)
    drawn = annotation.add(2, block(2, 2, 4, 5), TUMOUR)  # 6 of 15 voxels of the spot on that slice, 6 of 27 in all
    told = propose(annotation, (ORGAN, SPOT), UNET, None)
    assert told == Proposed((2, 3), 0)
    assert annotation.find(drawn.id) is drawn
    assert annotation.find(2, 2).voxels == 7 * 11  # a liver lies under tumours
    assert annotation.find(3, 2).voxels == 9
    assert not (annotation.find(3, 2).mask(GRID.shape[1:]) & block(2, 2, 4, 5)).any()


def test_what_is_drawn_by_half_or_more_is_not_proposed_again() -> None:
    annotation = proposed()
    do(annotation, "accept_all")
    before = annotation.state
    assert propose(annotation, (ORGAN, SPOT), UNET, None) == Proposed((), 2)
    assert annotation.state is before
    larger = Found(TUMOUR, {1: block(2, 2, 5, 10)}, 0.7)  # 12 of 24 voxels are drawn
    assert propose(annotation, (larger,), UNET, None).there == 1


def test_a_new_search_replaces_proposals_that_nobody_touched() -> None:
    annotation = proposed()
    do(annotation, "polygon", object=2, label=TUMOUR, z=1, vertices=[[2, 2], [2, 9], [6, 9], [6, 2]])
    assert annotation.finding(2).is_proposed
    told = propose(annotation, (OTHER,), UNET, None)
    assert [f.id for f in annotation.findings] == [2, *told.objects]
    annotation.undo()
    assert [f.id for f in annotation.findings] == [1, 2]


def test_a_slice_added_to_a_proposal_waits_with_it() -> None:
    annotation = proposed()
    do(annotation, "copy", object=2, z=2, to=3)
    assert annotation.find(2, 3).proposal is Proposal.OPEN
    assert not annotation.label_map().voxels.any()
    do(annotation, "accept", object=2)
    assert (annotation.label_map().voxels[3] == TUMOUR).sum() == 15


def test_an_answer_to_a_box_is_no_longer_what_was_found() -> None:
    annotation = proposed()
    do(annotation, "accept", object=2)
    lite = ModelCard("lite", "Lite", Window(40, 400), False, 39.4, "Apache-2.0", "x", "cd" * 32)
    annotation.draw({1: block(2, 2, 6, 6)}, "box on slice 2", identity=2, box=Box(1, 1, 7, 7), model=lite, score=0.9)
    assert annotation.find(2, 1).proposal is Proposal.NONE
    assert annotation.find(2, 2).proposal is Proposal.ACCEPTED


def test_proposals_come_back_from_the_journal_and_count_once_they_are_accepted() -> None:
    empty, annotation = Annotation(GRID).state, proposed()
    do(annotation, "accept", object=2)
    back = unpacked(Change.between(empty, annotation.state).packed()).applied(empty)
    assert [o.proposal for o in back.outlines] == [Proposal.OPEN] * 4 + [Proposal.ACCEPTED] * 2
    assert figures(back) == (1, 27, 27)


def test_a_record_names_the_model_that_found_what_was_accepted_and_leaves_out_the_rest() -> None:
    annotation = proposed(ORGAN, SPOT, OTHER)
    do(annotation, "accept", object=2)
    do(annotation, "paint", object=2, label=TUMOUR, points=[[1, 3, 3], [1, 3, 8]], radius_mm=1)
    text = prompts_json(annotation, VOLUME)
    assert [item["id"] for item in json.loads(text)["objects"]] == [2]
    making = making_of(text)
    assert (making.objects, making.found, making.answered, making.changed, making.drawn) == (1, 2, 1, 1, 0)
    assert [(model.name, model.sha256) for model in making.models] == [("unet", "ab" * 32)]
