"""The pages in Chinese, and the switch: nothing but the words changes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import CaseError
from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import PRESETS
from core.segmentation.prompt import Box
from core.workspace.library import Library
from pages.ui.state import AppState
from pages.ui.words import catalogue
from tests.pages.test_cohorts import folders, rows, zipped  # noqa: F401
from tests.pages.test_cohorts import group as picker
from tests.pages.test_metrics import drawn, labels_file, upload

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
ENGLISH, CHINESE = catalogue("en"), catalogue("zh")
ONLY_ENGLISH = {text for key, text in ENGLISH.items() if CHINESE[key] != text and not key.startswith("core.")}
VIEWS = ["Errors", "Distances", "Side by side", "3-D surface"]


@pytest.fixture
def app() -> AppTest:
    """Somebody whose browser speaks Chinese."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.context = {"locale": "zh-CN"}
    return app.run()


def state_of(app: AppTest) -> AppState:
    state = app.session_state["lobule"]
    assert isinstance(state, AppState)
    return state


def switch(app: AppTest, language: str) -> AppTest:
    return picker(app, "language").set_value(language).run()


def texts(app: AppTest) -> Iterator[str]:
    """Yield all that is on the screen."""
    for element in app._tree:  # dialogs are not in `app.main`
        options: Any = getattr(element, "options", None)
        yield from (str(option) for option in options or ())
        for field in ("label", "help", "placeholder", *(() if options else ("value",))):  # a picker's value is a key
            text: Any = getattr(element, field, None)
            if isinstance(text, str):
                yield from text.replace("**", "").replace("##### ", "").split(" · ")
    for table in (*app.dataframe, *app.table):
        yield from (str(name) for name in table.value.columns if name != "value")  # a table without a head


def english(app: AppTest) -> set[str]:
    assert not app.exception
    return ONLY_ENGLISH & set(texts(app))


def test_a_chinese_browser_is_spoken_to_in_chinese(app: AppTest) -> None:
    assert app.title[0].value == "打开 CT"
    assert not english(app)


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", None])
def test_any_other_browser_is_spoken_to_in_english(locale: str | None) -> None:
    app = AppTest.from_file(APP, default_timeout=60)
    app.context = {"locale": locale}
    assert app.run().title[0].value == "Open a CT"


def test_an_open_case_is_described_in_chinese(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise CaseError("The disk is full. Free some space.")

    monkeypatch.setattr(Library, "open", full)  # only what could not be kept is asked for on closing
    app.button("sample_phantom").click().run()
    assert not english(app)
    assert app.subheader[0].value == "体模（合成）"
    assert "48 层" in app.table[0].value.to_string()
    case = state_of(app).case
    assert case is not None
    case.annotation.add(20, case.volume.hu[20] > 0, TUMOUR)
    app.button("close").click().run()
    assert not english(app)
    assert "其掩膜将一并删除。如需保留，请先导出。" in texts(app)


@pytest.mark.parametrize("simple", [False, True])
def test_annotate_is_drawn_in_chinese(app: AppTest, simple: bool) -> None:
    app.switch_page("annotate.py").run()
    assert app.title[0].value == "尚未打开 CT"
    assert not english(app)
    app.switch_page("open.py").run().button("sample_phantom").click().run()
    app.switch_page("annotate.py").run()
    if simple:
        app.button("to_simple").click().run()
    case = state_of(app).case
    assert case is not None
    case.annotation.add(case.z, case.volume.hu[case.z] > 0, TUMOUR, box=Box(90, 60, 120, 95), score=0.5)
    app.run()
    assert not english(app)
    if simple:
        assert app.button("undo").help == "撤销：框选（第 28 层）"
        assert list(picker(app, "label_zh").options) == ["肝脏", "肿瘤"]
        assert "置信度 0.50，之后经手工修改" in " ".join(texts(app))


def score(app: AppTest, folder: Path) -> None:
    reference, predicted = drawn(np.s_[1:3, 2:5, 2:6]), drawn(np.s_[1:3, 2:5, 3:7]) + drawn(np.s_[0, 0, :2], value=2)
    app.switch_page("metrics.py").run()
    upload(app, "predicted_", labels_file(folder / "mine.nrrd", predicted))
    upload(app, "reference_file_", labels_file(folder / "truth.nrrd", reference))


@pytest.mark.parametrize("view", VIEWS)
def test_one_pair_is_scored_in_chinese(app: AppTest, tmp_path: Path, view: str) -> None:
    score(app, tmp_path)
    assert app.title[0].value == "评估"
    assert not english(app)
    app.button("score").click().run()
    picker(app, "metrics_view_zh").set_value(view).run()
    assert not english(app)
    assert "体积差" in {metric.label for metric in app.metric}
    assert [label.name for label in state_of(app).scored.card.labels] == ["liver", "tumour"]  # type: ignore[union-attr]


def test_many_cases_are_scored_in_chinese(app: AppTest, folders: Path) -> None:  # noqa: F811
    app.switch_page("metrics.py").run()
    picker(app, "metrics_mode_zh").set_value("Many cases").run()
    assert not english(app)
    for what, folder in (("prediction", "mine"), ("reference", "truth"), ("second_prediction", "second")):
        key = f"cohort_{what}_files"
        next(each for each in app.file_uploader if each.key == key).set_value(zipped(folders / folder))
        app.run()
    assert not english(app)
    app.button("score_cohort").click().run()
    cohort = state_of(app).cohort
    assert cohort is not None
    assert cohort.work is not None
    assert not english(app)
    cohort.work.wait(60)
    app.run()
    assert not english(app)
    assert "Dice（病例均值）" in {metric.label for metric in app.metric}


def test_several_readers_are_compared_in_chinese(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = state_of(app).case
    assert case is not None
    case.annotation.add(20, case.volume.hu[20] > 0, LIVER)
    app.switch_page("metrics.py").run()
    picker(app, "metrics_mode_zh").set_value("Several readers").run()
    app.checkbox("reader_my masks").check().run()
    app.checkbox("reader_reference").check().run()
    assert not english(app)
    app.button("compare_readers").click().run()
    readers = state_of(app).readers
    assert readers is not None
    assert readers.work is not None
    readers.work.wait(60)
    app.run()
    assert not english(app)
    assert readers.compared is not None
    assert readers.compared.gathering.names == ("我的掩膜", "参考")


def test_switching_changes_the_words_and_nothing_else(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    app.switch_page("annotate.py").run()
    app.button("to_simple").click().run()
    app.selectbox("window_zh").select("Liver").run()
    app.selectbox("height_zh").select(600).run()
    app.slider("opacity").set_value(0.6).run()
    picker(app, "label_zh").set_value(LIVER).run()
    switch(app, "en")
    assert not app.exception
    assert app.selectbox("window").value == "Liver"
    assert app.selectbox("height").value == 600
    assert app.slider("opacity").value == 0.6
    assert picker(app, "label").value == LIVER
    assert list(picker(app, "label").options) == ["Liver", "Tumour"]
    switch(app, "zh")
    case = state_of(app).case
    assert case is not None
    assert (case.window, case.label, state_of(app).height) == (PRESETS["Liver"], LIVER, 600)
    assert app.selectbox("window_zh").options[1].startswith("肝脏")


def test_a_comparison_stays_when_the_language_changes(app: AppTest, tmp_path: Path) -> None:
    score(app, tmp_path)
    app.text_input("name_2_zh").set_value("囊肿").run()
    app.button("score").click().run()
    picker(app, "metrics_view_zh").set_value("Distances").run()
    switch(app, "en")
    assert app.title[0].value == "Metrics"
    assert picker(app, "metrics_view").value == "Distances"
    assert {metric.label: metric.value for metric in app.metric}["Dice (F1)"]
    scored = state_of(app).scored
    assert scored is not None
    assert [label.name for label in scored.card.labels] == ["liver", "囊肿"], "a name that was typed stays"
    assert any("mine.nrrd against truth.nrrd" in text for text in texts(app))
    switch(app, "zh")
    assert any("mine.nrrd 对照 truth.nrrd" in text for text in texts(app))


def test_copies_are_prepared_as_was_chosen_in_either_language(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    app.selectbox("denoise_zh").select("median").run()
    switch(app, "en")
    assert app.selectbox("denoise").value == "median"
    assert not app.button("prepare").disabled
