"""The score command as a user meets it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK

from core import __main__ as cli
from core.imaging.samples import phantom
from core.scoring import backends
from tests.core.scoring.files import SPACING, write_labels

ROOT = Path(__file__).parents[3]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return lambda name, *blocks, **how: write_labels(tmp_path / name, *blocks, **how)


@pytest.fixture
def cohort(write: Write, tmp_path: Path) -> tuple[str, str]:
    """Two folders: a Dice of 0.8, one of 1, a missed tumour, a prediction on another grid."""
    for case, rows in (("a", slice(2, 6)), ("b", slice(2, 8)), ("c", slice(0, 0)), ("d", slice(2, 8))):
        write(f"p/{case}.nii.gz", (2, rows), spacing=(6.0, 3.0, 2.0) if case == "d" else SPACING)
        write(f"r/{case}.nrrd", (2, slice(2, 8)))
    return str(tmp_path / "p"), str(tmp_path / "r")


def mistake(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["score", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_pair_is_scored_label_by_label(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tumour rows 2 to 5 against 2 to 7: Dice 2 × 4 / (4 + 6). The files run in opposite directions."""
    predicted = write("p.nii.gz", (2, slice(2, 6)), turned=True)
    reference = write("r.nrrd", (2, slice(2, 8)), (1, slice(9, 11)))
    out = tmp_path / "scores.json"
    assert cli.main(["score", str(predicted), str(reference), "--nsd-mm", "1", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "tumour (label 2)" in printed
    assert "surface Dice at 1 mm" in printed
    assert "HD95                              no distance (if it must count:" in printed
    assert "missed: slice 3, 1.08 ml" in printed  # 36 voxels of 0.03 ml
    (case,) = json.loads(out.read_text())["cases"]
    liver, tumour = case["labels"]
    assert tumour["figures"]["dice"] == pytest.approx(0.8)
    assert tumour["figures"]["chaos_mssd_mm"] == pytest.approx(6)
    assert [s["slice"] for s in tumour["slices"]] == [2, 3, 4]
    assert liver["figures"]["hd_mm"] is None
    assert "hd_mm" in liver["infinite"]
    assert "precision" in liver["undefined"]


def test_one_label_gets_the_name_it_is_given(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write("m.nii.gz", (2, slice(2, 6)), (7, slice(7, 9)))
    assert cli.main(["score", str(mask), str(mask), "--label", "7=cyst"]) == 0
    printed = capsys.readouterr().out
    assert "cyst (label 7)" in printed
    assert "tumour" not in printed


def test_a_label_keeps_the_name_of_the_file_unless_it_is_given_one(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = SimpleITK.ReadImage(str(write("m.nrrd", (2, slice(2, 6)))))
    for key, value in (("Name", "metastasis"), ("LabelValue", "2"), ("Layer", "0")):
        image.SetMetaData(f"Segment0_{key}", value)
    named = tmp_path / "named.seg.nrrd"
    SimpleITK.WriteImage(image, str(named))
    assert cli.main(["score", str(named), str(named), "--label", "2"]) == 0
    assert "metastasis (label 2)" in capsys.readouterr().out
    assert cli.main(["score", str(named), str(named), "--label", "2=cyst"]) == 0
    assert "cyst (label 2)" in capsys.readouterr().out


def test_folders_are_matched_by_name_and_a_failed_case_is_a_row(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for case, rows in (("a", slice(2, 6)), ("b", slice(2, 8)), ("c", slice(2, 8))):
        write(f"p/{case}.nii.gz", (2, rows), spacing=(6.0, 3.0, 2.0) if case == "c" else SPACING)
        write(f"r/{case}.nrrd", (2, slice(2, 8)))
    write("r/d.nrrd", (2, slice(2, 8)))
    (tmp_path / "p" / "e.nii").write_text("no image")
    write("r/e.nrrd", (2, slice(2, 8)))
    table, everything = tmp_path / "scores.csv", tmp_path / "scores.json"
    folders = [str(tmp_path / "p"), str(tmp_path / "r")]
    assert cli.main(["score", *folders, "--csv", str(table), "--json", str(everything)]) == 1
    printed = capsys.readouterr().out
    assert "2 of 5 cases scored" in printed
    assert "c: FAILED: The prediction lies on another grid than the reference. Its voxels measure 6 ×" in printed
    assert "d: FAILED: d has a reference and no prediction" in printed
    with table.open() as file:
        lines = {line["case"]: line for line in csv.DictReader(file)}
    assert list(lines) == ["a", "b", "c", "d", "e"]
    assert float(lines["a"]["dice"]) == pytest.approx(0.8)
    assert lines["b"]["hd95_mm"] == "0.0"
    assert "e.nii" in lines["e"]["problem"]
    found = json.loads(everything.read_text())
    assert [case["case"] for case in found["failed"]] == ["c", "d", "e"]
    (tumour,) = found["cohort"]
    assert tumour["figures"]["dice"]["defined"]["mean"] == pytest.approx(0.9)
    assert tumour["three_dice"]["pooled"] == pytest.approx(2 * 10 / (10 + 12))
    assert found["definitions"]["hd95_mm"]["unit"] == "mm"


def test_labels_are_laid_on_a_ct(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume, mask = phantom()
    for name, array in (("ct", volume.hu), ("labels", mask.voxels)):
        image = SimpleITK.GetImageFromArray(array)
        image.SetSpacing(volume.grid.spacing[::-1])
        SimpleITK.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    labels = str(tmp_path / "labels.nii.gz")
    assert cli.main(["score", labels, labels, "--ct", str(tmp_path / "ct.nii.gz"), "--label", "tumour"]) == 0
    assert "Dice (F1)                         1\n" in capsys.readouterr().out


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


@pytest.mark.parametrize("extra", [("--nsd-mm", "-1"), ("--nsd-mm", "two"), ("--label", "0"), ("--label", "spleen=3")])
def test_what_no_option_can_mean_is_refused(
    write: Write, capsys: pytest.CaptureFixture[str], extra: tuple[str, str]
) -> None:
    mask = str(write("m.nii.gz"))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["score", mask, mask, *extra])
    assert stopped.value.code == 2
    assert "error: argument" in capsys.readouterr().err


def test_zips_of_masks_are_scored_as_folders_are(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packs = []
    for folder in cohort:
        packs.append(tmp_path / f"{Path(folder).name}.zip")
        with zipfile.ZipFile(packs[-1], "w") as pack:
            for file in Path(folder).iterdir():
                pack.write(file, f"labels/{file.name}")
    assert cli.main(["score", *map(str, packs)]) == 1
    zipped = capsys.readouterr().out
    assert cli.main(["score", *cohort]) == 1
    assert zipped == capsys.readouterr().out
    assert "3 of 4 cases scored" in zipped


def test_several_jobs_and_a_cluster_print_the_same(cohort: tuple[str, str]) -> None:
    """In a process of its own, as workers import the program anew."""
    printed = []
    for extra in ((), ("--jobs", "2"), ("--jobs", "2", "--backend", "dask")):
        command = [sys.executable, "-m", "core", "score", *cohort, *extra]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1] == printed[2]
    assert printed[0].startswith("a: tumour: Dice (F1) 0.8,")


def test_other_tools_stand_beside_ours(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows 6 and 7 of 3 mm are missed: 6 mm to MONAI's voxels, in `a`."""
    table = tmp_path / "scores.csv"
    tools = ["--as", "monai", "--as", "surface-distance"]
    assert cli.main(["score", *cohort, *tools, "--csv", str(table)]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"HD95 \S+ mm, HD95, as MONAI 6 mm, HD95, as surface-distance 6 mm", printed)
    with table.open() as file:
        line = next(csv.DictReader(file))
    names = list(line)
    assert names[names.index("hd_mm") :][:3] == ["hd_mm", "monai_hd_mm", "surfel_hd_mm"]
    assert line["monai_hd_mm"] == "6.0"
    pair = [str(Path(folder) / name) for folder, name in zip(cohort, ("a.nii.gz", "a.nrrd"), strict=True)]
    assert cli.main(["score", *pair, *tools]) == 0
    assert re.search(r"HD95 .*\n  HD95, as MONAI +6 mm\n  HD95, as surface-distance +6 mm\n", capsys.readouterr().out)


def test_the_report_is_written_and_names_both_sources(
    cohort: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "scores.html"
    assert cli.main(["score", *cohort, "--html", str(page)]) == 1
    text = page.read_text("utf-8")
    assert "<title>p against r · Lobule</title>" in text
    assert text.count("data:image/jpeg;base64,") == 3
    pair = [str(Path(folder) / name) for folder, name in zip(cohort, ("b.nii.gz", "b.nrrd"), strict=True)]
    assert cli.main(["score", pair[0], pair[0], "--html", str(page)]) == 0
    assert "<h1>p/b.nii.gz against p/b.nii.gz</h1>" in page.read_text("utf-8")


def test_ctrl_c_keeps_what_was_scored_and_says_what_was_not(write: Write, tmp_path: Path) -> None:
    for number in range(40):
        write(f"p/{number}.nii", (2, slice(2, 8)))
    out = tmp_path / "scores.json"
    for jobs in ("1", "2"):
        command = [sys.executable, "-m", "core", "score", str(tmp_path / "p"), str(tmp_path / "p"), "--jobs", jobs]
        running = subprocess.Popen(
            [*command, "--json", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline().startswith("0: tumour: Dice (F1) 1,")
        os.killpg(running.pid, signal.SIGINT)  # as a terminal sends it, to the workers too
        start = time.monotonic()
        printed, complaints = running.communicate(timeout=60)
        assert running.returncode == 130
        assert time.monotonic() - start < 30
        assert "Traceback" not in complaints
        assert re.search(r"Stopped after \d+ of 40 cases\.\n$", complaints)
        found = json.loads(out.read_text())
        assert 1 <= len(found["cases"]) < 40
        assert len(found["cases"]) + len(found["failed"]) == 40
        assert {case["problem"] for case in found["failed"]} == {"Not scored: the run ended before. Score it again."}
        assert f"{len(found['cases'])} of 40 cases scored" in printed


def test_a_bug_keeps_what_was_scored_and_is_loud(
    cohort: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.scoring import batch

    real = batch.score_pair

    def broken(pair: batch.Pair, **how: object) -> batch.Row:
        if pair.case == "b":
            raise ZeroDivisionError
        return real(pair, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "score_pair", broken)
    out = tmp_path / "scores.json"
    with pytest.raises(ZeroDivisionError):
        cli.main(["score", *cohort, "--json", str(out)])
    found = json.loads(out.read_text())
    assert [case["case"] for case in found["cases"]] == ["a"]
    assert [case["case"] for case in found["failed"]] == ["b", "c", "d"]


def test_progress_is_told_on_a_terminal_only(
    cohort: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["score", *cohort])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    cli.main(["score", *cohort])
    told = capsys.readouterr().err
    assert "1 of 4 cases" in told
    assert "3 of 4 cases" in told
    assert told.endswith("\r\x1b[K")


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
