"""From strokes to figures, labels in space, report and files; nobody is named but where that is asked for."""

import io
import zipfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect
from pydicom import dcmread

from tests.browser.reader import MODEL_MS, Reader
from tests.browser.viewer import Viewer
from tests.core.imaging.dicom_files import PATIENT_ID, write_series
from tests.core.reporting.export.dicom import COMPLETE
from tests.core.workspace.test_privacy import TELLING, traces

SHAPE = (9, 96, 120)


def series(folder: Path) -> list[Path]:
    """Write a patient's series: a bright liver in grey."""
    _, y, x = np.indices(SHAPE)
    hu = np.random.default_rng(4).integers(-20, 20, SHAPE).astype(np.int16)
    hu[(y - 50) ** 2 + (x - 60) ** 2 < 900] += 110
    return write_series(folder, hu, **COMPLETE | {"SeriesDescription": "Hofmann Wilhelmine portal"})


def saved(page: Page, make: str, folder: Path) -> Path:
    """Have something made, and save it."""
    page.get_by_role("button", name=make).click()
    save = page.get_by_role("button", name="Save lobule-")
    save.wait_for(timeout=MODEL_MS)
    with page.expect_download() as waiting:
        save.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def names_nobody(page: Page) -> bool:
    return not TELLING.search(page.content() + page.url + page.title())


def test_a_patient_is_on_no_page_and_in_no_file_but_the_dicom_that_was_asked_for(
    reader: Reader, app_folder: Path, home: Path, tmp_path: Path
) -> None:
    page, files = reader.page, series(tmp_path / "series")
    page.set_default_timeout(MODEL_MS)  # busy processors draw out what is loaded for the first time
    reader.upload(*files)
    reader.button("Annotate this CT").click()
    viewer = Viewer(reader)
    assert names_nobody(page)
    for tool, stroke in (("brush", ((44, 50), (52, 66))), ("brush", ((60, 60), (62, 70)))):
        viewer.tool(tool)
        viewer.drag(*stroke)
        viewer.settle()
    page.get_by_role("link", name="Results").first.click()
    expect(page.get_by_text("Whole labels")).to_be_visible(timeout=MODEL_MS)  # waits for what measures to be loaded
    expect(page.get_by_text("Longest diameter", exact=True)).to_be_visible()
    assert names_nobody(page)

    page.get_by_role("radio", name="3-D").click()
    page.locator(".js-plotly-plot canvas").first.wait_for(timeout=MODEL_MS)
    page.get_by_role("radio", name="Report").click()
    report = saved(page, "Make the report", tmp_path)
    assert report.name.endswith("-report-en.html")
    assert not TELLING.search(report.read_text("utf-8").split("</head>")[1])

    page.get_by_role("radio", name="Files").click()
    segmentation = page.get_by_role("checkbox", name="DICOM segmentation")
    expect(segmentation).to_be_disabled()
    expect(page.get_by_text("Give the series again to make them.")).to_be_visible()
    page.get_by_role("button", name="Give the DICOM series").click()
    page.locator("[data-testid=stPopoverBody] input[type=file]").first.set_input_files([str(file) for file in files])
    expect(segmentation).to_be_enabled()
    page.keyboard.press("Escape")
    page.locator("label", has=segmentation).click()
    page.locator("label", has=page.get_by_role("checkbox", name="Table of figures")).click()
    with zipfile.ZipFile(saved(page, "Make the files", tmp_path)) as pack:
        held = {name: pack.read(name) for name in pack.namelist()}
    (dicom,) = (held.pop(name) for name in list(held) if name.endswith(".dcm"))
    assert dcmread(io.BytesIO(dicom)).PatientID == PATIENT_ID
    assert len(held) == 3
    assert not [name for name, data in held.items() if TELLING.search(name + data.decode("latin-1"))]
    assert names_nobody(page)
    assert traces(app_folder, home / "cases") == []
