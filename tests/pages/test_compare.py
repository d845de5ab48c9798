"""The Compare page, without a browser; nothing is trained here."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.learning import runs
from core.learning.plan import MODELS
from core.learning.published import publish
from core.learning.runs import Reporter, State
from core.learning.study import Study
from pages.ui.compare import choose, results
from pages.ui.state import AppState
from tests.core.learning.studies import save_study

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the runs, empty at first; nothing comes with Lobule."""
    for module in (choose, results):
        monkeypatch.setattr(module, "SHIPPED", tmp_path / "shipped")
    yield home / "runs"
    shutil.rmtree(home / "runs", ignore_errors=True)


@pytest.fixture
def app(place: Path) -> AppTest:
    return AppTest.from_file(APP, default_timeout=60).run()


def shown(app: AppTest, tab: str = "") -> AppTest:
    app.switch_page("compare.py").run()
    if tab:
        app.session_state["compare_views"] = tab
        app.run()
    assert not app.exception
    return app


def state_of(app: AppTest) -> AppState:
    state: AppState = app.session_state["lobule"]
    return state


def texts(app: AppTest) -> str:
    return "\n".join(each.value for kind in (app.markdown, app.caption, app.info, app.error) for each in kind)


def test_without_any_comparison_the_page_says_how_to_begin(app: AppTest) -> None:
    assert "There is no comparison yet" in texts(shown(app))


def test_the_table_says_protocol_means_and_paired_tests(app: AppTest, place: Path) -> None:
    save_study(place / "mine")
    shown(app)
    assert "Done: 7 patients in 2 folds" in texts(app)
    table, tests = (each.value for each in app.dataframe)
    assert table["Model"].tolist() == ["U-Net", "Plain CNN"]
    assert table["Prompts"].tolist() == ["none", "none"]
    assert table["Tumour Dice (= F1)"].tolist() == [pytest.approx(0.6), pytest.approx(0.5)]
    assert table["Tumour made up"].tolist() == ["0 of 1", "1 of 1"]
    assert tests["First less second"][0] == "U-Net (none) less Plain CNN (none)"
    assert tests["Wilcoxon p"][0] == "0.031"


def test_the_worst_patient_of_a_model_comes_first(app: AppTest, place: Path) -> None:
    save_study(place / "mine")
    shown(app, "Every patient")
    worst = app.dataframe[0].value
    assert worst["Patient"].tolist()[:2] == ["p4", "p0"]
    assert worst["Value"].tolist()[0] == pytest.approx(0.4)
    app.selectbox("spread_figure").set_value("1 dice").run()
    assert len(app.dataframe[0].value) == 7, "every patient has a liver"


def test_a_slice_stands_beside_its_label_and_what_every_model_found(app: AppTest, place: Path, tmp_path: Path) -> None:
    save_study(place / "mine", tmp_path / "data")
    shown(app, "Side by side")
    captions = [each.value for each in app.caption]
    assert any(text.startswith("**U-Net · Dice 1.00**") for text in captions)
    assert any(text.startswith("**Plain CNN · Dice 0.00**") for text in captions)
    assert app.select_slider("slices_z").value == 4, "the slice with most tumour, from 1"
    app.select_slider("slices_z").set_value(2).run()
    assert any(text.startswith("**U-Net · Dice –**") for text in (each.value for each in app.caption))
    app.selectbox("slices_show").set_value("errors-1").run()
    assert any(text.startswith("**Plain CNN · Dice 1.00**") for text in (each.value for each in app.caption))


def test_without_its_data_a_comparison_still_shows_its_figures(app: AppTest, place: Path) -> None:
    save_study(place / "mine")
    shown(app, "Side by side")
    assert "Pictures need the data" in app.info[0].value


def test_the_comparison_that_comes_with_lobule_is_there_without_training(
    app: AppTest, place: Path, tmp_path: Path
) -> None:
    publish(save_study(tmp_path / "study"), tmp_path / "shipped", "Seven made-up patients.")
    shown(app)
    assert "Seven made-up patients." in texts(app)
    assert app.selectbox("compare_study").options == ["The comparison of Lobule's own models"]
    assert not [button for button in app.button if button.key == "run_delete"]


def test_a_comparison_that_was_stopped_goes_on_when_asked(
    app: AppTest, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(runs, "start", lambda folder: started.append(folder) or 0)
    Reporter(save_study(place / "mine"), 6).ended(State.STOPPED, "Stopped as asked.", 4)
    shown(app)
    assert "Stopped as asked. (4 of 6 parts)" in texts(app)
    app.button("run_go_on").click().run()
    assert started == [place / "mine"]


def test_a_new_comparison_is_what_was_chosen(
    app: AppTest, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(runs, "start", lambda folder: started.append(folder) or 0)
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "a.png").touch()
    shown(app).button("compare_new").click().run()
    app.text_input("compare_data_folder").set_value(str(tmp_path)).run()
    app.number_input("compare_folds").set_value(5).run()
    app.number_input("compare_epochs").set_value(2).run()
    app.button("compare_start").click().run()
    assert not app.exception
    found = Study.from_json(runs.read_config(started[0]))
    assert (found.data, found.folds, found.models) == (str(tmp_path), 5, MODELS)
    assert found.changes
    assert found.changes["vnet"] == {"epochs": 2}
    assert state_of(app).studies.folder == started[0]  # type: ignore[union-attr]
    assert "No patient is scored yet" in texts(app)
