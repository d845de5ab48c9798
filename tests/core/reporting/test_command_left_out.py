"""Files of a folder that are no masks: told on the terminal and in every document."""

import json
from pathlib import Path

import pytest

from core import __main__ as cli


def test_files_that_were_left_out_are_named_wherever_the_scores_are(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(cohort[0]) / "<b>.jpg").write_bytes(b"\xff\xd8\xff")
    (Path(cohort[1]) / "readme.txt").write_text("drawn by Ann")
    out, page = tmp_path / "scores.json", tmp_path / "scores.html"
    assert cli.main(["score", *cohort, "--json", str(out), "--html", str(page)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("2 files left out: <b>.jpg (prediction), readme.txt (reference). A mask cannot be read")
    assert told.count("\n") == 1
    assert json.loads(out.read_text("utf-8"))["left_out"] == [
        {"name": "<b>.jpg", "role": "prediction"}, {"name": "readme.txt", "role": "reference"},
    ]  # fmt: skip
    text = page.read_text("utf-8")
    assert "2 files left out: &lt;b&gt;.jpg (prediction), readme.txt (reference)." in text
    assert "<b>.jpg" not in text
