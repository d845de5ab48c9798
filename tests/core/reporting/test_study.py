"""The report of a comparison as one file."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core import __main__ as cli
from core.errors import LearningError
from core.learning import runs
from core.learning.study import Study
from core.reporting.study import study_report
from tests.core.learning.studies import save_study

CREATED = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


class Words(HTMLParser):
    """Collects what a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self._hidden = "", False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else f"{data} "


def seen(html: str) -> str:
    words = Words()
    words.feed(html)
    return " ".join(words.text.split())


def test_the_report_tells_table_tests_patients_and_worst_slices(tmp_path: Path) -> None:
    html = study_report(save_study(tmp_path / "s", tmp_path / "d"), title="A <b> study", created=CREATED)
    text = seen(html)
    assert "A <b> study" in text
    assert "7 patients, 2 folds" in text
    assert "U-Net none 0.900 [0.900, 0.900] 0.600 [" in text
    assert "U-Net (none) less Plain CNN (none) Tumour Dice (= F1) +0.100" in text
    assert "p4 0.400 0.300" in text
    assert "p6 none made up" in text, "a healthy patient: what was made up"
    assert "p4, slice" not in text, "only the first patient has data here, and it is not the worst"
    assert html.count("data:image/jpeg") == 0
    assert "default-src 'none'" in html, "nothing is fetched from elsewhere"
    assert text.count("Loss while learning") == 1


def test_the_worst_slice_is_shown_where_the_data_are_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.core.learning import studies

    monkeypatch.setattr(studies, "DICE", {"unet": [0.1], "cnn": [0.0]})
    folder = save_study(tmp_path / "s", tmp_path / "d")
    html = study_report(folder, title="t", created=CREATED)
    assert html.count("data:image/jpeg") == 2
    assert "p0, slice 4: 0 voxels of tumour found, 0 made up" in seen(html)
    assert "data:image/jpeg" not in study_report(folder, title="t", created=CREATED, with_pictures=False)


def test_a_comparison_that_is_not_finished_says_so(tmp_path: Path) -> None:
    folder = save_study(tmp_path)
    runs.Reporter(folder, 6).ended(runs.State.STOPPED, "Stopped as asked.", 4)
    assert "4 of 6 parts are done. The figures will change." in seen(study_report(folder, title="t", created=CREATED))


def test_without_a_scored_case_there_is_no_report(tmp_path: Path) -> None:
    runs.write_config(tmp_path, Study("data").as_json())
    with pytest.raises(LearningError, match="has not scored a case yet"):
        study_report(tmp_path, title="t", created=CREATED)


def test_a_finished_comparison_is_reported_and_published_without_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, page, target = save_study(tmp_path / "s"), tmp_path / "r.html", tmp_path / "weights"
    arguments = ["--html", str(page), "--publish", str(target), "--note", "Made up."]
    assert cli.main(["compare", "--out", str(folder), *arguments]) == 0
    assert "| U-Net | none |" in capsys.readouterr().out
    assert "7 patients, 2 folds" in seen(page.read_text())
    assert (target / "about.json").is_file()
    assert cli.main(["compare", "--out", str(folder)]) == 2, "to go on, it needs them"
    assert "is no folder" in capsys.readouterr().err
