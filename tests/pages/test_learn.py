"""The Learn page, without a browser; nothing is trained here."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.learning import jobs, listing, runs
from core.learning.networks import NetworkConfig, build_network
from core.learning.plan import Plan, usual_plan
from core.learning.runs import BEST, Reporter, State
from core.learning.split import Split
from core.learning.trained import NetworkCard, available_networks, save_network
from core.learning.trials import Fate, Search, Trial, write_trials
from pages.ui.state import AppState
from tests.core.learning.shapes import WINDOW, patient, save_pictures

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
LOG = [{"epoch": e, "loss": 1 / e, "seconds": 2.0, "score": 0.2 * e, "dice_liver": 0.3 * e} for e in (1, 2)]


@pytest.fixture
def place(home: Path) -> Iterator[Path]:
    """The folder of the runs, empty at first."""
    yield home / "runs"
    shutil.rmtree(home / "runs", ignore_errors=True)


@pytest.fixture
def app(place: Path) -> AppTest:
    return AppTest.from_file(APP, default_timeout=60).run()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for seed in (1, 2):
        save_pictures(folder, patient(seed, shape=(6, 48, 64)))
    (folder / "images" / "lonely.png").write_bytes(b"")
    return folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was started; `tests.browser.test_learning` starts it indeed."""
    found: list[Path] = []
    monkeypatch.setattr(runs, "start", lambda folder: found.append(folder) or 0)
    return found


def shown(app: AppTest) -> AppTest:
    app.switch_page("learn.py").run()
    assert not app.exception
    return app


def state_of(app: AppTest) -> AppState:
    state: AppState = app.session_state["lobule"]
    return state


def plan(model: str = "cnn") -> Plan:
    return usual_plan(model, "data", Split(("a",), ("b",)), epochs=4)  # type: ignore[arg-type]


def save_run(folder: Path, state: State = State.STOPPED, pid: int = 0) -> Path:
    runs.write_config(folder, plan().as_json())
    reporter = Reporter(folder, 4)
    reporter.rewrite(LOG)
    reporter.ended(state, "Stopped as asked; it can go on.", 2)
    if state is State.RUNNING:
        told = {"state": "running", "pid": pid, "epoch": 2, "epochs": 4, "share": 0.5, "eta_s": 61.0, "sentence": "x"}
        (folder / runs.STATE).write_text(json.dumps(told))
    return folder


def save_result(folder: Path) -> None:
    config = NetworkConfig("cnn", (4,), side=32)
    save_network(build_network(config), NetworkCard("mine", "Plain CNN", config, WINDOW), folder / BEST)


def texts(app: AppTest) -> str:
    return "\n".join(each.value for kind in (app.markdown, app.caption, app.error, app.success) for each in kind)


def test_a_look_into_a_folder_counts_patients_and_names_what_is_left_out(app: AppTest, data: Path) -> None:
    shown(app).text_input("learn_data_folder").set_value(str(data)).run()
    app.button("learn_data_look").click().run()
    work = state_of(app).learning.data.work  # type: ignore[union-attr]
    assert work is None or work.wait(60)
    app.run()
    assert not app.exception
    assert {each.label: each.value for each in app.metric} == {
        "Patients": "2", "With tumour": "2", "Slices": "12", "Slices with tumour": "2"
    }  # fmt: skip
    assert "lonely.png was left out" in app.dataframe[0].value["What and why"][0]


def test_a_wrong_folder_is_told_in_a_sentence(app: AppTest, tmp_path: Path) -> None:
    shown(app).text_input("learn_data_folder").set_value(str(tmp_path / "nowhere")).run()
    app.button("learn_data_look").click().run()
    assert "nowhere is no folder" in app.error[0].value
    app.button("learn_start").click().run()
    assert "nowhere is no folder" in texts(app)


def test_what_is_chosen_becomes_a_run_and_is_started(
    app: AppTest, data: Path, place: Path, started: list[Path]
) -> None:
    shown(app).text_input("learn_data_folder").set_value(str(data)).run()
    app.number_input("learn_data_level_hu").set_value(40).run()
    app.number_input("learn_data_liver").set_value(0).run()
    app.selectbox("learn_model").set_value("unet").run()
    app.number_input("learn_unet_small_epochs").set_value(7).run()
    app.selectbox("learn_unet_small_width").set_value(2.0).run()
    app.text_input("learn_name").set_value("mine").run()
    app.button("learn_start").click().run()
    assert not app.exception
    assert started == [place / "mine"]
    found = Plan.from_json(runs.read_config(place / "mine"))
    assert (found.model, found.settings.epochs, found.data, found.values) == ("unet", 7, str(data), {2: 2})
    assert (found.window.level_hu, found.split.train) == (40, ())
    assert found.network
    assert found.network.widths == (32, 64, 128, 256, 512)
    assert any("mine · U-Net" in each.value for each in app.subheader)


def test_a_training_shows_its_curves_and_can_go_on(app: AppTest, place: Path, started: list[Path]) -> None:
    save_run(place / "mine")
    shown(app)
    assert "Stopped as asked; it can go on. (2 of 4 epochs)" in texts(app)
    assert {each.label: each.value for each in app.metric}["Dice of liver"] == "0.600"
    app.button("run_go_on").click().run()
    assert started == [place / "mine"]


def test_a_training_that_was_killed_is_said_to_be_interrupted(app: AppTest, place: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    save_run(place / "mine", State.RUNNING, gone.pid)
    shown(app)
    assert "ended without a word. It can go on." in app.error[0].value
    assert app.button("run_go_on")


def test_a_running_training_says_how_long_it_takes_and_is_asked_to_stop(app: AppTest, place: Path) -> None:
    folder = save_run(place / "mine", State.RUNNING, os.getpid())
    shown(app)
    app.button("run_stop").click().run()
    assert (folder / runs.STOP).exists()
    assert app.button("run_stop").disabled


def test_a_training_is_deleted_and_the_next_one_is_shown(app: AppTest, place: Path) -> None:
    save_run(place / "older")
    save_run(place / "mine")
    os.utime(place / "older" / runs.CONFIG, (1, 1))
    shown(app)
    app.button("run_delete").click().run()
    assert [one.name for one in listing.listed(place, listing.Kind.TRAINING)] == ["older"]
    assert any("older · Plain CNN" in each.value for each in app.subheader)


def test_a_network_becomes_one_of_the_models_under_a_name(
    app: AppTest, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "NETWORKS", tmp_path)
    save_result(save_run(place / "mine", State.FINISHED))
    shown(app).text_input("model_name_mine").set_value("my cnn").run()
    app.button("run_add").click().run()
    assert "is no name for a model" in texts(app)
    app.text_input("model_name_mine").set_value("my-cnn").run()
    app.button("run_add").click().run()
    assert "my-cnn is one of your networks" in texts(app)
    assert [card.name for card in available_networks(tmp_path)[0]] == ["my-cnn"]


def test_a_search_shows_what_was_tried_and_fills_the_form_with_the_best(app: AppTest, place: Path, data: Path) -> None:
    runs.write_config(place / "tried", Search("unet", str(data)).as_json())
    settings = {"rate": 0.004, "loss": "bce", "width": 0.5}
    write_trials(place / "tried", [
        Trial(0, Fate.DONE, 0.4, settings | {"rate": 0.001}, (0.3, 0.4)), Trial(1, Fate.DONE, 0.6, settings, (0.6,)),
        Trial(2, Fate.PRUNED, 0.1, settings | {"loss": "dice"}, (0.1,)),
    ])  # fmt: skip
    Reporter(place / "tried", 3).ended(State.FINISHED, "The best of 3 trials scored 0.600.", 3)
    shown(app)
    assert app.dataframe[0].value["State"].tolist() == ["done", "done", "given up"], "the best first"
    app.button("search_use").click().run()
    assert not app.exception
    assert app.number_input("learn_unet_small_rate").value == 0.004
    assert app.selectbox("learn_unet_small_loss").value == "bce"
    assert app.selectbox("learn_unet_small_width").value == 0.5
    assert app.text_input("learn_data_folder").value == str(data)


def test_a_search_is_started_on_the_data_that_were_chosen(
    app: AppTest, place: Path, data: Path, started: list[Path]
) -> None:
    shown(app)
    state_of(app).learning.mode = "search"  # type: ignore[union-attr]
    app.run()
    app.text_input("search_data_folder").set_value(str(data)).run()
    app.number_input("search_trials").set_value(5).run()
    app.button("search_start").click().run()
    assert not app.exception
    found = Search.from_json(runs.read_config(started[0]))
    assert (found.model, found.trials, found.data, found.changes) == ("unet", 5, str(data), {"epochs": 6})


def test_a_server_that_others_can_reach_shows_no_folder_and_trains_nothing(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.ui.here._HERE", ())
    shown(app)
    assert "Others can reach this server" in app.info[0].value
    assert not [button for button in app.button if button.key == "learn_start"]
