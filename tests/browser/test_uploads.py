"""A reader's own files: DICOM as a zip and as a folder, labels, wrong files, several series."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from playwright.sync_api import expect

from core.imaging.samples import lits_117
from core.imaging.volume import TUMOUR
from core.segmentation.prompt import Box
from tests.browser.reader import Reader
from tests.core.imaging.dicom_files import PATIENT_ID, PATIENT_NAME, write_series

SPACING = (2.5, 0.7, 0.9)
FIRST, LAST = 70, 90
ROWS, COLUMNS = 120, 104


def real_ct() -> np.ndarray:
    """The HU of the real sample; below air nothing, as in the unsigned values of a scanner."""
    return lits_117()[0].hu.clip(min=-1024)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DICOM series of real CT slices, neither square nor isotropic, in a folder in a folder."""
    folder = tmp_path_factory.mktemp("study") / "portal"
    write_series(folder, real_ct()[FIRST:LAST, :ROWS, :COLUMNS], SPACING, origin=(-40.5, 12.25, -310.0))
    return folder


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return target


def expect_card(reader: Reader) -> None:
    page = reader.page
    expect(reader.button("Annotate this CT")).to_be_visible()
    expect(page.get_by_text("104 × 120 pixels, 20 slices")).to_be_visible()
    expect(page.get_by_text("0.90 × 0.70 mm, slices 2.50 mm apart")).to_be_visible()
    text = page.inner_text("body")
    assert not [word for word in (*PATIENT_NAME.split("^"), PATIENT_ID) if word.lower() in text.lower()]


def expect_mask_on_grid_of(reader: Reader, series: Path, tmp_path: Path) -> None:
    """Box the tumour on slice 9 and check the saved labels against the series as ITK reads it."""
    reader.annotate()
    reader.go_to_slice(9)
    tumour = lits_117()[1].voxels[FIRST + 8, :ROWS, :COLUMNS] == TUMOUR
    reader.draw(Box(3, 52, 27, 92), (ROWS, COLUMNS))
    saved = SimpleITK.ReadImage(str(reader.download("Labels as NIfTI", tmp_path)))
    ct = SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(series)))
    assert saved.GetSize() == ct.GetSize()
    assert saved.GetSpacing() == pytest.approx(ct.GetSpacing(), abs=1e-6)
    assert saved.GetOrigin() == pytest.approx(ct.GetOrigin(), abs=1e-4)
    assert saved.GetDirection() == pytest.approx(ct.GetDirection(), abs=1e-6)
    labels = SimpleITK.GetArrayFromImage(saved) == TUMOUR
    assert not np.delete(labels, 8, axis=0).any()
    assert (labels[8] & tumour).sum() / labels[8].sum() > 0.8


def test_a_dicom_series_opens_from_a_zip(reader: Reader, series: Path, tmp_path: Path) -> None:
    reader.upload(zipped(series, tmp_path / "study.zip"))
    expect_card(reader)
    expect_mask_on_grid_of(reader, series, tmp_path)


def test_a_dicom_series_opens_from_a_folder(reader: Reader, series: Path, tmp_path: Path) -> None:
    reader.upload_folder(series.parent)
    expect_card(reader)
    expect_mask_on_grid_of(reader, series, tmp_path)


def test_of_several_series_the_reader_chooses(reader: Reader, series: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    hu = real_ct()
    write_series(study / "a", hu[10:22, :90, :80], SeriesInstanceUID="1.2.3.1", SeriesDescription="Arterial")
    write_series(study / "b", hu[10:24, :90, :80], SeriesInstanceUID="1.2.3.2", SeriesDescription="Venous")
    reader.upload(zipped(study, tmp_path / "study.zip"))
    expect(reader.page.get_by_text("2 series")).to_be_visible()
    expect(reader.page.get_by_text("Arterial")).to_be_visible()
    expect(reader.page.get_by_text("14 slices")).to_be_visible()
    reader.button("Open this series").nth(1).click()
    expect(reader.page.get_by_text("80 × 90 pixels, 12 slices")).to_be_visible()


def test_a_wrong_file_gives_a_sentence_and_the_open_case_stays(reader: Reader, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.nii.gz"
    wrong.write_bytes(b"not an image")
    reader.button("LiTS-117 (real tumour)").click()
    expect(reader.button("Annotate this CT")).to_be_visible()
    reader.upload(wrong)
    alert = reader.page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("notes.nii.gz")
    expect(reader.page.get_by_text("The open case is as it was")).to_be_visible()
    expect(reader.page.get_by_text("128 × 128 pixels, 128 slices")).to_be_visible()
    assert "Traceback" not in reader.page.inner_text("body")


def test_labels_of_somebody_else_are_compared_with_mine(reader: Reader, series: Path, tmp_path: Path) -> None:
    ct = SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(series)))
    labels = SimpleITK.GetImageFromArray(lits_117()[1].voxels[FIRST:LAST, :ROWS, :COLUMNS])
    labels.CopyInformation(ct)
    SimpleITK.WriteImage(labels, str(tmp_path / "expert.nrrd"))
    reader.upload(zipped(series, tmp_path / "study.zip"))
    reader.button("Add labels").click()
    reader.page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(tmp_path / "expert.nrrd")
    expect(reader.page.get_by_text("This case has labels to compare with")).to_be_attached()
    reader.page.keyboard.press("Escape")
    reader.annotate()
    reader.go_to_slice(9)
    reader.draw(Box(3, 52, 27, 92), (ROWS, COLUMNS))
    expect(reader.page.get_by_text("Dice of the whole slice: tumour 0.")).to_be_visible()
