"""``cases`` and ``audit`` from arguments to what is printed."""

import json
from pathlib import Path

import pytest

from core import __main__ as cli
from core.workspace.kept import Window
from core.workspace.library import Library
from tests.core.workspace.cases import answered, block, paint, volume


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Two cases: Abdomen portal with two lesions by AB and one by CD, and Thorax with none."""
    monkeypatch.setenv("LOBULE_HOME", str(tmp_path))
    library = Library()
    for reader in ("AB", "CD"):
        kept = library.open(volume(), Window(reader))
        answered(kept.annotation, 2, block(3, 4, 6, 11))
        if reader == "AB":
            paint(kept, 4, 12, 15)
        kept.close()
    other = library.open(volume(6, "Thorax"))
    assert other.saving is not None
    other.saving.result()
    other.close()
    return library


def run(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> tuple[str, str]:
    assert cli.main(arguments) == code
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_cases_lists_status_lesions_ml_and_readers(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, 0, "cases", "--sort", "name")[0].splitlines()
    assert lines[0].startswith(f"{volume().key[:12]}  in work     1     0.02 ml  ")
    assert lines[0].endswith("Abdomen portal (readers AB, CD)")
    assert lines[1].startswith(f"{volume(6).key[:12]}  new         0     0.00 ml  ")
    assert lines[2] == "2 cases"


def test_cases_are_searched_and_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = json.loads(run(capsys, 0, "cases", "--search", "PORTAL ab", "--json")[0])
    assert (row["name"], row["lesions"], row["readers"]) == ("Abdomen portal", 1, ["AB", "CD"])


def test_a_case_is_marked_deleted_listed_in_the_bin_and_restored(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, 0, "cases", "--mark", "Thorax", "done")
    assert "1 case" in run(capsys, 0, "cases", "--status", "done")[0]
    said = run(capsys, 0, "cases", "--delete", "Thorax")[0]
    assert "Thorax" not in run(capsys, 0, "cases")[0]
    name = said.split()[-1]
    assert name in run(capsys, 0, "cases", "--bin")[0]
    run(capsys, 0, "cases", "--restore", name)
    assert "Thorax" in run(capsys, 0, "cases", "--status", "done")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cases", "--mark", "Thorax", "finished"], "“finished” is no status. Choose one of: new, in work, done"),
        (["cases", "--delete", "nobody"], "no case is called “nobody”"),
        (["cases", "--restore", "../x"], "no longer in the bin"),
        (["cases", "--worklist", "nowhere"], "nowhere"),
        (["audit", "Abdomen portal"], "This reader has drawn nothing on the case; AB, CD did"),
        (["audit", "Abdomen portal", "--reader", "AB", "-o", "nowhere/record.json"], "nowhere does not exist"),
        (["replay", "nowhere.json"], "cannot be read as a record"),
    ],
)
def test_a_mistake_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    _, error = run(capsys, 2, *arguments)
    assert words in error
    assert error.count("\n") == 1


def test_audit_prints_what_each_lesion_cost(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, 0, "audit", "Abdomen portal", "--reader", "AB")[0].splitlines()
    assert "object 1, tumour: " in lines[0]
    assert "1 prompt, 0 × carried, 0 edits, 0 undone, 21 voxels on 1 slice, 0% changed by hand" in lines[0]
    assert "0 prompts, 0 × carried, 1 edit, " in lines[1]
    assert lines[1].endswith("100% changed by hand")
    assert lines[2].startswith("2 actions, ")


def test_audit_looks_at_a_case_that_is_open_elsewhere_and_leaves_it_alone(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = library.reopen(volume().key, Window("AB"))
    run(capsys, 0, "audit", "Abdomen portal", "--reader", "AB")
    paint(kept, 1, 2, 2)
    assert len(kept.annotation.findings) == 3


def test_a_worklist_shows_what_was_done(tmp_path: Path, library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("two", "one"):
        (folder / f"{name}.nii.gz").write_bytes(name.encode())
    library.open(volume(), origin=folder / "two.nii.gz").close()
    said = run(capsys, 0, "cases", "--worklist", str(folder))[0]
    assert said.splitlines() == ["new         0  one", "in work     1  two", "2 CTs"]
