"""The Annotate page with the simple canvas, without a browser: everything but drawing."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.imaging.volume import LIVER, TUMOUR
from core.imaging.window import PRESETS, Window
from core.segmentation.prompt import Box
from pages.ui.state import Case

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
BOX = Box(90, 60, 120, 95)


@pytest.fixture
def app() -> AppTest:
    """The phantom is open on its Annotate page, on the simple canvas."""
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.button("sample_phantom").click().run()
    app.switch_page("annotate.py").run()
    return app.button("to_simple").click().run()


def case_of(app: AppTest) -> Case:
    case = app.session_state["lobule"].case
    assert isinstance(case, Case)
    return case


def with_object(app: AppTest) -> AppTest:
    case = case_of(app)
    mask = case.reference.voxels[case.z] == TUMOUR if case.reference else case.volume.hu[case.z] > 0
    case.annotation.add(case.z, mask, TUMOUR, box=BOX, score=0.91, window=PRESETS["Abdomen"])
    return app.run()


def texts(app: AppTest) -> str:
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption)])


def test_without_a_case_the_page_leads_to_one() -> None:
    app = AppTest.from_file(APP, default_timeout=60).run().switch_page("annotate.py").run()
    assert not app.exception
    assert app.title[0].value == "No CT is open"


def test_it_starts_on_the_slice_with_most_tumour_in_the_abdomen_window(app: AppTest) -> None:
    assert not app.exception
    case = case_of(app)
    assert case.reference is not None
    assert case.z == (case.reference.voxels == TUMOUR).sum(axis=(1, 2)).argmax()
    assert app.selectbox("window").value == "Abdomen"


def test_a_window_is_chosen_by_name_or_freely(app: AppTest) -> None:
    app.selectbox("window").select("Liver").run()
    assert case_of(app).window == PRESETS["Liver"]
    app.selectbox("window").select("Custom").run()
    app.number_input("level").set_value(80.0)
    app.number_input("width").set_value(250.0).run()
    assert case_of(app).window == Window(80, 250)
    assert "W250 L80" in texts(app), "the picture is one step behind"


def test_the_model_is_fed_its_own_window_until_the_reader_wants_the_screen(app: AppTest) -> None:
    app.selectbox("window").select("Liver").run()
    assert not case_of(app).feed_screen
    app.toggle("feed").set_value(True).run()
    assert case_of(app).feed_screen


def test_an_object_shows_area_confidence_and_agreement_with_the_reference(app: AppTest) -> None:
    case_of(app)
    app.session_state["lobule"].show_reference = True
    with_object(app)
    assert "confidence 0.91" in texts(app)
    assert "cm²" in texts(app)
    assert "Dice of the whole slice: tumour 1.00" in texts(app)


def test_an_object_is_relabelled_deleted_and_brought_back(app: AppTest) -> None:
    with_object(app)
    (outline,) = case_of(app).annotation.outlines
    app.selectbox(f"relabel_{outline.id}_{TUMOUR}").select(LIVER).run()
    assert [o.label for o in case_of(app).annotation.outlines] == [LIVER]
    app.button(f"delete_{outline.id}").click().run()
    assert not case_of(app).annotation.outlines
    app.button("undo").click().run()
    assert [o.label for o in case_of(app).annotation.outlines] == [LIVER]
    assert not app.exception


def test_an_object_drawn_by_hand_over_two_slices_is_deleted_from_the_one_on_the_screen(app: AppTest) -> None:
    case = case_of(app)
    mask = case.volume.hu[case.z] > 0
    number = case.annotation.draw({case.z: mask, case.z + 1: mask}, "paint", label=TUMOUR)
    app.run()
    assert "drawn by hand" in texts(app)
    app.button(f"delete_{number}").click().run()
    assert [(o.id, o.z) for o in case.annotation.outlines] == [(number, case.z + 1)]
    assert not app.exception


def test_undo_shows_the_slice_where_it_made_a_difference(app: AppTest) -> None:
    with_object(app)
    where = case_of(app).z
    case_of(app).go_to(0)
    app.run()
    app.button("undo").click().run()
    assert case_of(app).z == where


def test_a_label_of_ones_own_becomes_the_next_one(app: AppTest) -> None:
    app.text_input("label_name").set_value("cyst")
    next(button for button in app.button if button.label == "Add").click().run()
    assert not app.exception
    assert [label.name for label in case_of(app).annotation.labels] == ["liver", "tumour", "cyst"]
    assert case_of(app).label == 3


def test_undoing_a_label_goes_back_to_one_that_is_there(app: AppTest) -> None:
    app.text_input("label_name").set_value("cyst")
    next(button for button in app.button if button.label == "Add").click().run()
    app.button("undo").click().run()
    assert not app.exception
    assert case_of(app).pen.name == "tumour"


def test_an_object_can_be_asked_for_again(app: AppTest) -> None:
    with_object(app)
    (before,) = case_of(app).annotation.outlines
    app.button(f"again_{before.id}").click().run()
    assert not app.exception
    (after,) = case_of(app).annotation.outlines
    assert after.id == before.id
    assert after.score != before.score
    assert case_of(app).seen is not None


def test_the_page_says_on_what_the_model_runs_and_that_it_takes_boxes_only(app: AppTest) -> None:
    assert app.selectbox("model").value == "litemedsam"
    assert "boxes only: it was not trained on points" in texts(app)


def test_a_broken_checkpoint_is_named_and_the_page_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.pth").write_bytes(b"not a checkpoint")
    monkeypatch.setattr("core.segmentation.weights.available.__defaults__", (tmp_path,))
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.button("sample_phantom").click().run()
    app.switch_page("annotate.py").run()
    assert not app.exception
    assert "broken.pth" in app.warning[0].value
