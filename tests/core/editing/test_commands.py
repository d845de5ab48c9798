"""Edits as the browser asks for them."""

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.editing.annotation import Annotation
from core.editing.commands import KINDS, from_json, perform
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Source, Volume
from core.imaging.window import Window
from core.segmentation.segmenter import ModelCard

GRID = Grid.from_geometry((6, 12, 15), (2.5, 0.5, 0.8))
LIVER, TUMOUR = 1, 2


def volume(has_spacing: bool = True, intensity: Intensity = Intensity.HU) -> Volume:
    """Values rise by 10 from column to column, from -50."""
    grid = Grid.from_geometry(GRID.shape, GRID.spacing, has_spacing=has_spacing)
    hu = np.broadcast_to(np.arange(15, dtype=np.int16) * 10 - 50, GRID.shape)
    return Volume(hu, grid, Source("case", "sample", grid), intensity)


def block(y0: int, x0: int, y1: int, x1: int) -> np.ndarray:
    mask = np.zeros(GRID.shape[1:], dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def annotation() -> Annotation:
    """Object 1, tumour, 4 × 5 voxels on slices 1 and 2; object 2, tumour, 3 × 2 voxels on slice 2."""
    annotation = Annotation(GRID)
    annotation.draw({1: block(2, 3, 6, 8), 2: block(2, 3, 6, 8)}, "first", label=TUMOUR)
    annotation.draw({2: block(8, 10, 11, 12)}, "second", label=TUMOUR)
    return annotation


def do(annotation: Annotation, **asked: Any) -> int | None:
    return perform(from_json(json.loads(json.dumps(asked))), annotation, volume())


def paint(annotation: Annotation, *points: tuple[float, float, float], **asked: Any) -> int | None:
    wanted = {"do": "paint", "object": 1, "label": TUMOUR, "points": points, "radius_mm": 0.1}
    return do(annotation, **(wanted | asked))


def places(annotation: Annotation, identity: int) -> list[list[int]]:
    return [[o.z, *place] for o in annotation.finding(identity).outlines for place in np.argwhere(o.mask((12, 15)))]


def test_painting_without_an_object_makes_one_of_the_label_asked_for(annotation: Annotation) -> None:
    assert paint(annotation, (4, 1, 1), (4, 1, 3), object=None, label=LIVER) == 3
    assert annotation.finding(3).label == LIVER
    assert places(annotation, 3) == [[4, 1, 1], [4, 1, 2], [4, 1, 3]]
    assert annotation.undo_name == "paint on slice 5"


def test_painting_adds_to_an_object_on_the_slices_of_the_brush(annotation: Annotation) -> None:
    assert paint(annotation, (1, 9, 9), (3, 9, 9), ball=True) == 1
    assert annotation.finding(1).slices == (1, 2, 3)
    assert [outline.voxels for outline in annotation.finding(1).outlines] == [21, 21, 1]
    assert annotation.undo_name == "paint on slices 2–4"


def test_painting_what_is_painted_is_no_step_and_no_mistake(annotation: Annotation) -> None:
    assert paint(annotation, (1, 3, 4)) == 1
    assert annotation.undo_name == "second"


def test_what_is_painted_is_seen_for_a_newer_object_gives_way(annotation: Annotation) -> None:
    paint(annotation, (2, 8, 10), (2, 8, 11))
    assert (annotation.object_slice(2)[8, 10:12] == 1).all()
    assert annotation.finding(2).voxels == 4
    annotation.undo()
    assert annotation.finding(2).voxels == 6


def test_painting_over_an_older_object_leaves_it_as_it_is_underneath(annotation: Annotation) -> None:
    paint(annotation, (2, 3, 4), object=2)
    assert annotation.object_slice(2)[3, 4] == 2
    assert annotation.finding(1).voxels == 40


def test_painting_liver_takes_nothing_from_a_tumour(annotation: Annotation) -> None:
    annotation.relabel(1, LIVER)
    paint(annotation, (2, 8, 10))
    assert annotation.finding(2).voxels == 6
    assert annotation.label_slice(2)[8, 10] == TUMOUR


def test_a_brush_of_a_range_paints_only_values_within_it(annotation: Annotation) -> None:
    """Columns 4 to 7 hold -10 to 20 HU."""
    paint(annotation, (4, 1, 0), (4, 1, 14), object=None, hu=[-10, 20])
    assert places(annotation, 3) == [[4, 1, x] for x in (4, 5, 6, 7)]


def test_a_brush_of_a_range_that_finds_nothing_says_the_range(annotation: Annotation) -> None:
    with pytest.raises(PromptError, match="lies between 500 and 600 HU"):
        paint(annotation, (4, 1, 0), hu=[500, 600])
    arbitrary = from_json(
        {"do": "paint", "object": 1, "label": 2, "points": [[4, 1, 0]], "radius_mm": 1, "hu": [5e3, 6e3]}
    )
    with pytest.raises(PromptError, match=r"between 5000 and 6000\. Widen"):
        perform(arbitrary, annotation, volume(intensity=Intensity.ARBITRARY))


def test_the_eraser_takes_from_its_object_alone(annotation: Annotation) -> None:
    annotation.draw({2: block(2, 3, 6, 8)}, "third", label=TUMOUR)
    assert paint(annotation, (2, 3, 4), erase=True) == 1
    assert (annotation.finding(1).voxels, annotation.finding(3).voxels) == (39, 20)
    assert annotation.undo_name == "erase on slice 3"


def test_the_eraser_without_an_object_takes_from_all_in_one_step(annotation: Annotation) -> None:
    assert paint(annotation, (2, 3, 4), (2, 9, 10), object=None, erase=True) is None
    assert annotation.finding(1).voxels < 40
    assert annotation.finding(2).voxels < 6
    annotation.undo()
    assert [finding.voxels for finding in annotation.findings] == [40, 6]


def test_an_object_erased_as_a_whole_is_gone(annotation: Annotation) -> None:
    assert paint(annotation, (2, 9, 11), object=2, radius_mm=5, erase=True) is None
    assert [finding.id for finding in annotation.findings] == [1]


def test_erasing_names_only_the_slices_on_which_something_went(annotation: Annotation) -> None:
    paint(annotation, (0, 3, 4), (5, 3, 4), ball=True, erase=True)
    assert annotation.undo_name == "erase on slices 2–3"


@pytest.mark.parametrize(("identity", "words"), [(None, "Nothing lies under"), (2, "Nothing of object 2 lies under")])
def test_erasing_where_nothing_is_says_so(annotation: Annotation, identity: int | None, words: str) -> None:
    with pytest.raises(PromptError, match=words):
        paint(annotation, (2, 0, 0), object=identity, erase=True)
    assert annotation.undo_name == "second"


def test_a_polygon_is_filled_and_cut_out(annotation: Annotation) -> None:
    corners = [[0.5, 0.5], [0.5, 3.5], [3.5, 3.5], [3.5, 0.5]]
    do(annotation, do="polygon", object=None, label=LIVER, z=4, vertices=corners, erase=False)
    assert annotation.finding(3).voxels == 9
    assert annotation.undo_name == "polygon on slice 5"
    do(annotation, do="polygon", object=1, label=LIVER, z=1, vertices=corners, erase=True)
    assert annotation.find(1, 1).voxels == 20 - 2
    assert annotation.undo_name == "erase polygon on slice 2"


def test_a_polygon_between_voxel_centres_is_too_small(annotation: Annotation) -> None:
    with pytest.raises(PromptError, match="too small to hold a voxel"):
        do(annotation, do="polygon", object=1, label=2, z=4, vertices=[[1.2, 1.2], [1.2, 1.8], [1.8, 1.5]])


def test_holes_islands_and_edges_are_mended_by_name(annotation: Annotation) -> None:
    paint(annotation, (1, 3, 4), erase=True)
    assert do(annotation, do="fill_holes", object=1) == 1
    assert (annotation.undo_name, annotation.finding(1).voxels) == ("fill holes of object 1", 40)
    paint(annotation, (1, 11, 14))
    do(annotation, do="remove_small", object=1, mm3=1.5)
    assert (annotation.undo_name, annotation.finding(1).voxels) == ("remove islands of object 1 under 1.5 mm³", 40)
    paint(annotation, (4, 11, 14))
    do(annotation, do="keep_largest", object=1)
    assert (annotation.undo_name, annotation.finding(1).slices) == ("keep largest island of object 1", (1, 2))
    do(annotation, do="grow", object=1, mm=0.5)
    assert (annotation.undo_name, annotation.finding(1).voxels) == ("grow object 1 by 0.5 mm", 60)
    do(annotation, do="grow", object=1, mm=-0.5)
    assert (annotation.undo_name, annotation.finding(1).voxels) == ("shrink object 1 by 0.5 mm", 40)
    paint(annotation, (1, 3, 8), (1, 3, 13))
    do(annotation, do="smooth", object=1, mm=0.7)
    assert annotation.undo_name == "smooth object 1 by 0.7 mm"
    assert not annotation.find(1, 1).mask((12, 15))[3, 12:].any()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"do": "fill_holes"}, "Object 1 has no holes"),
        ({"do": "keep_largest"}, "Object 1 is in one piece"),
        ({"do": "tidy", "mm": 1}, "Object 1 is tidy already. Slices that were shaped by hand are left alone"),
        ({"do": "remove_small", "mm3": 3}, "No island of object 1 is smaller than 3 mm³"),
        ({"do": "remove_small", "mm3": 3000}, "Nothing of object 1 would be left"),
        ({"do": "grow", "mm": 0.3}, "No voxel lies within 0.3 mm of the edge"),
        ({"do": "grow", "mm": -9}, "Nothing of object 1 would be left"),
        ({"do": "interpolate"}, "Object 1 has no gap to fill"),
        ({"do": "copy", "z": 2, "to": 6}, "There is no slice 7 to copy to: the volume has 6"),
        ({"do": "copy", "z": 4, "to": 3}, "Object 1 is not on slice 5"),
        ({"do": "delete_slice", "z": 4}, "Object 1 is not on slice 5"),
        ({"do": "relabel", "label": 9}, "label chosen is no longer there"),
        ({"do": "redo"}, "nothing to redo"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_no_step(annotation: Annotation, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(PromptError, match=words):
        do(annotation, **({"object": 1} if asked["do"] != "redo" else {}), **asked)
    assert annotation.undo_name == "second"


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in ("accept_all", "drop_all", "add_label", "undo", "redo")]
)
def test_an_object_that_is_gone_is_a_users_mistake(annotation: Annotation, kind: str) -> None:
    annotation.remove(2)
    fields = {
        "paint": {"label": 2, "points": [[1, 1, 1]], "radius_mm": 1},
        "polygon": {"label": 2, "z": 1, "vertices": [[0, 0], [5, 0], [5, 5]]},
        "remove_small": {"mm3": 1},
        "smooth": {"mm": 1},
        "tidy": {"mm": 1},
        "grow": {"mm": 1},
        "copy": {"z": 1, "to": 2},
        "delete_slice": {"z": 2},
        "relabel": {"label": 1},
    }
    with pytest.raises(PromptError, match="Object 2 is no longer there"):
        do(annotation, do=kind, object=2, **fields.get(kind, {}))


def test_tidying_mends_what_a_model_made_and_leaves_the_hands_slices(annotation: Annotation) -> None:
    rough = block(2, 3, 8, 10) & ~block(4, 6, 5, 7) | block(10, 13, 11, 14)  # a hole, and a speck
    card = ModelCard("lite", "Lite", Window(40, 400), False, 39.4, "", "", "lite")
    annotation.draw({2: rough, 3: rough}, "made", identity=1, model=card, score=0.8)
    annotation.draw({4: rough}, "made", identity=1)
    assert do(annotation, do="tidy", object=1, mm=0.1) == 1
    assert annotation.undo_name == "tidy object 1"
    tidied, own = annotation.find(1, 3), annotation.find(1, 4)
    assert (tidied.mask((12, 15)) == block(2, 3, 8, 10)).all()
    assert (tidied.model, tidied.score, tidied.by_hand) == (card, 0.8, False)
    assert (own.mask((12, 15)) == rough).all()


def test_slices_in_between_are_interpolated(annotation: Annotation) -> None:
    do(annotation, do="copy", object=1, z=2, to=5)
    assert do(annotation, do="interpolate", object=1) == 1
    assert annotation.finding(1).slices == (1, 2, 3, 4, 5)
    assert [outline.voxels for outline in annotation.finding(1).outlines] == [20] * 5
    assert annotation.undo_name == "interpolate object 1 on slices 4–5"


def test_a_copy_takes_the_place_of_what_was_there(annotation: Annotation) -> None:
    annotation.draw({3: block(0, 0, 1, 1)}, "paint", identity=1)
    assert do(annotation, do="copy", object=1, z=2, to=3) == 1
    assert (annotation.find(1, 3).mask((12, 15)) == block(2, 3, 6, 8)).all()
    assert annotation.undo_name == "copy to slice 4"


def test_objects_are_deleted_as_a_whole_or_from_a_slice_and_relabelled(annotation: Annotation) -> None:
    assert do(annotation, do="relabel", object=1, label=LIVER) == 1
    assert annotation.finding(1).label == LIVER
    assert do(annotation, do="delete_slice", object=1, z=1) == 1
    assert do(annotation, do="delete_slice", object=1, z=2) is None
    assert do(annotation, do="delete", object=2) is None
    assert not annotation.findings


def test_a_label_is_added_and_taken_back(annotation: Annotation) -> None:
    do(annotation, do="add_label", name="cyst")
    assert [label.name for label in annotation.labels] == ["liver", "tumour", "cyst"]
    do(annotation, do="undo")
    assert len(annotation.labels) == 2


def test_undo_and_redo_return_the_object_that_they_changed(annotation: Annotation) -> None:
    paint(annotation, (4, 1, 1))
    assert do(annotation, do="undo") == 1
    assert do(annotation, do="redo") == 1
    do(annotation, do="undo")
    assert do(annotation, do="undo") is None, "object 2 is gone"
    assert do(annotation, do="undo") is None
    with pytest.raises(PromptError, match="nothing to undo"):
        do(annotation, do="undo")


def test_without_voxel_size_steps_count_voxels(annotation: Annotation) -> None:
    unknown = volume(has_spacing=False)
    bare = Annotation(unknown.grid)
    bare.draw({2: block(2, 3, 6, 8)}, "first", label=TUMOUR)
    perform(from_json({"do": "grow", "object": 1, "mm": 1}), bare, unknown)
    assert bare.undo_name == "grow object 1 by 1 voxels"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "do must be one of"),
        ({"do": "explode"}, "do must be one of"),
        ({"do": 3}, "do must be one of"),
        ({"do": "delete"}, "missing"),
        ({"do": "delete", "object": 1, "z": 3}, "unknown"),
        ({"do": "delete", "object": "1"}, "object: a whole number"),
        ({"do": "delete", "object": True}, "object: a whole number"),
        ({"do": "delete", "object": 1.0}, "object: a whole number"),
        ({"do": "grow", "object": 1, "mm": 0}, "mm: a number in"),
        ({"do": "grow", "object": 1, "mm": 51}, "mm: a number in"),
        ({"do": "grow", "object": 1, "mm": float("nan")}, "mm: a number was expected"),
        ({"do": "smooth", "object": 1, "mm": -1}, "mm: a number in"),
        ({"do": "add_label", "name": 3}, "name: text"),
        ({"do": "polygon", "object": 1, "label": 2, "z": 1, "vertices": []}, "vertices: a list"),
        ({"do": "polygon", "object": 1, "label": 2, "z": 1, "vertices": [[1, 2, 3]]}, "vertices: 2 numbers"),
        ({"do": "polygon", "object": 1, "label": 2, "z": 1, "vertices": [[1, 2]], "erase": 1}, "erase: true or"),
        ({"do": "paint", "object": 1, "label": 2, "points": [[1, 2, 1e9]], "radius_mm": 1}, "points: a number up to"),
        ({"do": "paint", "object": 1, "label": 2, "points": [[1, 2, 3]], "radius_mm": 0}, "radius_mm"),
        ({"do": "paint", "object": 1, "label": 2, "points": [[1, 2, 3]], "radius_mm": 1, "hu": [1]}, "hu: 2 numbers"),
    ],
)
def test_what_no_viewer_sends_is_refused_by_name(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_json(asked)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("object", "label", "points", "radius_mm", "ball", "erase", "hu", "z", "to", "vertices", "mm", "mm3", "name")


@settings(deadline=None, max_examples=300)
@given(JUNK | st.fixed_dictionaries({"do": st.sampled_from(list(KINDS))}, optional=dict.fromkeys(NAMES, JUNK)))
def test_junk_is_a_command_or_a_value_error(asked: Any) -> None:
    with contextlib.suppress(ValueError):
        assert type(from_json(asked)) in KINDS.values()


IDS, LAYERS = st.integers(1, 4), st.integers(0, 5)
PLACE = st.tuples(st.floats(-1, 6), st.floats(-2, 13), st.floats(-2, 16))
ASKED = st.one_of(
    st.fixed_dictionaries(
        {
            "do": st.just("paint"),
            "object": st.none() | IDS,
            "label": st.integers(1, 3),
            "points": st.lists(PLACE, min_size=1, max_size=3),
            "radius_mm": st.floats(0.1, 4),
            "ball": st.booleans(),
            "erase": st.booleans(),
            "hu": st.none() | st.just([-20, 40]),
        }
    ),
    st.fixed_dictionaries(
        {
            "do": st.just("polygon"),
            "object": st.none() | IDS,
            "label": st.integers(1, 3),
            "z": LAYERS,
            "vertices": st.lists(PLACE.map(lambda place: place[1:]), min_size=2, max_size=5),
            "erase": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {"do": st.sampled_from(["fill_holes", "keep_largest", "interpolate", "delete"]), "object": IDS}
    ),
    st.fixed_dictionaries({"do": st.just("remove_small"), "object": IDS, "mm3": st.floats(0.1, 9)}),
    st.fixed_dictionaries({"do": st.sampled_from(["smooth", "tidy"]), "object": IDS, "mm": st.floats(0.1, 3)}),
    st.fixed_dictionaries({"do": st.just("grow"), "object": IDS, "mm": st.floats(0.1, 3) | st.floats(-3, -0.1)}),
    st.fixed_dictionaries({"do": st.just("copy"), "object": IDS, "z": LAYERS, "to": st.integers(-1, 7)}),
    st.fixed_dictionaries({"do": st.just("delete_slice"), "object": IDS, "z": LAYERS}),
    st.fixed_dictionaries({"do": st.just("relabel"), "object": IDS, "label": st.integers(1, 3)}),
    st.fixed_dictionaries({"do": st.just("add_label"), "name": st.sampled_from(["cyst", "vein"])}),
)


def whole(annotation: Annotation) -> list[Any]:
    return [annotation.labels, [(o.id, o.z, o.label, o.frame, o.bits.tobytes()) for o in annotation.outlines]]


@settings(deadline=None, max_examples=200)
@given(st.lists(ASKED, min_size=1, max_size=8))
def test_every_command_is_at_most_one_step_that_undo_takes_back_exactly(asked: list[dict[str, Any]]) -> None:
    annotation = Annotation(GRID)
    annotation.draw({1: block(2, 3, 6, 8), 4: block(1, 4, 6, 9)}, "first", label=TUMOUR)
    for one in asked:
        before, version = whole(annotation), annotation.version
        active = None
        with contextlib.suppress(PromptError):
            active = do(annotation, **one)
        assert annotation.version - version in (0, 1)
        assert active is None or annotation.finding(active)
        if annotation.version == version:
            assert whole(annotation) == before
        else:
            after = whole(annotation)
            do(annotation, do="undo")
            assert whole(annotation) == before
            do(annotation, do="redo")
            assert whole(annotation) == after
