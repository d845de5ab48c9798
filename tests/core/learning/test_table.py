import json
from pathlib import Path

import pytest

from core.errors import LearningError
from core.imaging.volume import LIVER, TUMOUR
from core.learning import table
from core.learning.crossval import ENTRANTS, LINES, read_lines
from core.learning.measuring import SLICE_DICE, Line

DICE = {"unet": [0.5, 0.6, 0.7, 0.8, 0.4, 0.6, 0.0], "cnn": [0.4, 0.5, 0.6, 0.7, 0.3, 0.5, 0.0]}


def study(folder: Path) -> Path:
    told = [{"key": key, "title": key.upper(), "protocol": "none", "parameters": 1234} for key in DICE]
    (folder / ENTRANTS).write_text(json.dumps(told))
    text = ""
    for key, values in DICE.items():
        for k, value in enumerate(values):
            ill = k < 6
            figures = {LIVER: {"dice": 0.9}, TUMOUR: {"dice": value, SLICE_DICE: value / 2, "hd95_mm": float("inf")}}
            line = Line(key, k % 2, f"case{k}", f"p{k}", 0.1 * k, figures, ill, not ill and key == "cnn", 50.0, "px")
            text += json.dumps(line.as_json()) + "\n"
    (folder / LINES).write_text(text)
    return folder


def test_tumour_figures_are_means_over_the_patients_who_have_one(tmp_path: Path) -> None:
    unet, cnn = table.rows_of(study(tmp_path))
    assert unet.figures[TUMOUR, "dice"].mean == pytest.approx(0.6)  # of six; the seventh has no tumour
    assert unet.figures[TUMOUR, "dice"].n == 6
    assert unet.figures[LIVER, "dice"].n == 7
    assert (unet.made_up, cnn.made_up, cnn.without) == (0, 1, 1)
    assert unet.figures[TUMOUR, "hd95_mm"].mean == 50  # missed: the diagonal
    assert unet.seconds == pytest.approx(0.3)


def test_two_models_are_tested_on_the_same_patients(tmp_path: Path) -> None:
    (found,) = table.contrasts_of(study(tmp_path))
    assert (found.first, found.second, found.key) == ("unet", "cnn", "dice")
    assert found.difference.n == 6
    assert found.difference.mean == pytest.approx(0.1)
    assert found.difference.p == pytest.approx(2 / 2**6)  # all six differences have one sign


def test_two_cases_of_a_patient_count_once(tmp_path: Path) -> None:
    lines = read_lines(study(tmp_path))
    twice = [Line(**{**vars(line), "patient": "p0" if line.patient == "p1" else line.patient}) for line in lines]
    joined = [line for line in table.by_patient(twice) if line.patient == "p0" and line.row == "unet"]
    assert [line.figures[TUMOUR]["dice"] for line in joined] == [pytest.approx(0.55)]


def test_the_markdown_names_the_protocol_and_what_the_figures_rest_on(tmp_path: Path) -> None:
    text = table.markdown(study(tmp_path))
    head, _, unet, cnn = text.splitlines()[:4]
    assert head.startswith("| Model | Prompts | Liver Dice | Tumour Dice (= F1) |")
    assert "HD95, px" in head
    assert unet.startswith("| UNET | none | 0.900 [0.900, 0.900] | 0.600 [")
    assert "| 1 of 1 |" in cnn
    assert "7 patients, tumour figures over the 6 that have any" in text
    assert "| 0.031 | 6 |" in text
    assert "nan" not in text


def test_a_line_that_a_kill_cut_short_is_passed_over(tmp_path: Path) -> None:
    path = study(tmp_path) / LINES
    path.write_text(path.read_text()[:-30])
    assert len(read_lines(tmp_path)) == 13


def test_the_json_holds_no_number_that_json_does_not_know(tmp_path: Path) -> None:
    told = json.loads(json.dumps(table.as_json(study(tmp_path)), allow_nan=False))
    assert len(told["rows"]) == 2
    assert len(told["patients"]) == 14


def test_without_a_scored_case_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="has not scored a case yet"):
        table.markdown(tmp_path)
