"""``train``, ``compare`` and ``predict`` from arguments to files."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core import __main__ as cli
from core.learning import jobs, runs
from core.learning.networks import NetworkConfig, build_network
from core.learning.plan import usual_plan
from core.learning.runs import State, read_progress
from core.learning.split import Split
from core.learning.trained import NetworkCard, load_network, save_network
from tests.core.learning.shapes import WINDOW, patient, save_pictures

SMALL = ("--examples", "8", "--side", "32")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for seed in range(5):
        save_pictures(tmp_path / "data", patient(seed))
    return tmp_path / "data"


def test_a_network_is_trained_named_and_finds_something_in_a_ct(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "NETWORKS", tmp_path / "networks")
    run = tmp_path / "run"
    arguments = ["--data", str(data), "--run", str(run), "--epochs", "2", *SMALL, "--name", "mine"]
    assert cli.main(["train", "cnn", *arguments, "--licence", "ours"]) == 0
    printed = capsys.readouterr().out
    assert "epoch 2: loss" in printed
    assert "finished after 2 epochs" in printed
    card = load_network("mine", tmp_path / "networks").card
    assert (card.licence, card.window) == ("ours", WINDOW)
    ct, out = tmp_path / "ct.nii.gz", tmp_path / "mask.nii.gz"
    hu = (patient(7).grey.astype(np.int16) * 200 // 255 - 40)[:, ::-1]
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(hu))
    image.SetSpacing((0.8, 0.9, 2.5))
    SimpleITK.WriteImage(image, str(ct))
    assert cli.main(["predict", str(ct), "--model", str(run / runs.BEST), "-o", str(out)]) == 0
    assert "tumour: " in capsys.readouterr().out
    written = SimpleITK.ReadImage(str(out))
    assert written.GetSize() == (64, 48, 10)
    assert written.GetSpacing() == pytest.approx((0.8, 0.9, 2.5))


def test_all_patients_can_be_learnt_from_and_no_figure_claims_to_be_validation(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = ["--data", str(data), "--run", str(run), "--epochs", "1", *SMALL, "--all"]
    assert cli.main(["train", "cnn", *arguments]) == 0
    split = runs.read_config(run)["split"]
    assert len(split["train"]) == 5
    assert split["validation"] == []
    assert load_network(run / runs.BEST).card.scores["protocol"].startswith("on the patients learnt from")


def test_a_comparison_prints_its_table_and_writes_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "table"
    arguments = ["--data", str(data), "--folds", "2", "--models", "cnn", "--epochs", "1", *SMALL, "--every", "4"]
    assert cli.main(["compare", *arguments, "--out", str(out)]) == 0
    first = capsys.readouterr().out
    assert "| Plain CNN | none |" in first
    assert "5 patients" in first
    assert (out / "table.md").read_text() in first
    assert len(json.loads((out / "table.json").read_text())["rows"]) == 4
    assert cli.main(["compare", "--out", str(out)]) == 0  # done: it only prints
    assert "| Plain CNN | none |" in capsys.readouterr().out


def test_a_training_goes_on_in_a_process_of_its_own_and_stops_when_asked(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    split = Split(("patient000", "patient001"), ("patient002",))
    plan = usual_plan("cnn", str(data), split, epochs=5000, examples=8, side=32, every=5, device="cpu")
    runs.write_config(run, plan.as_json())
    runs.start(run)
    assert read_progress(run).state is State.RUNNING
    _wait(lambda: read_progress(run).epoch >= 1)
    runs.ask_to_stop(run)
    _wait(lambda: read_progress(run).state is not State.RUNNING)
    found = read_progress(run)
    assert found.state is State.STOPPED
    assert found.epoch == len(found.epochs_log) >= 1


def _wait(done: object, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)


def test_networks_of_two_windows_vote_together_each_in_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.imaging.window import Window

    config = NetworkConfig("cnn", (4,), side=32)
    for name, window in (("a", WINDOW), ("b", Window(40, 400))):
        card = NetworkCard(name, "CNN", config, window)
        save_network(build_network(config), card, tmp_path / f"{name}.safetensors")
    models = [word for name in "ab" for word in ("--model", str(tmp_path / f"{name}.safetensors"))]
    assert cli.main(["predict", "sample:phantom", *models, "-o", str(tmp_path / "m.nii.gz")]) == 0
    assert "liver: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train"], "Say what to train on what"),
        (["train", "unet", "--data", "nowhere"], "nowhere is no folder"),
        (["compare", "--data", "nowhere", "--out", "x"], "nowhere is no folder"),
        (["compare", "--out", "nowhere"], "is no training run"),
        (["train", "--resume", "nowhere"], "is no training run"),
        (["predict", "sample:phantom", "--model", "none-such", "-o", "m.nii.gz"], "no trained network none-such"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "compare", "predict"])
def test_help_shows_examples(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "core", command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert f"python -m core {command} " in done.stdout
