"""Scores as CSV and JSON: what is in them, and what no name can do to a spreadsheet."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import WriteError
from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.batch import FileUsed, Row
from core.scoring.scorecard import Scorecard, score
from core.scoring.tables import csv_text, json_text, save, write_csv, write_json
from core.version import VERSION
from tests.core.scoring.shapes import SPACING, drawn


def card(case: str, predicted: str, reference: str, name: str = "tumour") -> Scorecard:
    ours, theirs = drawn(predicted), drawn(reference)
    grid = Grid.from_geometry(ours.shape, SPACING)  # type: ignore[arg-type]
    return score(Mask(ours, grid), Mask(theirs, grid), labels={1: name}, case=case)


def lines(rows: list[Row]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(rows).removeprefix("\ufeff"))))


HALF = Row("half", card("half", "xxxx....", "xxxx.xx."))
MADE_UP = Row("made up", card("made up", "..xx....", "........"))
FAILED = Row("broken", None, "broken.nii is empty (0 bytes).", (FileUsed("prediction", "broken.nii", "e3b0"),))


def test_undefined_is_empty_and_infinite_is_inf_in_a_spreadsheet() -> None:
    half, made_up, failed = lines([HALF, MADE_UP, FAILED])
    assert float(half["dice"]) == pytest.approx(2 * 4 / (4 + 6))
    assert half["missed_lesions"] == "1"
    assert made_up["recall"] == ""
    assert made_up["hd95_mm"] == "inf"
    assert (failed["case"], failed["dice"], failed["problem"]) == ("broken", "", "broken.nii is empty (0 bytes).")


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "=cmd|'/c calc'!A1"])
def test_no_name_is_a_formula(name: str) -> None:
    scored, failed = lines([Row(name, card(name, "xx", "xx", name)), Row(name, None, name)])
    for text in (scored["case"], scored["name"], failed["case"], failed["problem"]):
        assert text == f"'{name}"


def test_numbers_stay_numbers_and_other_names_stay_as_they_are() -> None:
    (line,) = lines([Row("case-1, late", card("case-1, late", "x...", "xxx."))])
    assert line["case"] == "case-1, late"
    assert line["volume_difference_ml"].startswith("-0.06")


def test_a_case_without_a_label_that_others_hold_has_a_line_by_the_rules_for_empty_masks() -> None:
    healthy = Row("healthy", replace(card("healthy", "....", "...."), labels=()))
    _, line = lines([HALF, healthy])
    assert (line["case"], line["label"], line["name"]) == ("healthy", "1", "tumour")
    assert (line["dice"], line["hd95_mm"], line["missed_lesions"]) == ("", "", "0")
    assert (float(line["specificity"]), float(line["volume_difference_ml"])) == (1, 0)


def test_json_lists_the_same_labels_of_every_case_as_csv_does() -> None:
    healthy = Row("healthy", replace(card("healthy", "....", "...."), labels=()))
    _, case = json.loads(json_text([MADE_UP, healthy]))["cases"]
    (tumour,) = case["labels"]
    assert (tumour["value"], tumour["name"]) == (1, "tumour")
    assert tumour["figures"]["dice"] is None
    assert {"dice", "hd_mm"} <= set(tumour["undefined"])
    assert tumour["infinite"] == tumour["slices"] == tumour["lesions"]["missed"] == []
    assert (tumour["figures"]["specificity"], tumour["figures"]["volume_difference_ml"]) == (1, 0)
    assert tumour["counts"] == {"tp": 0, "fp": 0, "fn": 0, "tn": 4}


def test_a_case_is_not_left_out_where_no_case_holds_a_label() -> None:
    (line,) = lines([Row("healthy", replace(card("healthy", "....", "...."), labels=()))])
    assert (line["case"], line["label"]) == ("healthy", "")
    assert line["problem"] == "Neither mask holds a label: there is nothing to score."


def test_json_has_no_number_that_json_does_not_know() -> None:
    found = json.loads(json_text([HALF, MADE_UP, FAILED]), parse_constant=pytest.fail)
    assert found["lobule"] == VERSION
    assert set(found["libraries"]) >= {"numpy", "SimpleITK"}
    made_up = found["cases"][1]["labels"][0]
    assert made_up["figures"]["hd_mm"] is None
    assert "hd_mm" in made_up["infinite"]
    assert "recall" in made_up["undefined"]
    assert found["failed"][0]["files"] == [{"role": "prediction", "name": "broken.nii", "sha256": "e3b0"}]
    (tumour,) = found["cohort"]
    assert tumour["figures"]["hd_mm"]["defined"]["infinite"] == 1
    assert tumour["figures"]["hd_mm"]["penalised"]["n"] == 2
    assert [tumour["three_dice"][key] for key in ("n", "undefined", "lesions")] == [2, 0, 2]


def test_one_case_is_no_cohort() -> None:
    assert "cohort" not in json.loads(json_text([HALF]))


def test_files_hold_what_the_texts_say(tmp_path: Path) -> None:
    rows = [HALF, Row("Größe", None, "fehlt")]
    for write, text, name in ((write_csv, csv_text, "a.csv"), (write_json, json_text, "a.json")):
        write(rows, tmp_path / name)
        assert (tmp_path / name).read_bytes() == text(rows).encode()


def test_a_spreadsheet_is_told_that_names_are_utf_8(tmp_path: Path) -> None:
    """Excel takes a file without the mark for the code page of its country, and Müller for MÃ¼ller."""
    write_csv([Row("Müller", None, "fehlt")], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfcase,")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file))["case"] == "Müller"
    assert json_text([HALF]).startswith("{")


def test_where_nothing_can_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="Choose another place"):
        save("text", tmp_path)
