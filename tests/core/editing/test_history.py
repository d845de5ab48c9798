"""Undo and redo restore exactly, and what changed is told, whatever was done."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.editing.annotation import Annotation
from core.errors import PromptError
from core.imaging.grid import Grid

GRID = Grid.from_geometry((4, 5, 7), (3.0, 0.5, 1.5))
MASKS = st.integers(0, 2**35 - 1).map(
    lambda bits: np.array([bits >> k & 1 for k in range(35)], dtype=bool).reshape(GRID.shape[1:])
)
LAYERS = st.dictionaries(st.integers(0, 3), MASKS, min_size=1, max_size=3)
IDENTITY = st.integers(1, 6)
Change = Callable[[Annotation], Any]

EDITS = st.one_of(
    st.builds(lambda masks, label: lambda a: a.draw(masks, "new", label=label), LAYERS, st.integers(1, 2)),
    st.builds(lambda masks, n: lambda a: a.draw(masks, "draw", identity=n), LAYERS, IDENTITY),
    st.builds(
        lambda n, m, one, two: lambda a: a.draw_many({n: one, m: two}, "many"), IDENTITY, IDENTITY, LAYERS, LAYERS
    ),
    st.builds(lambda n, label: lambda a: a.relabel(n, label), IDENTITY, st.integers(1, 2)),
    st.builds(lambda n, z: lambda a: a.remove(n, z=z), IDENTITY, st.none() | st.integers(0, 3)),
    st.builds(lambda name: lambda a: a.add_label(name), st.sampled_from(["cyst", "vein", "duct"])),
)
CHANGES = st.one_of(EDITS, st.just(Annotation.undo), st.just(Annotation.redo))


def attempt(change: Change, annotation: Annotation) -> None:
    """Do it, unless it names what is not there."""
    with contextlib.suppress(KeyError, PromptError):
        change(annotation)


def seen(annotation: Annotation) -> list[np.ndarray]:
    """All that a reader sees, slice by slice: ids above labels."""
    return [np.stack([annotation.object_slice(z), annotation.label_slice(z)]) for z in range(GRID.shape[0])]


def whole(annotation: Annotation) -> list[Any]:
    return [annotation.labels, [(o.id, o.z, o.label, o.frame, o.bits.tobytes()) for o in annotation.outlines]]


@settings(deadline=None, max_examples=150)
@given(st.lists(EDITS, max_size=12))
def test_undo_goes_back_through_every_state_exactly_and_redo_forth(edits: list[Change]) -> None:
    annotation = Annotation(GRID)
    states = [whole(annotation)]
    for edit in edits:
        version = annotation.version
        attempt(edit, annotation)
        if annotation.version > version:
            states.append(whole(annotation))
    for state in reversed(states[:-1]):
        assert annotation.undo()
        assert whole(annotation) == state
    assert not annotation.undo()
    for state in states[1:]:
        assert annotation.redo()
        assert whole(annotation) == state
    assert not annotation.redo()


@settings(deadline=None, max_examples=150)
@given(st.lists(CHANGES, max_size=12))
def test_since_every_version_each_slice_that_looks_different_is_told_with_its_box(changes: list[Change]) -> None:
    annotation = Annotation(GRID)
    known = {0: seen(annotation)}
    for change in changes:
        before = annotation.version
        attempt(change, annotation)
        assert annotation.version >= before
        known[annotation.version] = seen(annotation)
    now = seen(annotation)
    for version, then in known.items():
        touched = annotation.touched_since(version)
        assert annotation.changed_since(version) == touched.keys()
        for z in range(GRID.shape[0]):
            differ = (now[z] != then[z]).any(axis=0)
            if z in touched:
                box = touched[z]
                differ[box.y0 : box.y1, box.x0 : box.x1] = False
            assert not differ.any()


@settings(deadline=None, max_examples=100)
@given(st.lists(CHANGES, max_size=10))
def test_objects_are_listed_by_age_and_each_slice_once(changes: list[Change]) -> None:
    annotation = Annotation(GRID)
    for change in changes:
        attempt(change, annotation)
    places = [(outline.id, outline.z) for outline in annotation.outlines]
    assert places == sorted(set(places))
    assert sum(len(finding.slices) for finding in annotation.findings) == len(annotation)
    assert all(finding.voxels > 0 for finding in annotation.findings)
    assert len({finding.id for finding in annotation.findings}) == len(annotation.findings)
