"""What a user can get wrong with the score command, each told in one sentence."""

import zipfile
from pathlib import Path

import pytest

from core import __main__ as cli
from core.scoring import backends
from tests.core.scoring.files import Write


def mistake(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["score", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_two_masks_on_different_grids_are_one_sentence(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = write("p.nii.gz", (2, slice(2, 6))), write("r.nii.gz", spacing=(5.0, 3.0, 2.5))
    words = "prediction lies on another grid than the reference. Its voxels measure 5 × 3 × 2 mm, those of the ref"
    assert words in mistake(capsys, ours, theirs)


def test_every_other_mistake_is_one_sentence(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write("p/m.nii.gz", (2, slice(2, 6)))
    write("r/other.nii.gz")
    write("twice/m.nii.gz")
    write("twice/m.nrrd")
    assert "does not exist" in mistake(capsys, tmp_path / "nothing.nii", mask)
    assert "a file and the other a folder" in mistake(capsys, mask, tmp_path)
    assert "Name both alike" in mistake(capsys, tmp_path / "p", tmp_path / "r")
    assert "two files of case m" in mistake(capsys, tmp_path / "twice", tmp_path / "p")
    assert "single pair" in mistake(capsys, tmp_path / "p", tmp_path / "p", "--ct", mask)
    assert "does not exist. Create it" in mistake(capsys, mask, mask, "--json", tmp_path / "no" / "x.json")


def test_what_is_scored_is_never_overwritten(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write("m.nii.gz", (2, slice(2, 6)))
    before = mask.read_bytes()
    for option in ("--csv", "--json", "--html"):
        assert "is one of the files to score" in mistake(capsys, mask, mask, option, mask)
    assert mask.read_bytes() == before


def test_a_table_that_cannot_be_written_is_one_sentence(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = str(write("m.nii.gz", (2, slice(2, 6))))
    for option in ("--csv", "--json", "--html"):
        assert cli.main(["score", mask, mask, option, str(tmp_path)]) == 2
        assert "cannot be written (Is a directory)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "extra",
    [
        ("--nsd-mm", "-1"),
        ("--nsd-mm", "two"),
        ("--percentile", "0"),
        ("--percentile", "101"),
        ("--percentile", "half"),
        ("--label", "0"),
        ("--label", "spleen=3"),
    ],
)
def test_what_no_option_can_mean_is_refused(
    write: Write, capsys: pytest.CaptureFixture[str], extra: tuple[str, str]
) -> None:
    mask = str(write("m.nii.gz"))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["score", mask, mask, *extra])
    assert stopped.value.code == 2
    assert "error: argument" in capsys.readouterr().err


def test_a_cluster_that_cannot_be_had_is_one_sentence(
    cohort: tuple[str, str], write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert "Add --backend dask" in mistake(capsys, *cohort, "--scheduler", "tcp://127.0.0.1:8786")
    pack = tmp_path / "p.zip"
    with zipfile.ZipFile(pack, "w") as file:
        for path in Path(cohort[0]).iterdir():
            file.write(path, path.name)
    away = ("--backend", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert "Unpack it onto a shared disk" in mistake(capsys, pack, cohort[1], *away)
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    assert "Ray is not installed. Type: pip install ray" in mistake(capsys, *cohort, "--backend", "ray")
    assert "Type: pip install distributed" in mistake(capsys, *cohort, "--backend", "dask")


def test_a_scheduler_where_nobody_answers_is_one_sentence(
    cohort: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backends, "PATIENCE", "0.5s")
    away = ("--backend", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in mistake(capsys, *cohort, *away)


@pytest.mark.parametrize("jobs", ["0", "-1", "many", "1001"])
def test_a_number_of_jobs_is_a_number(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["score", "p", "r", "--jobs", jobs])
    assert "is no number of jobs from 1 to 1000" in capsys.readouterr().err
