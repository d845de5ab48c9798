"""The Results page without a browser: figures, report and files of the case that is open."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from pydicom import dcmread
from streamlit.testing.v1 import AppTest

from core.editing.proposing import Found, propose
from core.imaging.reading import read_mask, read_volume
from core.workspace.privacy import Export, leaving
from pages.ui.shelf import open_volume
from pages.ui.state import AppState, Case
from tests.core.imaging.dicom_files import PATIENT_ID
from tests.core.reporting.export.dicom import Written, written
from tests.core.workspace.cases import CARD

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")


def app_with(case: Written, source: Path | None) -> AppTest:
    """Show the results of a case with a liver, tumours and a label of the reader's own."""
    app = AppTest.from_file(APP, default_timeout=60).run()
    state: AppState = app.session_state["lobule"]
    opened = open_volume(state, case.volume, origin=source)
    own = opened.annotation.add_label("囊肿").value
    for value, label in ((1, 1), (2, 2), (7, own)):
        held = case.segmented.mask.voxels == value
        opened.annotation.draw({z: held[z] for z in range(len(held)) if held[z].any()}, "paint", label=label)
    return settled(app.switch_page("results.py").run())


def settled(app: AppTest) -> AppTest:
    """Run the page until nothing is being made."""
    assert not app.exception
    outcome = case_of(app).outcome
    assert outcome is not None
    for work in (outcome.measuring, outcome.work):
        if work is not None:
            assert work.wait(60)
    app.run()
    assert not app.exception
    return app


def case_of(app: AppTest) -> Case:
    case = app.session_state["lobule"].case
    assert case is not None
    return case  # type: ignore[no-any-return]


def view(app: AppTest, name: str) -> AppTest:
    return app.button_group(key="results_view").set_value(name).run()


def made(app: AppTest, kind: str) -> tuple[str, bytes]:
    app.button(f"make_{kind}").click().run()
    settled(app)
    outcome = case_of(app).outcome
    assert outcome is not None
    assert not outcome.trouble
    assert any(outcome.parcel[kind].name in button.label for button in app.get("download_button"))
    return outcome.parcel[kind].name, outcome.parcel[kind].data


@pytest.fixture
def series(tmp_path: Path) -> Written:
    return written(tmp_path / "Hofmann", "oblique")


def test_without_anything_drawn_the_page_leads_to_where_one_draws() -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.switch_page("results.py").run()
    assert not app.exception
    assert "outline something" in app.markdown[0].value
    app.switch_page("open.py").run().button("sample_phantom").click().run()
    app.switch_page("results.py").run()
    assert "Nothing is outlined" in app.markdown[0].value


def test_proposals_alone_are_no_results_and_the_page_says_that_they_wait(series: Written) -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    case = open_volume(app.session_state["lobule"], series.volume)
    found = Found(1, {1: series.segmented.mask.voxels[1] == 1}, 0.9)
    assert found.masks[1].any()
    propose(case.annotation, (found,), CARD, None)
    app.switch_page("results.py").run()
    assert "Only proposals are on this CT" in app.markdown[0].value
    assert "results_view" not in [group.key for group in app.button_group]


def test_lesions_stand_in_the_table_with_ml_and_diameters(series: Written) -> None:
    app = app_with(series, None)
    voxels = series.segmented.mask.voxels
    table = app.dataframe[0].value
    assert table.iloc[0]["What"] == "Tumour 1"
    assert table.iloc[0]["Volume ml"] == pytest.approx((voxels == 2).sum() * 2.5 * 0.75 * 0.8 / 1000)
    assert table.iloc[0]["Mean HU"] == pytest.approx(series.volume.hu[voxels == 2].mean())
    assert table.iloc[0]["Across mm"] <= table.iloc[0]["Longest mm"]
    assert [metric.value for metric in app.metric if metric.label == "Tumour"] == ["1 lesion"]


def test_what_is_drawn_since_is_measured_anew(series: Written) -> None:
    app = app_with(series, None)
    before = app.dataframe[0].value.shape[0]
    mask = np.zeros(series.volume.grid.shape[1:], bool)
    mask[1, 20:23] = True
    case_of(app).annotation.draw({0: mask}, "paint", label=2)
    app.run()
    assert settled(app).dataframe[0].value.shape[0] == before + 1


def test_the_button_under_the_picture_shows_the_slice_in_the_viewer(series: Written) -> None:
    app = app_with(series, None)
    case = case_of(app)
    case.z = 0
    at = int(app.dataframe[0].value.iloc[0]["On slice"])
    assert at != 1
    app.button("show_lesion").click().run()
    assert case.z == at - 1


def test_a_report_is_made_in_the_language_and_form_that_were_chosen(series: Written) -> None:
    app = view(app_with(series, None), "report")
    app.radio("report_language").set_value("zh")
    app.radio("report_form").set_value("pdf").run()
    name, data = made(app, "report")
    assert name == f"lobule-{series.volume.key[:8]}-report-zh.pdf"
    document = pypdfium2.PdfDocument(data)
    text = document[0].get_textpage()
    assert "分割报告" in text.get_text_range().replace(" ", "")
    text.close()
    document.close()


def test_the_formats_that_were_ticked_come_in_one_zip_and_name_nobody(series: Written) -> None:
    app = view(app_with(series, None), "files")
    assert app.checkbox("kind_dicomseg").disabled, "the series is not at hand"
    assert any("Give the series again" in caption.value for caption in app.caption)
    for kind in ("nrrd", "csv", "coco"):
        app.checkbox(f"kind_{kind}").check()
    app.run()
    name, data = made(app, "files")
    assert name == f"lobule-{series.volume.key[:8]}.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        assert {"".join(Path(name).suffixes) for name in pack.namelist()} == {
            ".nii.gz", ".seg.nrrd", ".csv", ".json", ".txt",
        }  # fmt: skip
        held = b"".join(pack.read(name) for name in pack.namelist())
    assert PATIENT_ID.encode() not in held


def test_a_series_that_is_at_hand_makes_dicom_that_reads_back(series: Written, tmp_path: Path) -> None:
    app = view(app_with(series, series.folder), "files")
    app.checkbox("kind_nifti").uncheck()
    app.checkbox("kind_dicomseg").check().run()
    name, data = made(app, "files")
    assert name.endswith("-seg.dcm")
    (tmp_path / name).write_bytes(data)
    assert dcmread(tmp_path / name).PatientID == PATIENT_ID
    back = read_mask(tmp_path / name, read_volume(series.folder)).voxels
    assert np.array_equal(back > 0, series.segmented.mask.voxels > 0)


def test_a_report_and_pictures_are_listed_among_what_leaves(series: Written) -> None:
    app = view(app_with(series, None), "files")
    kept = case_of(app).kept
    assert kept is not None
    listed = {one.what: one.exports for one in leaving(kept)}
    assert Export.PICTURES in listed["slices of the CT, with what is burnt into them"]
    assert Export.REPORT in listed["name of a label"]
    assert any("burnt" in str(value) for value in app.dataframe[0].value["What"])
