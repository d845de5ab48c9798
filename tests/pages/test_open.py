"""The Open page, without a browser."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from streamlit.testing.v1 import AppTest

from core.errors import CaseError
from core.workspace.library import Library

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(APP, default_timeout=60).run()


def texts(app: AppTest) -> str:
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption), *(t.value for t in app.title)])


def headings(app: AppTest) -> list[str]:
    return [heading.value for heading in app.subheader]


def facts(app: AppTest) -> str:
    return app.table[0].value.to_string()


def upload(app: AppTest, *files: Path) -> AppTest:
    uploader = next(uploader for uploader in app.file_uploader if str(uploader.key).startswith("files_"))
    uploader.set_value([(path.name, path.read_bytes(), "application/octet-stream") for path in files])
    return app.run()


def image(path: Path, hu: np.ndarray) -> Path:
    """Save 2.5 × 0.7 × 0.9 mm voxels."""
    picture = SimpleITK.GetImageFromArray(hu)
    picture.SetSpacing((0.9, 0.7, 2.5))
    SimpleITK.WriteImage(picture, str(path))
    return path


@pytest.fixture
def hu() -> np.ndarray:
    return np.random.default_rng(5).normal(40, 200, (5, 20, 24)).astype(np.int16)


def test_the_first_screen_offers_the_samples_and_says_what_lobule_is_not(app: AppTest) -> None:
    assert not app.exception
    assert app.title[0].value == "Open a CT"
    assert "Not a medical device" in texts(app)
    assert {button.key for button in app.button} == {"sample_lits-117", "sample_phantom"}


def test_one_click_opens_the_real_sample_and_says_that_millimetres_are_unknown(app: AppTest) -> None:
    app.button("sample_lits-117").click().run()
    assert not app.exception
    assert "128 × 128 pixels, 128 slices" in facts(app)
    assert "not known: no millimetres" in facts(app)


def test_the_phantom_is_called_synthetic(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    assert "Phantom (synthetic)" in headings(app)
    assert "slices 4.00 mm apart" in facts(app)


def test_an_uploaded_ct_shows_its_card(app: AppTest, hu: np.ndarray, tmp_path: Path) -> None:
    upload(app, image(tmp_path / "scan.nii.gz", hu))
    assert not app.exception
    assert "24 × 20 pixels, 5 slices" in facts(app)
    assert "0.90 × 0.70 mm, slices 2.50 mm apart" in facts(app)


def test_a_wrong_file_is_one_sentence_and_the_open_case_stays(app: AppTest, tmp_path: Path) -> None:
    app.button("sample_phantom").click().run()
    wrong = tmp_path / "holiday.nii"
    wrong.write_bytes(b"x" * 100)
    upload(app, wrong)
    assert not app.exception
    assert "holiday.nii" in app.error[0].value
    assert "Phantom (synthetic)" in headings(app)


def test_opening_another_case_keeps_the_first(app: AppTest) -> None:
    app.button("sample_lits-117").click().run()
    app.button("sample_phantom").click().run()
    state = app.session_state["lobule"]
    assert [case.volume.source.name for case in state.cases.values()] == ["LiTS-117", "Phantom (synthetic)"]
    app.selectbox("case").select_index(0).run()
    assert state.case.volume.source.name == "LiTS-117"


def test_what_was_opened_last_is_shown_however_many_cases_are_open(
    app: AppTest, hu: np.ndarray, tmp_path: Path
) -> None:
    app.button("sample_lits-117").click().run()
    app.button("sample_phantom").click().run()
    upload(app, image(tmp_path / "third.nrrd", hu))
    assert "24 × 20 pixels, 5 slices" in facts(app)
    app.button("sample_lits-117").click().run()
    assert "128 × 128 pixels, 128 slices" in facts(app)
    app.selectbox("case").select_index(2).run()
    assert "24 × 20 pixels, 5 slices" in facts(app)


def test_one_ct_stored_in_two_directions_is_two_cases(app: AppTest, hu: np.ndarray, tmp_path: Path) -> None:
    upload(app, image(tmp_path / "axial.nrrd", hu))
    turned = SimpleITK.PermuteAxes(SimpleITK.ReadImage(str(tmp_path / "axial.nrrd")), (2, 0, 1))
    SimpleITK.WriteImage(turned, str(tmp_path / "turned.nrrd"))
    upload(app, tmp_path / "turned.nrrd")
    case = app.session_state["lobule"].case
    assert case.volume.source.grid.shape == (20, 24, 5)
    assert (case.volume.hu == hu).all()


def test_an_error_goes_when_something_else_is_opened(app: AppTest, tmp_path: Path) -> None:
    wrong = tmp_path / "holiday.nii"
    wrong.write_bytes(b"x" * 100)
    upload(app, wrong)
    assert app.error
    app.button("sample_phantom").click().run()
    assert not app.error


def test_a_file_name_is_shown_letter_by_letter(app: AppTest, hu: np.ndarray, tmp_path: Path) -> None:
    upload(app, image(tmp_path / "a_*b*_:red[c].nrrd", hu))
    assert r"a\_\*b\*\_\:red\[c\].nrrd" in headings(app)


def test_a_resampled_copy_brings_its_reference_along(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    app.checkbox("resample").check().run()
    app.number_input("resample_mm").set_value(4.0).run()
    app.button("prepare").click().run()
    assert not app.exception
    first, copy = app.session_state["lobule"].cases.values()
    assert copy.volume.grid.spacing == pytest.approx((4, 4, 4))
    assert copy.reference.grid is copy.volume.grid
    volumes = [(c.reference.voxels == 2).sum() * np.prod(c.volume.grid.spacing) for c in (first, copy)]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.05)


def test_closing_a_case_that_could_not_be_kept_asks_first(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise CaseError("The disk is full. Free some space.")

    monkeypatch.setattr(Library, "open", full)
    app.button("sample_phantom").click().run()
    assert any("The disk is full" in warning.value for warning in app.warning)
    case = app.session_state["lobule"].case
    case.annotation.add(3, case.volume.hu[3] > 0, 2)
    app.button("close").click().run()
    assert app.session_state["lobule"].case is case
    app.button("discard").click().run()
    assert app.session_state["lobule"].case is None


def test_closing_a_case_that_is_kept_does_not_ask_for_nothing_is_lost(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = app.session_state["lobule"].case
    case.annotation.add(3, case.volume.hu[3] > 0, 2)
    app.button("close").click().run()
    assert app.session_state["lobule"].case is None
    app.button("sample_phantom").click().run()
    assert len(app.session_state["lobule"].case.annotation) == 1


def test_closing_an_untouched_case_does_not_ask(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    app.button("close").click().run()
    assert app.session_state["lobule"].case is None


def test_a_denoised_copy_opens_beside_the_original(app: AppTest, hu: np.ndarray, tmp_path: Path) -> None:
    upload(app, image(tmp_path / "scan.nrrd", hu))
    app.selectbox("denoise").select("median").run()
    app.button("prepare").click().run()
    assert not app.exception
    first, copy = app.session_state["lobule"].cases.values()
    assert (first.volume.hu == hu).all()
    assert copy.volume.hu.std() < first.volume.hu.std()
    assert app.session_state["lobule"].case is copy
