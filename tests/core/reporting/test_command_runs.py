"""How the score command runs: several cases at once, progress, Ctrl+C and bugs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import __main__ as cli
from tests.core.scoring.files import Write

ROOT = Path(__file__).parents[3]


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
