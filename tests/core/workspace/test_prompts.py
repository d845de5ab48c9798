"""Tables and records of prompts are read strictly, and a mistake names its line."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.editing.annotation import Annotation
from core.editing.record import prompts_json
from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.volume import Source, Volume
from core.segmentation.prompt import Box, Point, Prompt
from core.workspace.prompts import read_prompts
from tests.core.segmentation.bright import Bright


def table(folder: Path, *lines: str) -> Path:
    path = folder / "boxes.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_row_of_a_table_is_an_object(tmp_path: Path) -> None:
    found = read_prompts(table(tmp_path, "case,slice,y0,x0,y1,x1,label", "a,3,5,6,17,28,liver", "a,3,1,2,4,8,"))
    assert [(one.case, one.label.name, dict(one.prompts)) for one in found] == [
        ("a", "liver", {2: Prompt(Box(5, 6, 17, 28))}),
        ("a", "tumour", {2: Prompt(Box(1, 2, 4, 8))}),
    ]


def test_rows_of_one_object_are_its_key_slices(tmp_path: Path) -> None:
    found = read_prompts(
        table(tmp_path, "case,object,slice,y0,x0,y1,x1", "a,1,3,5,6,7,8", "b,1,4,5,6,7,8", "a,1,9,5,6,7,9")
    )
    assert [(one.case, sorted(one.prompts)) for one in found] == [("a", [2, 8]), ("b", [3])]


def test_a_table_of_a_german_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_bytes("\ufeffCase;Slice;Y0;X0;Y1;X1;Label\r\na;3;5;6;7;8;7\r\n\r\n".encode())
    [one] = read_prompts(path)
    assert (one.case, one.label.value, one.label.name) == ("a", 7, "label 7")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("case,slice,y0,x0,y1", "a,3,5,6,7"), "boxes.csv has no column x1"),
        (("case,slice,y0,x0,y1,x1", "a,3,5,6,7.5,8"), "Line 2 of boxes.csv: slice and edges must be whole numbers"),
        (("case,slice,y0,x0,y1,x1", "a,0,5,6,7,8"), "Line 2 of boxes.csv: it must name a case and a slice from 1"),
        (("case,slice,y0,x0,y1,x1", "a,1,5,6,7,8", "a,1,9,6,7,8"), "Line 3 of boxes.csv: The box is empty"),
        (("case,slice,y0,x0,y1,x1,label", "a,1,5,6,7,8,spleen"), "Line 2 .* 'spleen' is neither tumour nor liver"),
        (
            ("case,slice,y0,x0,y1,x1,object", "a,1,5,6,7,8,k", "a,1,5,6,7,8,k"),
            "Line 3 of boxes.csv: an object has one label, and one box a slice",
        ),
        (("case,slice,y0,x0,y1,x1",), "holds no box"),
        (("",), "has no column case"),
        (("{",), "no valid JSON"),
        (('{"format": "other"}',), "no record of prompts"),
        (('{"format": "lobule-prompts/2", "labels": []}',), "with parts missing"),
    ],
)
def test_a_mistake_in_a_file_is_one_sentence(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(PromptError, match=words):
        read_prompts(table(tmp_path, *lines))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_bytes(b"\xff\xfe\x00\x81")
    for path in (tmp_path / "boxes.csv", tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(PromptError, match="cannot be read as text"):
            read_prompts(path)


def test_what_was_exported_comes_back_without_what_was_drawn_by_hand(tmp_path: Path) -> None:
    grid = Grid.from_geometry((6, 12, 15), (4.0, 0.5, 1.5))
    volume = Volume(np.zeros(grid.shape, np.int16), grid, Source("x", "NIfTI", grid))
    annotation, mask, card = Annotation(grid), np.zeros((12, 15), np.bool_), Bright.card
    mask[2:5, 3:9] = True
    annotation.add(2, mask, 2, box=Box(1, 2, 6, 10), score=0.8, model=card, points=(Point(3, 4, False),))
    annotation.draw({4: mask}, "box", identity=1, box=Box(2, 2, 6, 10), model=card)
    annotation.draw({3: mask}, "carried", identity=1, box=None, model=card)
    annotation.draw({0: mask}, "painted", label=1)
    path = tmp_path / "prompts.json"
    path.write_text(prompts_json(annotation, volume), encoding="utf-8")
    [one] = read_prompts(path)
    assert (one.case, one.fingerprint, one.label) == ("", volume.key, annotation.label(2))
    assert dict(one.prompts) == {
        2: Prompt(Box(1, 2, 6, 10), (Point(3, 4, False),)),
        4: Prompt(Box(2, 2, 6, 10)),
    }
    several = tmp_path / "several.json"
    several.write_text(json.dumps([json.loads(path.read_text())] * 2))
    assert len(read_prompts(several)) == 2
