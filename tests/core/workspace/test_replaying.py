"""A record of a case: everything in it, done again, and every difference told."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import __main__ as cli
from core.editing.carrying import Course, carry, course
from core.editing.commands import from_json, perform
from core.errors import CaseError
from core.imaging.samples import lits_117
from core.imaging.volume import TUMOUR, Volume
from core.imaging.window import Window as Shown
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings, segment_slice
from core.segmentation.prompt import Box, Prompt
from core.segmentation.propagation import propagate
from core.segmentation.segmenter import Segmenter
from core.workspace.asked import carrying
from core.workspace.audit import Record, audit_json, read_record
from core.workspace.changes import Change, unpacked
from core.workspace.kept import KeptCase, Window
from core.workspace.library import Library
from core.workspace.replaying import replay
from tests.core.segmentation.bright import Bright, block, bright_volume

BODY, SECOND = block(10, 12, 18, 24), block(20, 30, 26, 36)
BRIGHT = Bright()
SHOWN = Bright.card.window


def ct() -> Volume:
    """An object of 8 × 12 voxels on slices 3 to 7, from 0, and one of 6 × 6 on slices 4 and 5."""
    return bright_volume({z: BODY | SECOND if z in (4, 5) else BODY for z in range(3, 8)}, 12)


def ask(kept: KeptCase, z: int, box: Box, model: Segmenter = BRIGHT, window: Shown = SHOWN) -> int:
    """Ask a model and keep the answer, as the page does."""
    found = segment_slice(kept.volume, z, Prompt(box), model, Embeddings(2**26), window)
    with kept.acting({"do": "box", "z": z, "object": None, "label": TUMOUR}):
        return kept.annotation.draw(
            {z: found.mask}, f"box on slice {z + 1}", label=TUMOUR,
            box=box, score=found.score, model=model.card, window=window,
        )  # fmt: skip


def carry_on(
    kept: KeptCase, identity: int, first: int, last: int, model: Segmenter = BRIGHT, window: Shown = SHOWN
) -> None:
    plan = Course(course(kept.annotation, identity).seeds, first, last)
    steps = list(propagate(kept.volume, plan.seeds, model, Embeddings(2**26), first=first, last=last, window=window))
    with kept.acting(carrying(plan, steps, model=model.card, window=window, identity=identity)):
        carry(kept.annotation, steps, model=model.card, window=window, identity=identity)


def do(kept: KeptCase, **asked: Any) -> None:
    with kept.acting(asked):
        perform(from_json(asked), kept.annotation, kept.volume)


def annotate(kept: KeptCase, model: Segmenter = BRIGHT) -> None:
    """Two prompts, one of them carried on; brush, morphology, a label, undo and redo."""
    body = ask(kept, 5, Box(8, 10, 20, 26), model)
    carry_on(kept, body, 3, 7, model)
    ask(kept, 4, Box(19, 29, 28, 38), model)
    do(kept, do="paint", object=body, label=TUMOUR, points=[[5, 17, 20], [5, 22, 20]], radius_mm=2.0)
    do(kept, do="smooth", object=body, mm=1.5)
    do(kept, do="undo")
    do(kept, do="redo")
    do(kept, do="add_label", name="cyst")
    kept.annotation.relabel(2, 3)  # by a way that does not say what was asked


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptCase]:
    kept = Library(tmp_path / "cases").open(ct(), Window("AB"))
    yield kept
    kept.close()


def record_of(kept: KeptCase, tmp_path: Path, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Record:
    told = json.loads(audit_json(kept))
    change(told)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(told))
    return read_record(path)


def only_bright(sha256: str) -> Segmenter | None:
    return BRIGHT if sha256 == "bright" else None


def test_everything_done_again_gives_the_same_mask_byte_for_byte(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)
    found = replay(record_of(kept, tmp_path), ct(), only_bright)
    assert (found.same, found.differences) == (True, ())
    assert np.array_equal(found.annotation.label_map().voxels, kept.annotation.label_map().voxels)
    assert found.repeated == 5  # paint, smooth, undo, redo, new label
    assert found.asked_again == 2 + 4  # two boxes, and slices 3, 4, 6 and 7 of the carried one
    assert found.taken == 1  # the relabelling


def test_without_its_model_answers_come_from_the_record(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)
    found = replay(record_of(kept, tmp_path), ct())
    assert (found.same, found.differences) == (True, ())
    assert (found.asked_again, found.repeated, found.taken) == (0, 5, 4)


def test_a_model_that_answers_otherwise_now_is_told_with_the_action(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)

    class Changed(Bright):
        def predict(self, embedding: Any, prompt: Prompt) -> Any:
            found = super().predict(embedding, prompt)
            found.mask[12, 13] = False
            return found

    found = replay(record_of(kept, tmp_path), ct(), lambda _: Changed())
    assert not found.same
    assert found.differences[0] == "Action 1, “box on slice 6”: 1 voxels are not as they were."


def test_a_record_in_which_a_mask_was_changed_is_found_out(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)

    def forge(told: dict[str, Any]) -> None:
        change = unpacked(base64.b64decode(told["actions"][0]["change"]))
        bits = change.come[0].bits.copy()
        bits[2] ^= 0b11
        forged = Change((), (type(change.come[0])(**vars(change.come[0]) | {"bits": bits}),), None)
        told["actions"][0]["change"] = base64.b64encode(forged.packed()).decode()

    found = replay(record_of(kept, tmp_path, forge), ct(), only_bright)
    assert found.differences[0] == "Action 1, “box on slice 6”: 2 voxels are not as they were."


def test_an_edit_that_was_changed_in_the_record_is_found_out(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)

    def forge(told: dict[str, Any]) -> None:
        told["actions"][3]["asked"]["radius_mm"] = 6.0

    found = replay(record_of(kept, tmp_path, forge), ct(), only_bright)
    assert not found.same
    assert found.differences[0].startswith("Action 4, “paint on slice 6”: ")


def test_an_edit_that_is_refused_this_time_is_told_and_the_record_goes_on(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)

    def forge(told: dict[str, Any]) -> None:
        told["actions"][4]["asked"]["object"] = 77

    found = replay(record_of(kept, tmp_path, forge), ct(), only_bright)
    assert "Action 5, “smooth object 1 by 1.5 mm”: it could not be done again. Object 77" in found.differences[0]
    assert found.same


def test_another_ct_is_refused_with_both_fingerprints(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)
    other = bright_volume({3: BODY}, 12)
    with pytest.raises(CaseError, match=f"it has the fingerprint {other.key}, and the record names {ct().key}"):
        replay(record_of(kept, tmp_path), other)


def test_a_record_tells_when_with_what_and_what_was_asked(kept: KeptCase, tmp_path: Path) -> None:
    annotate(kept)
    told = json.loads(audit_json(kept))
    assert [action["name"] for action in told["actions"][:4]] == [
        "box on slice 6",
        "carry object 1 through slices 4–8",
        "box on slice 5",
        "paint on slice 6",
    ]
    first, carried, _, painted = told["actions"][:4]
    (answer,) = first["answers"]
    assert (answer["object"], answer["z"], answer["box"], answer["points"]) == (1, 5, [8, 10, 20, 26], [])
    assert (answer["score"], answer["model"], answer["window"]) == (0.902, "bright", [127.5, 255])
    assert carried["asked"]["slices"] == [3, 4, 5, 6, 7]
    assert painted["asked"]["points"] == [[5, 17, 20], [5, 22, 20]]
    assert first["at"].endswith("Z")
    assert set(told["software"]["1"]) >= {"lobule", "numpy", "SimpleITK", "python"}
    assert told["models"][0]["sha256"] == "bright"
    assert told["image"]["fingerprint"] == ct().key


def test_initials_are_written_only_if_asked_for(kept: KeptCase) -> None:
    annotate(kept)
    assert json.loads(audit_json(kept))["reader"] is None
    assert json.loads(audit_json(kept, initials=True))["reader"] == "AB"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not JSON", "cannot be read as a record"),
        ("[1]", "is no record of a case"),
        ('{"format": "lobule-prompts/2"}', "is no record of a case"),
        ('{"format": "lobule-replay/1", "image": {}}', "parts missing or damaged"),
        (
            '{"format": "lobule-replay/1", "image": {"slices_rows_columns": [1, 2, 3], "fingerprint": "a"}, "actions":'
            ' [{"way": "step", "name": "", "asked": null, "change": "!!!"}], "result": {"sha256": ""}}',
            "parts missing or damaged",
        ),
    ],
)
def test_what_is_no_record_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(CaseError, match=words):
        read_record(path)


@pytest.fixture
def own_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without cases, which shares the cache of the other tests."""
    (tmp_path / "cache").symlink_to(home / "cache", target_is_directory=True)
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    return tmp_path


def test_an_annotation_of_lits_117_is_done_again_from_the_command_line(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prompts, propagation, brush and morphology on the real CT with the real model, from case to file to mask."""
    volume, _ = lits_117()
    model = weights.load(weights.DEFAULT)
    shown = model.card.window
    kept = Library().open(volume)
    assert kept.saving is not None
    kept.saving.result()
    tumour = ask(kept, 85, Box(0, 47, 33, 95), model, shown)
    carry_on(kept, tumour, 83, 87, model, shown)
    ask(kept, 60, Box(20, 30, 70, 90), model, shown)
    do(kept, do="paint", object=tumour, label=TUMOUR, points=[[85, 20.0, 60.0], [85, 30.0, 64.0]], radius_mm=3.0)
    do(kept, do="grow", object=tumour, mm=1.0)
    do(kept, do="tidy", object=2, mm=1.0)
    do(kept, do="undo")
    kept.close()
    record, mask = own_home / "record.json", own_home / "mask.nrrd"
    assert cli.main(["audit", "LiTS-117", "-o", str(record)]) == 0
    assert cli.main(["replay", str(record), "-o", str(mask)]) == 0
    said = capsys.readouterr().out
    assert "6 answers of a model asked for again, 0 taken from the record" in said
    assert "The mask is the same, byte for byte." in said
    from core.imaging.reading import read_mask

    assert np.array_equal(read_mask(mask, volume).voxels, kept.annotation.label_map().voxels)


def test_a_replay_that_differs_ends_with_code_1(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = Library().open(ct())
    do(kept, do="paint", object=None, label=TUMOUR, points=[[5, 17, 20]], radius_mm=2.0)
    told = json.loads(audit_json(kept))
    if kept.saving is not None:
        kept.saving.result()
    kept.close()
    told["actions"][0]["asked"]["radius_mm"] = 4.0
    path = own_home / "record.json"
    path.write_text(json.dumps(told))
    assert cli.main(["replay", str(path), "--recorded"]) == 1
    printed = capsys.readouterr()
    assert "Action 1, “paint on slice 6”" in printed.err
    assert "The mask is NOT the same" in printed.out


def test_a_record_whose_ct_is_not_here_asks_for_its_file(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = Library(own_home / "elsewhere").open(ct())
    do(kept, do="paint", object=None, label=TUMOUR, points=[[5, 17, 20]], radius_mm=2.0)
    path = own_home / "record.json"
    path.write_text(audit_json(kept))
    assert cli.main(["replay", str(path)]) == 2
    assert "is not among the cases here (There is no such case" in capsys.readouterr().err
