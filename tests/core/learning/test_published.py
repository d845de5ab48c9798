import json
from dataclasses import replace
from pathlib import Path

from core.learning import runs
from core.learning.crossval import LINES, read_lines
from core.learning.published import publish
from core.learning.study import Study
from tests.core.learning.studies import save_study

NAMES = {"p0": "Doe, Jane", "p1": "Doe, Jane", "p2": "Roe"}  # two CTs of one patient


def test_what_is_published_numbers_the_patients(tmp_path: Path) -> None:
    folder = save_study(tmp_path / "study")
    named = [
        replace(line, patient=NAMES[line.case], case=f"{NAMES[line.case]} {line.case}")
        for line in read_lines(folder)
        if line.case in NAMES
    ]
    (folder / LINES).write_text("".join(json.dumps(line.as_json()) + "\n" for line in named))
    study = replace(Study.from_json(runs.read_config(folder)), patients=("Roe", "Doe, Jane"))
    (folder / runs.CONFIG).write_text(json.dumps(study.as_json()))
    target = publish(folder, tmp_path / "out")
    for path in target.rglob("*"):
        assert path.is_dir() or not any(name in path.read_text() for name in ("Doe", "Roe")), path
    told = {(line.patient, line.case) for line in read_lines(target)}
    assert told == {("patient001", "patient001-1"), ("patient001", "patient001-2"), ("patient002", "patient002")}
    assert Study.from_json(runs.read_config(target)).patients == ("patient002", "patient001")
    assert [line.figures for line in read_lines(target)] == [line.figures for line in named]
